// Package disk keeps media as files beside the embedded database: one folder a day, in it folders by the beginning of the key's hash.
//
// A file is written under another name, forced to the disk and renamed, so it is there whole or not at all. Purging removes days.
package disk
