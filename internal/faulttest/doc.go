// Package faulttest proves the promise of the pipeline: customers write on every channel while gateway processes are killed, storage and coordination come and go and
// platforms misbehave, and in the end no message is lost, none is answered twice without a reason, and nothing reaches the wrong person.
//
// The gateway is a process of its own (the test binary runs itself again), the platforms are the simulators over real HTTP. A seed decides who says what and which faults
// are made when. Afterwards a judge reads nothing but the simulators' logs of what people saw, the deliveries as the platforms counted them, and the list of faults that were really made:
// each message must have its answer or stand in its case's thread, and each double must be explained by one fault that left the outcome of that very send unknown.
//
// Decision: faults of the platforms are made inside the simulators, those of the servers by small relays and signals, so that only the Go toolchain is needed; the case with
// replicas also needs a redis-server. Consequence: what only a real network or a real MongoDB does is not shown here.
//
// The judge is part of the ordinary tests. The talk under faults takes its time and wants a machine that does nothing else, so it has a build tag; the short form, and the long one:
//
//	go test -tags faults ./internal/faulttest
//	go test -tags faults ./internal/faulttest -run 'Embedded|Replicas' -v -timeout 2h -faults.messages 10000 -faults.count 200 -faults.for 10m -faults.seed 7
package faulttest
