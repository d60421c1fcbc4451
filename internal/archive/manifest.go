package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Format is the version of the file written; older ones are read as well.
const Format = 1

// Errors a caller can act on.
var (
	// ErrDamaged says that the file is cut, changed or none of ours. Nothing was stored.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNewer says that the file holds what this program does not know. Nothing was stored.
	ErrNewer = errors.New("the backup was written by a newer program")
	// ErrNotEmpty says that the store has data already and that replacing it was not asked for.
	ErrNotEmpty = errors.New("the store is not empty")
	// ErrUnfinished says that a restore of this store was cut: restore again.
	ErrUnfinished = errors.New("a restore was not finished")
)

// Manifest says what a backup holds.
type Manifest struct {
	Format    int       `json:"format"`
	Program   string    `json:"program"` // version of the program that wrote it
	CreatedAt time.Time `json:"created_at"`
	// AtOnce says that the documents stand as they were at one moment.
	AtOnce bool   `json:"at_once"`
	Files  []File `json:"files"`
}

// File is one file of the archive.
type File struct {
	Name      string `json:"name"`
	Size      int64  `json:"size"` // bytes
	SHA256    string `json:"sha256"`
	Documents int64  `json:"documents,omitempty"` // of a collection
}

// Documents counts the documents of all collections.
func (m *Manifest) Documents() (n int64) {
	for _, f := range m.Files {
		n += f.Documents
	}
	return n
}

const (
	manifestName = "manifest.json"
	collections  = "collections/"
	media        = "media/"
)

// line is one document of a collection.
type line struct {
	ID  string          `json:"id"`
	Doc json.RawMessage `json:"doc"`
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}
