// Package local coordinates within one process: the driver for an installation with a single replica, and for tests.
//
// Decision: plain memory under a mutex, one timer for all delayed keys, goroutines only for subscriptions; all of it ends with Close, so
// it can be used inside testing/synctest. Consequence: leases need no renewal and are lost only by Close, and a restart begins with full
// allowances. It needs no library.
package local
