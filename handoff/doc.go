// Package handoff is the desk: people who answer customers inside a group chat, one topic per case.
//
// A conversation is the exchange with one contact; it is one document, changed by compare-and-swap. A case is a conversation handed to a desk, and part of that
// document, so "who has the case" and "who may speak" can never disagree. Claiming is therefore a swap: of two agents who answer at once one wins, and the other's words are held.
//
// What is decided for an incoming message (the plan: posts to the customer and to the desk) is kept in the same document in the same swap. After a crash the same
// message yields the same plan, so nothing is posted twice and no claim is made by nobody's words.
//
// The package knows no platform: a topic is a key; whether that becomes a forum topic, a reply thread or quoted messages is settled when sending.
package handoff
