// Package app builds the gateway from a configuration, starts it and stops it. It is the only place that knows every part.
//
// Stopping goes against the way of a message: first no request is accepted and no update fetched, then the lanes in hand are finished, then coordination and storage are closed. What is
// not finished by then stands in the store and is taken up by the next start or another replica.
//
// Records that repeat, one for each message of an outage, are left out of the log beyond some per window: see quiet.
package app
