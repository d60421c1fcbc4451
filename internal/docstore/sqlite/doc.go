// Package sqlite keeps documents in one SQLite file. It is the store of those who start without a server, and of one
// process that wants none.
//
// Decision: one directory belongs to one process, by a lock file. All writes go through one goroutine which commits
// whatever waits as one transaction (group commit), with synchronous=FULL in WAL mode, and acknowledges after the commit: the cost of
// a flush to disk is shared by everyone who waits for it. Readers work beside it on their own connections.
//
// Consequence: a nil error survives kill -9 and power loss, as far as the disk tells the truth; a single writer gets hundreds of writes
// per second, many at once get thousands. A full disk or an I/O error fails the writes of the moment with
// docstore.ErrUnavailable and nothing has to be restarted afterwards. A write whose context ends while it waits is not applied; one
// already in a commit may be.
//
// Layout: kefu.db holds a table per collection: id, v (version), body (JSON, readable in any SQLite shell) and for each index its
// values in columns k_<index>_<n>, all NULL for a document outside the index, under a partial index over them and the id. The columns
// have no declared type: each value is compared as what was bound, strings by bytes, integers, bools and times (Unix milliseconds) as integers.
//
// Why modernc.org/sqlite: SQLite without cgo, so one static binary stays one. It is used below database/sql, whose pool and
// conversions cost more than they give to one writer with prepared statements. gofrs/flock: file locks on every system Go runs on.
package sqlite
