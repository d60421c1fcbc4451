package wechatsim

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kefu/internal/sim"
)

// firstMessageID is below the first MsgId; the real ones have 17 digits today.
const firstMessageID = 24_000_000_000_000_000

// person is a follower of the account as the platform knows them.
type person struct {
	follows     bool
	blacklisted bool
	wrote       time.Time // last message, for typing
	typing      time.Time
	grants      [2]grant // by event, by message: spent in this order
	queue       chatQueue
}

// grant is a right to send: left messages until its end.
type grant struct {
	until time.Time
	left  int
}

// spend takes one message from the first grant that has one.
func (p *person) spend(now time.Time, unlimited bool) *refusal {
	if unlimited {
		return nil
	}
	open := false
	for i := range p.grants {
		g := &p.grants[i]
		if !now.Before(g.until) {
			continue
		}
		open = true
		if g.left > 0 {
			g.left--
			return nil
		}
	}
	if open {
		return &errQuota
	}
	return &errWindow
}

func (p *person) grantEvent(now time.Time)   { p.grants[0] = grant{now.Add(eventWindow), eventQuota} }
func (p *person) grantMessage(now time.Time) { p.grants[1] = grant{now.Add(window), windowQuota} }

// Errors of Say: what a person cannot do.
var (
	errNoGroups   = errors.New("wechatsim: official accounts have no groups")
	errNotFollows = errors.New("wechatsim: the person does not follow the account")
)

// Say implements sim.Platform. A person nobody heard of follows the account silently with their first message. Beside sim's "start" and "stop", Event may
// be "scan", "menu", "view" (Press is the key; with "start" it is the scene of the code) and "location". Kind may be image, voice, video,
// shortvideo, location, link or sticker; Text is then the recognized speech, the place or the title. Press alone is a tap on a msgmenu item with that id.
// The id returned is the MsgId; an event has none and gets sender and time.
func (s *Sim) Say(ctx context.Context, say sim.Say) (string, error) {
	switch {
	case say.From == "":
		return "", errors.New("wechatsim: nobody speaks")
	case say.Chat != "" && say.Chat != say.From, say.Thread != "":
		return "", errNoGroups
	}
	select {
	case s.places <- struct{}{}:
	case <-ctx.Done():
		return "", fmt.Errorf("wechatsim: too many deliveries: %w", ctx.Err())
	case <-s.ctx.Done():
		return "", errors.New("wechatsim: closed")
	}
	d, err := s.accept(say)
	if err != nil {
		<-s.places
		return "", err
	}
	return d.id, nil
}

// accept records what the person does and starts its delivery.
func (s *Sim) accept(say sim.Say) (*delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, errors.New("wechatsim: closed")
	}
	now := s.opts.Now()
	p := s.people[say.From]
	if p == nil {
		p = &person{follows: true}
	}
	d := &delivery{from: say.From, at: now}
	var err error
	if say.Event != "" {
		err = s.event(p, say, d)
	} else {
		err = s.message(p, say, d)
	}
	if err != nil {
		return nil, err
	}
	s.people[say.From] = p
	p.queue.join(d)
	s.pending++
	s.work.Go(func() { s.run(d) })
	return d, nil
}

// otherEvents are delivered with nothing but their name and Press as the key.
var otherEvents = map[string]bool{
	"view_miniprogram": true, "pic_sysphoto": true, "pic_photo_or_album": true, "pic_weixin": true, "subscribe_msg_popup_event": true, "user_get_card": true,
}

// event fills d for a platform event. s.mu is held.
func (s *Sim) event(p *person, say sim.Say, d *delivery) error {
	if say.Event != "start" && !p.follows {
		return errNotFollows
	}
	d.id = say.From + strconv.FormatInt(d.at.Unix(), 10)
	x := newXML(say.From, s.opts.OriginalID, d.at, "event")
	switch say.Event {
	case "start":
		p.follows = true
		p.grantEvent(d.at)
		key := say.Press
		if key != "" {
			key = "qrscene_" + key
		}
		x.cdata("Event", "subscribe").cdata("EventKey", key)
	case "stop":
		p.follows, p.grants = false, [2]grant{}
		x.cdata("Event", "unsubscribe").cdata("EventKey", "")
		d.silent = true
	case "scan", "menu":
		p.grantEvent(d.at)
		x.cdata("Event", map[string]string{"scan": "SCAN", "menu": "CLICK"}[say.Event]).cdata("EventKey", say.Press)
	case "view":
		x.cdata("Event", "VIEW").cdata("EventKey", say.Press)
		d.silent = true
	case "location":
		x.cdata("Event", "LOCATION").text("Latitude", "23.137466").text("Longitude", "113.352425").text("Precision", "119.385040")
		d.silent = true
	default:
		if !otherEvents[say.Event] {
			return fmt.Errorf("wechatsim: unknown event %q", say.Event)
		}
		x.cdata("Event", say.Event).cdata("EventKey", say.Press)
		d.silent = true
	}
	d.xml = x.end()
	return nil
}

// message fills d for something written or sent. s.mu is held.
func (s *Sim) message(p *person, say sim.Say, d *delivery) error {
	if !p.follows {
		return errNotFollows
	}
	kind := say.Kind
	if kind == "" {
		kind = "text"
	}
	wire := kind
	if kind == "sticker" {
		wire = "text" // the platform hands no stickers on, only words that it does not
	}
	x := newXML(say.From, s.opts.OriginalID, d.at, wire)
	shown, err := s.content(x, kind, say, d.at)
	if err != nil {
		return err
	}
	s.lastID++
	d.id, d.message = strconv.FormatInt(s.lastID, 10), true
	d.xml = x.text("MsgId", d.id).end()
	p.grantMessage(d.at)
	p.wrote = d.at
	s.log.Add(sim.Post{Chat: say.From, From: say.From, ID: d.id, Text: shown, File: say.File, ReplyTo: say.ReplyTo, At: d.at})
	return nil
}

// content writes the fields of one message type and returns what people see.
func (s *Sim) content(x *xmlDoc, kind string, say sim.Say, now time.Time) (shown string, err error) {
	switch kind {
	case "text":
		if say.Press != "" {
			label := s.menuLabel(say.From, say.Press)
			x.cdata("Content", label).text("bizmsgmenuid", say.Press)
			return label, nil
		}
		if say.Text == "" {
			return "", errors.New("wechatsim: nothing to say")
		}
		x.cdata("Content", say.Text)
		return say.Text, nil
	case "image":
		x.cdata("PicUrl", s.base+"/pic").cdata("MediaId", s.inbound(kind, say.File, now))
	case "voice":
		x.cdata("MediaId", s.inbound(kind, say.File, now)).cdata("Format", "amr").cdata("MediaId16K", s.inbound(kind, say.File, now))
		if say.Text != "" {
			x.cdata("Recognition", say.Text)
		}
	case "video", "shortvideo":
		x.cdata("MediaId", s.inbound("video", say.File, now)).cdata("ThumbMediaId", s.inbound("thumb", nil, now))
	case "sticker":
		x.cdata("Content", "【收到不支持的消息类型，暂无法显示】")
	case "location":
		x.text("Location_X", "23.134521").text("Location_Y", "113.358803").text("Scale", "20").cdata("Label", say.Text)
	case "link":
		x.cdata("Title", say.Text).cdata("Description", "").cdata("Url", "https://example.com/")
	default:
		return "", fmt.Errorf("wechatsim: unknown kind %q", kind)
	}
	return strings.TrimSpace("[" + kind + "] " + say.Text), nil
}

// inbound stores a file sent by a person, a small one by itself when there is none, and returns its media id. s.mu is held.
func (s *Sim) inbound(kind string, f *sim.File, now time.Time) string {
	one := map[string]medium{
		"image": {name: "image.png", mime: "image/png", data: []byte("\x89PNG\r\n\x1a\n")},
		"thumb": {name: "thumb.jpg", mime: "image/jpeg", data: []byte("\xff\xd8\xff\xe0")},
		"voice": {name: "voice.amr", mime: "audio/amr", data: []byte("#!AMR\n")},
		"video": {name: "video.mp4", mime: "video/mp4", data: []byte("\x00\x00\x00\x18ftypmp42")},
	}[kind]
	if f != nil {
		one.data = f.Data
		if f.MIME != "" {
			one.mime = f.MIME
		}
	}
	one.kind, one.made = kind, now
	return s.media.add(one).id
}

// menuLabel is what the person taps: the item's words, or its id when no menu with it was sent.
func (s *Sim) menuLabel(from, id string) string {
	posts := s.log.Since(0)
	for i := len(posts) - 1; i >= 0; i-- {
		for _, b := range posts[i].Buttons {
			if posts[i].Chat == from && b.Data == id {
				return b.Label
			}
		}
	}
	return id
}

// Blacklist makes the account's owner block a person, or lift the block.
func (s *Sim) Blacklist(openid string, blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.people[openid]; p != nil {
		p.blacklisted = blocked
	}
}
