package feishu

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

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
	StartTime json.Number     `json:"start_time"` // milliseconds, as are the others
	EndTime   json.Number     `json:"end_time"`
	DueTime   json.Number     `json:"due_time"`
}

type locale struct {
	Title   string          `json:"title"`
	Content json.RawMessage `json:"content"`
}

// parseContent reads content, a JSON text whose shape kind decides; errMalformed for kinds and shapes unknown here. Times are written as local gives them.
func parseContent(kind, raw string, local func(time.Time) time.Time) (content, error) {
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
	case msgImage, msgFile, msgAudio, msgMedia:
		return attached(fileOf(kind, f))
	case "folder", msgSticker: // the platform gives out no bytes of these
		a := fileOf(kind, f)
		a.ID, a.Ref = a.Ref, ""
		return attached(a)
	case "location":
		return attached(adapters.Attachment{Kind: adapters.AttachmentLocation, Text: clean(f.Name), Lat: float(f.Latitude), Lon: float(f.Longitude)})
	case "share_user":
		return attached(adapters.Attachment{Kind: adapters.AttachmentContact, ID: clean(f.UserID)})
	case "share_chat":
		return attached(adapters.Attachment{Kind: adapters.AttachmentContact, ID: clean(f.ChatID)})
	default:
		return parseNotice(kind, f, local)
	}
}

// parseNotice reads the kinds that are shown as a line of text: their children and links are on the platform only.
func parseNotice(kind string, f fields, local func(time.Time) time.Time) (content, error) {
	switch kind {
	case "video_chat":
		return content{text: lines(f.Topic, moment(f.StartTime, local))}, nil
	case "vote":
		return content{text: lines(append([]string{f.Topic}, f.Options...)...)}, nil
	case "share_calendar_event", "calendar", "general_calendar":
		var s string
		if json.Unmarshal(f.Summary, &s) != nil {
			return content{}, errMalformed
		}
		return content{text: lines(s, strings.Trim(moment(f.StartTime, local)+" – "+moment(f.EndTime, local), " –"))}, nil
	case "todo":
		var l locale
		if json.Unmarshal(f.Summary, &l) != nil {
			return content{}, errMalformed
		}
		c, err := parseRich(l.Title, l.Content)
		c.text = lines(c.text, moment(f.DueTime, local))
		return c, err
	case "merge_forward":
		var s string
		_ = json.Unmarshal(f.Content, &s) // a fixed English phrase; nothing is lost without it
		return content{text: clean(s)}, nil
	default:
		return content{}, errMalformed
	}
}

func attached(a adapters.Attachment) (content, error) {
	if a.Ref == "" && a.ID == "" && a.Kind != adapters.AttachmentLocation {
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

// moment writes a time of an appointment, with its zone: the customer's may be another; "" for none.
func moment(ms json.Number, local func(time.Time) time.Time) string {
	n := int64(float(ms))
	if n <= 0 {
		return ""
	}
	return local(unixTime(n)).Format("2006-01-02 15:04 MST")
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

func lines(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = clean(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}
