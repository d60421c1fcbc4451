package telegramsim

import (
	"fmt"
	"maps"
	"strconv"

	"kefu/internal/sim"
)

// sayKind sends something else than text; say.Text is its caption.
func (s *Sim) sayKind(c *chat, p *person, thread int, say sim.Say) (string, error) {
	if say.Kind != "album" {
		extra, err := s.payload(say.Kind)
		if err != nil {
			return "", err
		}
		return s.write(c, p, thread, say, extra)
	}
	s.albums++
	first := ""
	for i := range 2 {
		extra, err := s.payload("photo")
		if err != nil {
			return "", err
		}
		extra["media_group_id"] = strconv.Itoa(13_000_000_000 + s.albums)
		id, err := s.write(c, p, thread, say, extra)
		if err != nil {
			return "", err
		}
		if i == 0 {
			first, say.Text = id, "" // the caption belongs to the first
		}
	}
	return first, nil
}

// payload makes the fields of one kind of message.
func (s *Sim) payload(kind string) (object, error) {
	switch kind {
	case "photo":
		return object{kind: []object{s.file(kind, object{"width": 90, "height": 60}), s.file(kind, object{"width": 800, "height": 533})}}, nil
	case "document":
		return object{kind: s.file(kind, object{"file_name": "order.pdf", "mime_type": "application/pdf"})}, nil
	case "voice":
		return object{kind: s.file(kind, object{"duration": 3, "mime_type": "audio/ogg"})}, nil
	case "audio":
		return object{kind: s.file(kind, object{"duration": 180, "mime_type": "audio/mpeg", "performer": "Band", "title": "Song", "file_name": "song.mp3"})}, nil
	case "video":
		return object{kind: s.file(kind, object{"width": 640, "height": 480, "duration": 12, "mime_type": "video/mp4", "file_name": "clip.mp4"})}, nil
	case "video_note":
		return object{kind: s.file(kind, object{"length": 240, "duration": 5})}, nil
	case "animation":
		gif := s.file(kind, object{"width": 320, "height": 240, "duration": 2, "mime_type": "video/mp4", "file_name": "cat.mp4"})
		return object{kind: gif, "document": maps.Clone(gif)}, nil
	case "sticker":
		return object{kind: s.file(kind, object{"type": "regular", "width": 512, "height": 512, "is_animated": false, "is_video": false, "emoji": "👋"})}, nil
	}
	return plainPayload(kind)
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

// file keeps a few bytes and describes them.
func (s *Sim) file(kind string, o object) object {
	content := []byte("bytes of a " + kind)
	id := s.files.add(kind+"_", content)
	o["file_id"], o["file_unique_id"], o["file_size"] = id, id, len(content)
	return o
}
