// Package media keeps the bytes of what people send until the other side has them, and for a while afterwards.
//
// Context: platforms forget bytes within hours or days and name them by ids only one account can use, so what one channel received must be kept before
// another one can send it.
//
// Decision: the bytes are blobs (port Blobs: files on disk beside the embedded database, GridFS beside MongoDB), written once, whole or not at all, under ids that begin
// with their day. A reference document names the blob with its size, type, name and checksum; it is stored last, so a crash leaves an orphan, never a reference
// to half a file. Nothing is shared between two keys: people may delete one of them.
//
// The few that are part of an answer last: their day never comes.
//
// Consequence: purging is removing the days behind the retention, orphans included. Everything streams; the largest piece in memory is a few hundred kilobytes.
//
// The type is told from the bytes (github.com/gabriel-vasile/mimetype: pure Go, knows the voice formats of all three platforms), since what a sender claims
// decides how a receiver opens it. Names are cleaned for the same reason.
package media
