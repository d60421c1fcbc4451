package feishu

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

// The message types named more than once.
const (
	msgText    = "text"
	msgPost    = "post"
	msgCard    = "interactive"
	msgImage   = "image"
	msgFile    = "file"
	msgAudio   = "audio"
	msgMedia   = "media"
	msgSticker = "sticker"
)

// content is a message's content without its platform form.
type content struct {
	text        string
	attachments []adapters.Attachment
}

// fields are the members the content types use
// (open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/im-v1/message/events/message_content). Titles are raw where one type has a
// string and another an object.
type fields struct {
	Text      string          `json:"text"`
	Title     string          `json:"title"`
	Content   json.RawMessage `json:"content"`
	Elements  json.RawMessage `json:"elements"`
	ImageKey  string          `json:"image_key"`
	FileKey   string          `json:"file_key"`
	FileName  string          `json:"file_name"`
	FileSize  json.Number     `json:"file_size"`
	Duration  json.Number     `json:"duration"` // milliseconds
	Name      string          `json:"name"`
	Longitude json.Number     `json:"longitude"`
	Latitude  json.Number     `json:"latitude"`
	ChatID    string          `json:"chat_id"`
	UserID    string          `json:"user_id"`
	Topic     string          `json:"topic"`
	Options   []string        `json:"options"`
	Summary   json.RawMessage `json:"summary"`
}

type locale struct {
	Title   string          `json:"title"`
	Content json.RawMessage `json:"content"`
}

// parseContent reads content, a JSON text whose shape kind decides; errMalformed for kinds and shapes unknown here.
func parseContent(kind, raw string) (content, error) {
	var f fields
	if err := json.Unmarshal([]byte(raw), &f); err != nil {
		return content{}, errMalformed
	}
	switch kind {
	case msgText, "hongbao":
		return content{text: clean(f.Text)}, nil
	case msgPost:
		return parsePost(f, raw)
	case msgCard:
		return parseRich(f.Title, f.Elements)
	case msgImage, msgFile, "folder", msgAudio, msgMedia, msgSticker:
		return attached(fileOf(kind, f))
	case "location":
		return attached(adapters.Attachment{Kind: adapters.AttachmentLocation, Text: clean(f.Name), Lat: float(f.Latitude), Lon: float(f.Longitude)})
	case "share_user":
		return attached(adapters.Attachment{Kind: adapters.AttachmentContact, Ref: clean(f.UserID)})
	case "share_chat":
		return attached(adapters.Attachment{Kind: adapters.AttachmentContact, Ref: clean(f.ChatID)})
	default:
		return parseNotice(kind, f)
	}
}

// parseNotice reads the kinds that are shown as a line of text: their children and links are on the platform only.
func parseNotice(kind string, f fields) (content, error) {
	switch kind {
	case "video_chat":
		return content{text: clean(f.Topic)}, nil
	case "vote":
		return content{text: lines(append([]string{f.Topic}, f.Options...)...)}, nil
	case "share_calendar_event", "calendar", "general_calendar":
		var s string
		if json.Unmarshal(f.Summary, &s) != nil {
			return content{}, errMalformed
		}
		return content{text: clean(s)}, nil
	case "todo":
		var l locale
		if json.Unmarshal(f.Summary, &l) != nil {
			return content{}, errMalformed
		}
		return parseRich(l.Title, l.Content)
	case "merge_forward":
		var s string
		_ = json.Unmarshal(f.Content, &s) // a fixed English phrase; nothing is lost without it
		return content{text: clean(s)}, nil
	default:
		return content{}, errMalformed
	}
}

func attached(a adapters.Attachment) (content, error) {
	if a.Ref == "" && a.Kind != adapters.AttachmentLocation {
		return content{}, errMalformed
	}
	return content{attachments: []adapters.Attachment{a}}, nil
}

var fileKinds = map[string]adapters.AttachmentKind{
	msgImage:   adapters.AttachmentImage,
	msgAudio:   adapters.AttachmentVoice,
	msgMedia:   adapters.AttachmentVideo,
	msgSticker: adapters.AttachmentSticker,
}

func fileOf(kind string, f fields) adapters.Attachment {
	a := adapters.Attachment{
		Kind: fileKinds[kind], Ref: clean(firstOf(f.FileKey, f.ImageKey)), Name: clean(f.FileName),
		Size: int64(float(f.FileSize)), Duration: (int(float(f.Duration)) + 999) / 1000,
	}
	if a.Kind == "" {
		a.Kind = adapters.AttachmentFile
	}
	return a
}

// float reads a number the platform sends as a number or as a string; 0 for anything else.
func float(n json.Number) float64 {
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || f != f || f > 1e15 || f < -1e15 {
		return 0
	}
	return f
}

// parsePost reads rich text, which comes bare or, from some clients, under a locale.
func parsePost(f fields, raw string) (content, error) {
	if len(f.Content) > 0 {
		return parseRich(f.Title, f.Content)
	}
	var locales map[string]locale
	if err := json.Unmarshal([]byte(raw), &locales); err == nil {
		for _, name := range []string{"zh_cn", "en_us", "ja_jp"} {
			if l, ok := locales[name]; ok && len(l.Content) > 0 {
				return parseRich(l.Title, l.Content)
			}
		}
	}
	return content{}, errMalformed
}

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
			if a, ok := e.attachment(); ok {
				c.attachments = append(c.attachments, a)
			}
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
	default: // text, md, code_block, button, note and what may come
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

func (e element) attachment() (adapters.Attachment, bool) {
	switch {
	case e.Tag == "img" && e.ImageKey != "":
		return adapters.Attachment{Kind: adapters.AttachmentImage, Ref: clean(e.ImageKey)}, true
	case e.Tag == "media" && e.FileKey != "":
		return adapters.Attachment{Kind: adapters.AttachmentVideo, Ref: clean(e.FileKey)}, true
	default:
		return adapters.Attachment{}, false
	}
}

// resolveMentions replaces the placeholders @_user_N by @name, removes the account's own mention where it leads the text, and
// tells whether the account is mentioned.
func resolveMentions(s string, mentions []*larkim.MentionEvent, isSelf func(*larkim.MentionEvent) bool) (string, bool) {
	mentioned := false
	pairs := make([][2]string, 0, len(mentions))
	for _, m := range mentions {
		if m == nil || value(m.Key) == "" {
			continue
		}
		key := value(m.Key)
		pairs = append(pairs, [2]string{key, "@" + value(m.Name)})
		if isSelf(m) {
			mentioned = true
			s = trimLeading(s, key)
		}
	}
	if len(pairs) > 0 {
		s = replaceKeys(s, pairs)
	}
	return s, mentioned
}

// trimLeading removes a placeholder and the blank behind it from the start of s; @_user_1 is no part of @_user_12.
func trimLeading(s, key string) string {
	rest, ok := strings.CutPrefix(strings.TrimLeft(s, " \n"), key)
	if !ok || (rest != "" && rest[0] >= '0' && rest[0] <= '9') {
		return s
	}
	return strings.TrimLeft(rest, " \u00a0\n")
}

// replaceKeys replaces longer keys first, because @_user_1 begins @_user_12.
func replaceKeys(s string, pairs [][2]string) string {
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	flat := make([]string, 0, 2*len(pairs))
	for _, p := range pairs {
		flat = append(flat, p[0], p[1])
	}
	return strings.NewReplacer(flat...).Replace(s)
}

func lines(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = clean(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}
