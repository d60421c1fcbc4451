// Package faulttest proves the promise of the pipeline: customers write on every channel while gateway processes are killed, storage and coordination come and go, clocks
// jump and platforms misbehave, and in the end no message is lost, none is answered twice without a reason, and nothing reaches the wrong person.
//
// The gateway is a process of its own (the test binary runs itself again, and takes orders on its standard input), the platforms are the simulators over real HTTP. A seed
// decides who says what and which faults are made when. Afterwards a judge reads nothing but the simulators' logs of what people saw, the deliveries as the platforms counted
// them, and the list of faults that were really made: each message must have its answer or stand in its case's thread, and each double must be explained by one fault that left
// the outcome of that very send unknown. A run fails, too, when a kind of fault or a step of the pipeline that was planned was never hit.
//
// Decision: toxiproxy, as a library in the test process, stands between the gateways and every server and platform and makes the faults of the network, so that what the
// gateway sees are real connections that are refused, reset, slow or silent; what a platform does with a call it was given (accepts it and says nothing, answers rubbish) only
// the simulator can do. A full disk is SQLite's own page limit, a slow or busy store another process that holds the database's lock, a clock jump the injected clock of
// every gateway at once, without the runtime's steady reading. Processes die by kill -9 at any moment and, ordered, at each step the pipeline names. Consequence: what only a
// real network, a real MongoDB or a power cut does is not shown here; and the clocks of replicas jump together, for a replica whose clock is wrong alone is an operator's fault
// that the pipeline bears only within a minute.
//
// Known and left out: a clock that jumps ahead within the seconds in which WeChat may ask for a lost answer again makes that answer count as taken. The director does not
// make the two together.
//
// The short form is part of the ordinary tests and makes one or two of each sort of fault. A longer one with every kind, and the long one:
//
//	go test ./internal/faulttest -run 'Embedded|Replica' -v -faults.messages 2400 -faults.count 40 -faults.for 60s
//	go test ./internal/faulttest -run Embedded -v -timeout 2h -faults.messages 100000 -faults.count 520 -faults.for 24m -faults.seed 7
package faulttest
