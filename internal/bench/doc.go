// Package bench loads a gateway with simulated customers and measures it: how much it takes and answers, how fast, at what cost, and
// whether anything was lost, doubled or answered out of order.
//
// Decisions. Customers write through the platform simulators: real HTTP, real signatures and encryption. The gateway runs in a child
// process of the same program, so that its CPU time and memory are its own; both are read from its metrics, which works for a remote
// gateway too. The simulators' limits and the gateway's send budgets are switched off unless asked for, and the result says so: with
// them the platforms' pace would be measured.
//
// How answers are judged. A question cannot be echoed by an FAQ answer, so the knowledge base is generated: each entry's answer holds
// the entry's code and no other entry does. A customer asks the entries in a cycle through the whole base, in an order of the customer's own, so the code
// says which question was answered; the same entry comes again only after all others. Everything is read off the simulators' logs of
// what people see. An answer belongs to the oldest open question about its entry. With no such question it is doubled if the customer
// asked about the entry before; else it is a wrong answer to the oldest open question, or stray when none is open. A post without a code
// (the bot asks back, or apologizes) is a wrong answer too. An answer is out of order when a later question of the same customer was
// answered before. What is open at the end is lost. Customers make the gateway's acquaintance before the measurement, so that no welcome
// is among the answers.
//
// Acknowledgment latency is the time of one delivery request that ended with status 2xx. Telegram is acknowledged when the message is
// stored. A WeChat request carries the answer back, so there acknowledgment and answer are one. Reply latency runs from the customer's
// post to the answer's in the simulator's log.
package bench
