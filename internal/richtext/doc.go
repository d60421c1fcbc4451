// Package richtext turns the Markdown in which answers are written into text and spans, the form every channel can show.
//
// Decision: the text by itself is what a person reads where nothing can be formatted, so lists, tables, quotes and images become lines of
// plain text and only looks and links become spans. Consequence: nothing an author wrote gets lost on any channel, and a text without markup
// comes out as it went in.
//
// Answers come from spreadsheets and people who do not think of Markdown. Therefore some of CommonMark is left out: a line break is a line break,
// HTML is literal, indented lines are no code, "---" under a line makes no heading, "[word]: text" is no link definition. Emphasis follows
// CommonMark, but it also begins and ends beside Chinese, Japanese and Korean characters and their punctuation, where no spaces stand; a single "~" means a range and "2*3*4" a product.
//
// The parser is goldmark: it follows the specification, has replaceable parts and needs no other module.
package richtext
