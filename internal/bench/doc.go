// Package bench loads a gateway with simulated customers and agents and measures it: how much it takes and answers, how fast, at what cost, and
// whether anything was lost, doubled or answered out of order.
//
// Decisions. Customers write through the platform simulators: real HTTP, real signatures and encryption. The gateway runs in a child
// process of the same program, so that its CPU time and memory are its own; both are read from its metrics, which works for a remote
// gateway too. What has to be in its store (the knowledge base, an earlier history) is put there by another process before, so the gateway starts as in production.
// The simulators' limits, the gateway's send budgets and its limits for callers and for one contact's flood are switched off unless asked for, and the result says so: with
// them the platforms' pace would be measured.
//
// How answers are judged. A question cannot be echoed by an FAQ answer, so the knowledge base is generated: each entry's answer holds
// the entry's code and no other entry does. A customer asks the entries in a cycle through the whole base, in an order of the customer's own, so the code
// says which question was answered; the same entry comes again only after all others. Everything is read off the simulators' logs of
// what people see. An answer belongs to the oldest open question about its entry. With no such question it is doubled if the customer
// asked about the entry before; else it is a wrong answer to the oldest open question, or stray when none is open. A post without a code
// (the bot asks back, or apologizes) is a wrong answer too. An answer is out of order when a later question of the same customer was
// answered before. What is open at the end of a phase is lost. Customers make the gateway's acquaintance before the measurement, so that no welcome
// is among the answers.
//
// Acknowledgment latency is the time of one delivery request that ended with status 2xx. Telegram and Feishu are acknowledged when the message is
// stored. A WeChat request carries the answer back, so there acknowledgment and answer are one. Reply latency runs from the customer's
// post to the answer's in the simulator's log.
//
// Phases. Without more a run is one phase: closed loop (each customer waits for the answer) or open loop (Options.Rate). Load, Soak and Overload measure the peak
// first, in a closed loop, and then send a share or multiple of it in an open one. The peak is the gateway's capacity only if the customers are enough: with few it is their
// waiting that is measured. A soak compares the first and last tenth of the run (medians; of the heap its size at which the next collection begins) and fails when more was added than the tolerance it prints. The peak before it also
// fills the caches of the database, which are no growth but look like it: let it send some ten thousand messages, and use Load rather than Rate. An
// overload counts as survived when everything acknowledged was answered, once; what was refused and given up by the platform is counted apart.
//
// The desk. Customers with open cases and the agents who serve them in a group's threads write two lines at a time, each with a mark that names side, case and
// number. A line is misplaced in another case's thread or another customer's chat. Where the gateway joins an agent's quick lines to spare a quota, their latency holds the
// pause it waits for more.
//
// The yardstick. A bare handler that checks the secret, repeats the text and stores nothing runs on the same simulator with the same customers. It is gin without the house around
// it, so it lives in cmd/bench; its rate also shows what the simulators and customers can drive at most.
//
// Stages come from the gateway's own histograms, as the difference of two readings, parsed by prometheus/common, which knows the format that
// client_golang writes.
package bench
