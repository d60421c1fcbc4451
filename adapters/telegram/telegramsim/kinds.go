package telegramsim

import (
	"errors"
	"fmt"
	"maps"
	"strconv"

	"kefu/internal/sim"
)

// sayKind sends something else than text; say.Text is its caption.
func (s *Sim) sayKind(c *chat, p *person, thread int, say sim.Say) (string, error) {
	if say.Kind != "album" {
		if units(say.Text) > maxCaption {
			return "", errors.New("telegramsim: a caption has at most 1024 characters")
		}
		extra, err := s.payload(say.Kind, &say)
		if err != nil {
			return "", err
		}
		if say.Album != "" {
			extra["media_group_id"] = say.Album
		}
		return s.write(c, p, thread, say, extra)
	}
	s.albums++
	say.Kind, say.Album = "photo", strconv.Itoa(13_000_000_000+s.albums)
	first := ""
	for i := range 2 {
		id, err := s.sayKind(c, p, thread, say)
		if err != nil {
			return "", err
		}
		if i == 0 {
			first, say.Text = id, "" // the caption belongs to the first
		}
	}
	return first, nil
}

// madeUp are the files of people who do not say which.
var madeUp = map[string]sim.File{
	"photo":      {},
	"document":   {Name: "order.pdf", MIME: "application/pdf"},
	"voice":      {MIME: "audio/ogg", Duration: 3},
	"audio":      {Name: "song.mp3", MIME: "audio/mpeg", Duration: 180},
	"video":      {Name: "clip.mp4", MIME: "video/mp4", Duration: 12},
	"video_note": {Duration: 5},
	"animation":  {Name: "cat.mp4", MIME: "video/mp4", Duration: 2},
	"sticker":    {},
}

// facts are what the platform adds to each kind.
var facts = map[string]object{
	"audio":      {"performer": "Band", "title": "Song"},
	"video":      {"width": 640, "height": 480},
	"video_note": {"length": 240},
	"animation":  {"width": 320, "height": 240},
	"sticker":    {"type": "regular", "width": 512, "height": 512, "is_animated": false, "is_video": false, "emoji": "👋"},
}

// payload makes the fields of one kind of message, and say.File where a file belongs to it.
func (s *Sim) payload(kind string, say *sim.Say) (object, error) {
	made, ok := madeUp[kind]
	if !ok {
		say.File = nil
		return plainPayload(kind)
	}
	if say.File == nil {
		made.Data = []byte("bytes of a " + kind)
		say.File = &made
	}
	if kind == "photo" {
		small := s.file(kind, object{"width": 90, "height": 60}, &sim.File{Data: []byte("a thumbnail")})
		return object{kind: []object{small, s.file(kind, object{"width": 800, "height": 533}, say.File)}}, nil
	}
	o := s.file(kind, maps.Clone(facts[kind]), say.File)
	if kind == "animation" {
		return object{kind: o, "document": maps.Clone(o)}, nil
	}
	return object{kind: o}, nil
}

// plainPayload makes the kinds without bytes.
func plainPayload(kind string) (object, error) {
	place := object{"latitude": 31.2304, "longitude": 121.4737}
	switch kind {
	case "location":
		return object{kind: place}, nil
	case "venue":
		return object{kind: object{"location": place, "title": "People's Square", "address": "Huangpu, Shanghai"}, "location": place}, nil
	case "contact":
		return object{kind: object{"phone_number": "+8613800000000", "first_name": "Li", "last_name": "Hua"}}, nil
	case "dice":
		return object{kind: object{"emoji": "🎲", "value": 4}}, nil
	case "poll":
		return object{kind: object{
			"id": "1", "question": "Which color?", "options": []object{{"text": "red", "voter_count": 0}, {"text": "blue", "voter_count": 0}},
			"total_voter_count": 0, "is_closed": false, "is_anonymous": true, "type": "regular", "allows_multiple_answers": false,
		}}, nil
	case "story":
		return object{kind: object{"id": 7, "chat": object{"id": 42, "type": kindPrivate, "first_name": "Li"}}}, nil
	case "pinned_message":
		return object{kind: object{"message_id": 1, "date": 0, "chat": object{"id": 42, "type": kindPrivate}}}, nil
	}
	return nil, fmt.Errorf("telegramsim: unknown kind of message %q", kind)
}

// file keeps bytes and describes them.
func (s *Sim) file(kind string, o object, f *sim.File) object {
	if o == nil {
		o = object{}
	}
	id := s.files.add(kind+"_", f.Data)
	o["file_id"], o["file_unique_id"], o["file_size"] = id, id, len(f.Data)
	if kind == "photo" || kind == "sticker" {
		return o
	}
	if f.Name != "" && kind != "voice" && kind != "video_note" {
		o["file_name"] = f.Name
	}
	if f.MIME != "" && kind != "video_note" {
		o["mime_type"] = f.MIME
	}
	if kind != "document" {
		o["duration"] = f.Duration
	}
	return o
}
