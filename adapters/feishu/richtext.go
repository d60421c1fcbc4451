package feishu

import (
	"bytes"
	"encoding/json"
	"strings"

	"kefu/adapters"
)

// element is a piece of a paragraph of rich text.
type element struct {
	Tag       string `json:"tag"`
	Text      string `json:"text"`
	Href      string `json:"href"`
	UserID    string `json:"user_id"`
	UserName  string `json:"user_name"`
	ImageKey  string `json:"image_key"`
	FileKey   string `json:"file_key"`
	EmojiType string `json:"emoji_type"`
	// Elements are those of a note in a card, Options the choices of a menu there.
	Elements []element `json:"elements"`
	Options  []struct {
		Text string `json:"text"`
	} `json:"options"`
}

// parseRich reads a title and paragraphs of elements into lines of text and attachments.
func parseRich(title string, raw json.RawMessage) (content, error) {
	var paragraphs [][]element
	if len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
		if err := json.Unmarshal(raw, &paragraphs); err != nil {
			return content{}, errMalformed
		}
	}
	var c content
	out := make([]string, 0, len(paragraphs)+1)
	if title != "" {
		out = append(out, title)
	}
	for _, p := range paragraphs {
		var line strings.Builder
		for _, e := range p {
			line.WriteString(e.text())
			c.attachments = e.attachments(c.attachments)
		}
		if line.Len() > 0 || len(p) == 0 {
			out = append(out, line.String())
		}
	}
	c.text = clean(strings.Trim(strings.Join(out, "\n"), "\n"))
	return c, nil
}

func (e element) text() string {
	switch e.Tag {
	case "at":
		if strings.HasPrefix(e.UserID, "@_") { // resolved with the message's mentions
			return e.UserID
		}
		return "@" + firstOf(e.UserName, e.UserID)
	case "a":
		return linkText(e.Text, e.Href)
	case "emotion":
		return "[" + e.EmojiType + "]"
	case "hr":
		return "---"
	case "img", "media":
		return ""
	case "note":
		var b strings.Builder
		for _, in := range e.Elements {
			b.WriteString(in.text())
		}
		return e.Text + b.String()
	case "select_static", "overflow":
		words := []string{e.Text}
		for _, o := range e.Options {
			words = append(words, o.Text)
		}
		return strings.TrimSpace(strings.Join(words, " "))
	default: // text, md, code_block, button and what may come
		return e.Text
	}
}

// linkText writes a link the way the platform does in plain text messages.
func linkText(label, href string) string {
	if href == "" || label == href {
		return label
	}
	return "[" + label + "](" + href + ")"
}

// attachments appends what e and the elements in it carry.
func (e element) attachments(to []adapters.Attachment) []adapters.Attachment {
	switch {
	case e.Tag == "img" && e.ImageKey != "":
		to = append(to, adapters.Attachment{Kind: adapters.AttachmentImage, Ref: clean(e.ImageKey)})
	case e.Tag == "media" && e.FileKey != "":
		to = append(to, adapters.Attachment{Kind: adapters.AttachmentVideo, Ref: clean(e.FileKey)})
	}
	for _, in := range e.Elements {
		to = in.attachments(to)
	}
	return to
}
