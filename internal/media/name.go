package media

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
)

// sniffed is how much of a file its type is told from; it is what mimetype itself looks at.
const sniffed = 3072

// sniff tells the type of what r gives and returns a reader of all of it.
func sniff(r io.Reader) (*mimetype.MIME, io.Reader, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	switch {
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF):
		return mimetype.Detect(head), io.MultiReader(bytes.NewReader(head), r), nil
	case errors.Is(err, io.EOF):
		return nil, nil, ErrEmpty
	default:
		return nil, nil, err
	}
}

// maxName is the longest file name, in bytes: file systems take 255, and some platforms fewer.
const maxName = 120

// CleanName makes a file name of a sender's choosing harmless: no path, nothing invisible, no characters that turn the reading direction, no name
// that hides or is longer than file systems take. A name that has no ending gets ext, with its dot; one of which nothing is left is "file" and ext.
func CleanName(name, ext string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), strings.ContainsRune(`/<>:"|?*`, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	end := path.Ext(name)
	if len(end) < 2 || len(end) > 12 || strings.Contains(end, " ") {
		end = ext
	} else {
		name = strings.TrimRight(strings.TrimSuffix(name, end), ". ")
	}
	for over := len(name) + len(end) - maxName; over > 0; over = len(name) + len(end) - maxName {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	if name == "" {
		name = "file"
	}
	return name + end
}
