// Package bot decides what a contact hears: it is the first to see every incoming message.
//
// One message is one turn. The rules are tried in a fixed order (see rules in engine.go) and the first that takes the turn decides: an open case is relayed to its agents
// and the bot keeps silent; a form goes on; a word like "human" or "ticket" is obeyed; otherwise the FAQ is asked and answers, asks back, or admits not knowing. What a turn changes and says is kept
// in the conversation document in one swap (see package handoff), so a repeated turn says the same.
//
// The bot knows no platform and no wording: texts come from a catalogue, thresholds from the configuration.
package bot
