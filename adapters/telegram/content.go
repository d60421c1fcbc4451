package telegram

import (
	"strings"
	"unicode"
	"unicode/utf16"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// words is what a message says in text, captions and kinds that are text to a reader included.
func words(m *tgbotapi.Message) string {
	switch {
	case m.Text != "":
		return linked(m.Text, m.Entities)
	case m.Caption != "":
		return linked(m.Caption, m.CaptionEntities)
	case m.Dice != nil:
		return m.Dice.Emoji
	case m.Game != nil:
		return m.Game.Title
	case m.Poll != nil:
		lines := []string{m.Poll.Question}
		for _, o := range m.Poll.Options {
			lines = append(lines, "- "+o.Text)
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

// linked is a text with the addresses of the links behind its words: "[words](address)". The other entities are looks, or in the text already.
func linked(text string, all []tgbotapi.MessageEntity) string {
	var b strings.Builder
	done := 0
	for _, e := range all { // the platform sorts them
		if e.Type != "text_link" || e.URL == "" || e.Length > len(text) {
			continue
		}
		start, end := byteAt(text, e.Offset), byteAt(text, e.Offset+e.Length)
		if start < done || end <= start || text[start:end] == e.URL {
			continue
		}
		b.WriteString(text[done:start] + "[" + text[start:end] + "](" + e.URL + ")")
		done = end
	}
	return b.String() + text[done:]
}

// byteAt is where the UTF-16 unit n of text begins; -1 = inside a character or nowhere.
func byteAt(text string, n int) int {
	units := 0
	for i, r := range text {
		if units == n {
			return i
		}
		units += utf16.RuneLen(r)
	}
	if units == n {
		return len(text)
	}
	return -1
}

// address finds out whom a text speaks to. It takes the bot's name off a command ("/name@bot") and off the front ("@bot hello");
// foreign says that it is a command for another bot. It reads the text, not the entities, whose offsets count UTF-16 units and
// which exist for Latin commands only.
func address(text, bot string) (rest string, mentioned, foreign bool) {
	if bot == "" {
		return text, false, false
	}
	if strings.HasPrefix(text, "/") {
		word, tail := text, ""
		if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
			word, tail = text[:i], text[i:]
		}
		name, to, ok := strings.Cut(word, "@")
		switch {
		case ok && strings.EqualFold(to, bot):
			return name + tail, true, false
		case ok && len(name) > 1 && usernameForm.MatchString(to):
			return text, false, true
		}
	}
	trimmed := strings.TrimLeftFunc(text, unicode.IsSpace)
	if after, ok := cutMention(trimmed, bot); ok {
		return strings.TrimLeftFunc(after, unicode.IsSpace), true, false
	}
	return text, mentions(text, bot), false
}

// cutMention takes "@bot" off the front of s, in any case and only as a whole word.
func cutMention(s, bot string) (string, bool) {
	n := len(bot) + 1
	if len(s) < n || s[0] != '@' || !strings.EqualFold(s[1:n], bot) || (len(s) > n && nameByte(s[n])) {
		return "", false
	}
	return s[n:], true
}

func mentions(s, bot string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '@' || (i > 0 && nameByte(s[i-1])) {
			continue
		}
		if _, ok := cutMention(s[i:], bot); ok {
			return true
		}
	}
	return false
}

func nameByte(b byte) bool {
	return b == '_' || (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z')
}

// attachments lists what was sent beside text. Refs are file_ids, which only this bot can use.
func attachments(m *tgbotapi.Message) []adapters.Attachment {
	var out []adapters.Attachment
	add := func(a adapters.Attachment) {
		a.Name, a.Text = clean(a.Name), clean(a.Text)
		out = append(out, a)
	}
	if n := len(m.Photo); n > 0 {
		best := m.Photo[0]
		for _, p := range m.Photo[1:] {
			if p.Width*p.Height > best.Width*best.Height {
				best = p
			}
		}
		add(file(adapters.AttachmentImage, best.FileID, best.FileSize))
	}
	if v := m.Voice; v != nil {
		a := file(adapters.AttachmentVoice, v.FileID, v.FileSize)
		a.MIME, a.Duration = v.MimeType, v.Duration
		add(a)
	}
	if v := m.Audio; v != nil {
		a := file(adapters.AttachmentAudio, v.FileID, v.FileSize)
		a.Name, a.MIME, a.Duration = v.FileName, v.MimeType, v.Duration
		a.Text = strings.Trim(v.Performer+" - "+v.Title, " -")
		add(a)
	}
	if v := m.Video; v != nil {
		a := file(adapters.AttachmentVideo, v.FileID, v.FileSize)
		a.Name, a.MIME, a.Duration = v.FileName, v.MimeType, v.Duration
		add(a)
	}
	if v := m.VideoNote; v != nil {
		a := file(adapters.AttachmentVideo, v.FileID, v.FileSize)
		a.MIME, a.Duration = "video/mp4", v.Duration
		add(a)
	}
	if s := m.Sticker; s != nil {
		a := file(adapters.AttachmentSticker, s.FileID, s.FileSize)
		a.Text = s.Emoji
		add(a)
	}
	for _, a := range documents(m) {
		add(a)
	}
	for _, a := range cards(m) {
		add(a)
	}
	return out
}

// documents knows that an animation comes as a document, too.
func documents(m *tgbotapi.Message) []adapters.Attachment {
	if v := m.Animation; v != nil {
		a := file(adapters.AttachmentAnimation, v.FileID, v.FileSize)
		a.Name, a.MIME, a.Duration = v.FileName, v.MimeType, v.Duration
		return []adapters.Attachment{a}
	}
	if d := m.Document; d != nil {
		a := file(adapters.AttachmentFile, d.FileID, d.FileSize)
		a.Name, a.MIME = d.FileName, d.MimeType
		return []adapters.Attachment{a}
	}
	return nil
}

// cards reads what has no bytes. A venue comes as a location, too.
func cards(m *tgbotapi.Message) []adapters.Attachment {
	switch {
	case m.Venue != nil:
		v := m.Venue
		return []adapters.Attachment{{
			Kind: adapters.AttachmentLocation, Name: v.Title, Text: v.Address, Lat: v.Location.Latitude, Lon: v.Location.Longitude,
		}}
	case m.Location != nil:
		return []adapters.Attachment{{Kind: adapters.AttachmentLocation, Lat: m.Location.Latitude, Lon: m.Location.Longitude}}
	case m.Contact != nil:
		c := m.Contact
		name := strings.TrimSpace(c.FirstName + " " + c.LastName)
		return []adapters.Attachment{{Kind: adapters.AttachmentContact, Name: name, Text: c.PhoneNumber}}
	}
	return nil
}

func file(kind adapters.AttachmentKind, ref string, size int) adapters.Attachment {
	return adapters.Attachment{Kind: kind, Ref: ref, Size: int64(size)}
}
