// Package mongo keeps documents in MongoDB. It is the store of production: any number of replicas share it.
//
// Decision: a document's own fields stand at the top level under their json names, so that people can query them in a shell; three names
// are ours: _id, _v (the version) and _k (the values of each index, as _k.<index>.a, b, c, d). Writes ask for a majority with journal, reads go to
// the primary with read concern majority: what was acknowledged or read survives the loss of a member. A compare-and-swap is a
// replace filtered by _id and _v. Every filter starts with _id or a declared index and hints at that index.
//
// Consequence: Write costs a round trip per run of inserts or deletes and one per replace, and stops at the first conflict with the
// earlier ops applied. Inserts that callers make one by one at the same time share round trips. A lost connection, a missing primary or a
// time-out is docstore.ErrUnavailable; the client reconnects by itself. Whether such a write was applied is unknown, and so it is when a
// context ends before the answer.
//
// Adding an index fills it at start (Schema.Keys). Replicas of the older version that still run do not know it: what they write meanwhile is
// missing from it, so stop them before starting a version that adds an index.
//
// Why go.mongodb.org/mongo-driver v1: it is MongoDB's own, with pooling, monitoring and retryable writes. Partial indexes keep
// documents without keys out of an index; where a server has none (FerretDB), the whole collection is indexed instead.
package mongo
