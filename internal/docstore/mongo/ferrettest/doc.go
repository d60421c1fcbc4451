// Package ferrettest gives tests a MongoDB server: an embedded FerretDB on SQLite behind a proxy, or a real server when the environment variable
// KEFU_TEST_MONGO names one (a mongodb:// address of a primary, without TLS).
//
// FerretDB's updates are not atomic across connections: two compare-and-swaps of one document can both win. The proxy reads one
// message at a time and holds one lock from request to reply, so each command is atomic for any number of connections and processes. It
// also cuts connections on demand. FerretDB answers every query but those by _id with a full scan: it proves behavior, never speed, and it has
// neither replication nor durability to show. It is a dependency of tests only; the command servetest lends one to other programs.
package ferrettest
