package kb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"kefu/internal/docstore"
)

// ignored is a question that editors do not want an entry for.
type ignored struct {
	Text   string    `json:"text"` // normal form
	Author string    `json:"author"`
	At     time.Time `json:"at"`
}

func ignoredID(normal string) string {
	sum := sha256.Sum256([]byte(normal))
	return hex.EncodeToString(sum[:])
}

// Ignore remembers that the questions need no entry, so that they are suggested no more. Doing so again changes nothing.
func (s *Store) Ignore(ctx context.Context, questions []string, author string) error {
	ops := make([]docstore.Op, 0, len(questions))
	for _, q := range questions {
		normal := Normalize(q)
		ops = append(ops, s.tables.ignored.InsertOp(ignoredID(normal), &ignored{Text: normal, Author: author, At: s.clock()}))
	}
	if len(ops) == 0 {
		return nil
	}
	if _, err := s.tables.docs.Write(ctx, ops...); err != nil {
		return fmt.Errorf("ignore questions: %w", err)
	}
	return nil
}

// Ignored reports whether an editor said that the question needs no entry.
func (s *Store) Ignored(ctx context.Context, question string) (bool, error) {
	_, err := s.tables.ignored.Get(ctx, ignoredID(Normalize(question)))
	if errors.Is(err, docstore.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
