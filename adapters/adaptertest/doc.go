// Package adaptertest is the conformance suite every adapter calls: what the contract in package adapters promises, checked once
// for all platforms against the platform's simulator over real HTTP.
//
// Context: a fourth platform must change no line of the core, so whatever the core relies on has to hold for every adapter, and
// the promises that are easily forgotten (no secret in an error, a cut text, an envelope not decoded) look the same everywhere.
//
// Decision: an adapter's test describes itself as a Subject and calls Run. Every check starts a fresh simulator and adapter, talks
// to both, and judges by two records only: what the Gateway received and what the simulator posted. Which checks apply follows from
// Features and from the Running fields that are set; one that does not apply is not run, so that nothing is ever skipped.
//
// Consequence: an adapter's own tests need to cover only what is its platform's alone (message types, error codes, crypto). The suite is
// itself tested on a small fake platform, with one planted bug per promise.
package adaptertest
