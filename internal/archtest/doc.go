// Package archtest keeps the shape of the house: which package may import which, where each driver lives, what the top level holds,
// and that the core names no platform.
//
// Context: the layers are what makes a fourth platform or another database a matter of one folder, and an import that points the
// wrong way is easier to add than to remove.
//
// Decision: the rules are data (layers.go) and a function over a graph of packages (rules.go), so that each rule is shown to bite on a
// planted violation; Load reads the real graph with go/parser, which needs neither the go command nor a build.
//
// Consequence: a new package of the product fails the test until it has a line in the layers; that is the moment to think about where it belongs.
//
// Exempt from the rules about siblings and drivers are _test.go files and packages of test support, whose names end in "test"; these in turn
// may be imported by tests only. Neither imports what stands above it: what a test of the core needs from the builder is tested at the builder.
package archtest
