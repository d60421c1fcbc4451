// Package docstoretest holds the conformance suite that every docstore.Driver passes: what callers of docstore rely on, written
// once, so that moving from the embedded store to a server changes speed and reach but no behavior.
package docstoretest
