// Package playground is the three simulated platforms around one gateway: for trying kefu out in a page, for the scripted story that shows the whole way of
// a message, and for tests that need a world.
//
// The gateway under it is the real one: real adapters, HTTP, signatures and encryption, on embedded storage. It is started by the caller, so that this package depends on
// no part of it.
package playground
