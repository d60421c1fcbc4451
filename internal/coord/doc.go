// Package coord is what replicas of the gateway share while they run: leases, a queue of keys that need work, rate limits, small
// values, platform tokens and notices.
//
// Decision: nothing here is durable. Every fact a customer relies on is a document with a version in the document store; coordination
// only saves work (nobody handles a conversation twice in vain) and spreads it (any replica may take the next one).
//
// Consequence: flushing or losing the coordination server loses no message. A lease held by two after a flush is settled by
// compare-and-swap in the document store; a lost wake-up is found again by the sweeper; while the server is away a replica goes on with
// the keys it woke itself and with its share of each budget.
//
// The drivers are coord/local (one process) and coord/redis (replicas); coord/coordtest is the suite both pass. The parts a process needs
// in either case live here, since drivers do not import each other: Queue, Limits, Topics and Expiring. Tokens is written once over the
// port. golang.org/x/sync/singleflight joins callers that want the same token.
package coord
