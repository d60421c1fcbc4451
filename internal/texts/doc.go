// Package texts is the one catalogue of the words people read: customers and agents, in Chinese and in English.
//
// A text has an id (the constants of this package, some of them made from an enum: "state_" + a ticket's state), and stands in lang/<language>.yaml as a
// text/template over named values. Logic holds ids, never words. An operator replaces single texts by a file of the same name in a folder of their own; a file
// with an unknown id, an unknown value or a broken template stops the start, with file and line, instead of surprising a customer later.
//
// Why go-i18n: bundles, language tags and plural rules kept up by others; templates are parsed once. A text without values costs about a third of a microsecond,
// one with three values about one (see the benchmark), which is nothing beside sending it. Files are read here and not by go-i18n, which knows no line numbers and no unknown ids.
package texts
