// Package docstore keeps typed documents by string id. It is the storage port of the gateway: the packages above declare
// collections of their own structs on it, the packages below (sqlite, mongo) are its two databases.
//
// Decision: no transactions over several documents, no joins, no query language. A document has a version; Update loads, applies a
// function, and stores by compare-and-swap; Find walks one declared index. That is what both an embedded file and a
// replicated server do well and alike, and one conformance suite (docstoretest) holds both to it.
//
// Consequence: callers order their writes such that a crash between two of them leaves work to resume, never a lie, and
// derive ids from what caused the document, so that doing it again finds it there. Every query has an index by name: one that
// has none is an error at once, not a slow scan later. An index answers with the function given when it was opened; to change what the function
// means, give the index a new name and it is filled anew from the stored documents.
//
// Strings compare by their bytes, false before true, times to the millisecond.
package docstore
