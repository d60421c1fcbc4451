// Package redis coordinates replicas through one Redis server (6.2 or newer; a single primary or a managed endpoint, not a cluster).
//
// Decision: wake-ups travel on one stream with one consumer group, and a hash says for each key which entry stands for it and who works
// on it. Every change of the pair is one script, so a key waits once, is worked on by one replica at a time, and comes again when it was
// woken meanwhile. Entries are read only for callers of Next that wait now, acknowledged and deleted when done, kept alive while their
// process lives, and claimed by others when it does not. Wake-ups and ends of work of all goroutines are gathered while the last round
// trip is under way and settled together, so the calls per key fall as the load grows.
//
// Decision: one failed call opens a circuit; until a probe succeeds every call answers coord.ErrUnavailable at once, keys woken here are
// worked on here, and each replica spends its share of every budget, by the number of those who last counted themselves on the server. Afterwards,
// and after the server forgot everything, allowances start from empty: what was spent meanwhile is not known.
//
// Decision: a replica whose reads fail again and again, while other calls succeed, keeps to itself what it wakes: better two replicas looking at one conversation
// than none.
//
// Consequence: the server may be flushed, restarted or cut off at any moment. Scripts are sent again, the group is made again, leases
// that cannot be renewed are lost before they expire, and keys that were waiting are found by the sweeper.
//
// github.com/redis/go-redis/v9 is the client for its pools, scripts and self-healing subscriptions; github.com/cenkalti/backoff/v5
// spaces the probes. Limits are a script of ours because a ready one (redis_rate) can neither see a block in the same atomic step nor
// start from empty.
package redis
