// Package archive writes a whole store into one file and reads it back, whatever the driver: a backup, and the way from the embedded database to MongoDB.
//
// The file is a zip archive that any tool opens: collections/NAME.jsonl with one document a line, media/... with the bytes people sent, and manifest.json with the
// format's version and the SHA-256, size and count of each. It is written as a stream, so a running gateway can send it through a socket.
//
// Decision: a file is verified as a whole, every document decoded included, before the first is stored, and a restore is marked in the store while it runs. Consequence:
// a damaged file or one of a newer program changes nothing, and a gateway refuses to start on a store that was restored by half; running the same restore again finishes it.
//
// The embedded database is read at one moment. MongoDB is read document by document while others write; for a backup at one moment stop the gateways, or use mongodump.
package archive
