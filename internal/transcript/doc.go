// Package transcript is the durable record of everything received and sent, and the pipeline that works it off: it is inbox, outbox and
// history in one collection of entries.
//
// The way of a message:
//
//  1. Gateway.Receive stores the incoming entry under Message.ID and only then returns, so that the platform may be acknowledged. A
//     repeated delivery finds the id taken and changes nothing.
//  2. A worker takes the entry's lane (all incoming of one chat or thread), asks the Handler what follows, and stores the posts and the mark "handled" in one
//     write. Posts get ids derived from the incoming one, so doing it again after a crash stores nothing twice.
//  3. A worker takes the lane of the outgoing entries (all outgoing to one chat or topic) and sends them in order. The state is stored before the platform is called:
//     queued -> sending -> sent | failed | unknown | parked.
//  4. The sweeper wakes lanes whose entries are due and that nobody works on.
//
// Decision: the handler's own state (the conversation document, with the plan of what to post) is changed by compare-and-swap, and so is every entry. A worker
// that lost its lease loses the swap and stops; leases only save work. Consequence: coordination may forget everything at any time and nothing is lost or
// decided twice.
//
// Order: what a lane has received together is handled in the platform's order, whatever the clocks of replicas say. Posts are numbered behind what their conversation holds when they are
// stored, so those of a later message never overtake those of an earlier one, though the clock of the replica that handled it is behind.
//
// Overload: where messages wait longer than Options.MaxWait for their turn, Receive refuses new ones of that inbox until the wait is shorter, and the platform, which is
// not acknowledged, delivers them again. So the backlog is bounded by what is worked off in that time, and what was accepted is answered.
//
// Doubles: an entry found in state sending by somebody else was cut between the call and its record. Its outcome is unknown. It is repeated with the same key where
// the platform recognizes it (Features.IdempotentFor); elsewhere the bot's words, and those of a customer it brings to a desk, are repeated once and counted; an agent's words are left unknown, and the agent is told and may send them again.
//
// Budgets: a send takes a unit of its chat's budget and of each of its account's in one step, or of none, so that a wait for one costs nothing of the other. A pause the
// platform orders holds for the chat or, with AccountWide, for the account, on every replica; reactions keep it too, though they have no budget and a lane of their own.
//
// Purses: where Features limit what a person may be sent, a document beside the entries counts it. A received message fills the purse in the write that stores it, a send
// pays in the write that claims it; the bot may take two of five, people the rest. What the purse or the platform refuses is parked; the next message of the person
// queues it again, before what that message brings. Posts marked Optional are left out instead.
//
// Joining: where sends are counted, everything that waits for one person goes out as one message as far as it fits, and an agent's line waits two seconds for the next
// one; the bot's words wait for nothing. In a group lines of one customer are joined while less than half of its budget is left, or when they had to wait.
//
// Urgency: the last tenth of a group's budget is kept for Urgent posts. What stands before one in its lane is as urgent; and while one waits for budgets or a
// pause, nothing routine goes to its group (makeWay).
//
// Requests: words carried by a request stay claimable until a repeat of it can no longer come. What stands behind them goes out as soon as the adapter has said that the request ended
// well (Gateway.Answered, shared through coordination), otherwise when they have settled. Where nothing can be pushed, the last request for a message that is still being worked on
// carries a hint, and the answer rides on what the person writes next.
package transcript
