package wechat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"kefu/adapters"
)

// maxKey is the longest event key inside Message.ID in bytes; longer ones (addresses of menu links) are hashed.
const maxKey = 128

func (p *parsed) event(d delivery, h header, raw []byte) {
	what := eventOf(d)
	if what.event == "" {
		p.ignore = true
		return
	}
	p.answerable = what.answerable
	p.msg.Kind = adapters.KindEvent
	p.msg.Event, p.msg.Choice, p.msg.Text = what.event, what.choice, what.text
	switch {
	case what.event == adapters.EventLocation:
		p.msg.Attachments = []adapters.Attachment{location(d.Latitude, d.Longitude)}
	case d.Event == message.EventLocationSelect:
		a := location(d.Place.X, d.Place.Y)
		a.Text, a.Name = d.Place.Label, d.Place.Name
		p.msg.Attachments = []adapters.Attachment{a}
	}
	if what.event == adapters.EventDeliverNote {
		p.msg.Raw = bytes.Clone(raw[:min(len(raw), maxRaw)])
	}
	p.msg.ID = adapters.NewID(p.msg.Inbox, p.msg.Chat, p.msg.Kind, eventKey(d, h))
}

// eventKey tells events of one person apart, as the platform advises (sender and time), plus what they are about. The sender is already in the id's chat.
func eventKey(d delivery, h header) string {
	about := d.EventKey
	if about == "" && d.TemplateMsgID != 0 {
		about = strconv.FormatInt(d.TemplateMsgID, 10)
	}
	if len(about) > maxKey {
		sum := sha256.Sum256([]byte(about))
		about = hex.EncodeToString(sum[:16])
	}
	return fmt.Sprintf("%s+%s+%s", h.CreateTime, d.Event, about)
}

type happening struct {
	event      adapters.Event // empty = about the account itself
	choice     string
	text       string
	answerable bool
}

// eventOf translates the platform's event types. Whatever is not listed here is a notice, kept as it came: cards, shops, devices, and what the platform will think of.
func eventOf(d delivery) happening {
	switch d.Event {
	case message.EventSubscribe:
		return happening{event: adapters.EventStart, choice: strings.TrimPrefix(d.EventKey, "qrscene_"), answerable: true}
	case message.EventUnsubscribe:
		return happening{event: adapters.EventStop}
	case message.EventScan:
		return happening{event: adapters.EventScan, choice: d.EventKey, answerable: true}
	case message.EventClick:
		return happening{event: adapters.EventMenu, choice: d.EventKey, answerable: true}
	case message.EventScancodePush, message.EventScancodeWaitmsg:
		return happening{event: adapters.EventMenu, choice: d.EventKey, text: d.ScanCodeInfo.ScanResult, answerable: true}
	case message.EventView, message.EventViewMiniprogram:
		return happening{event: adapters.EventView, choice: d.EventKey}
	case message.EventLocation:
		return happening{event: adapters.EventLocation}
	case message.EventTemplateSendJobFinish:
		return happening{event: adapters.EventDeliverNote, choice: d.Status}
	case message.EventMassSendJobFinish, message.EventPublishJobFinish,
		"qualification_verify_success", "qualification_verify_fail", "naming_verify_success", "naming_verify_fail", "annual_renew", "verify_expired":
		return happening{}
	}
	// So are the pictures and places picked for a menu item: the person's messages with them follow by themselves.
	return happening{event: adapters.EventDeliverNote, choice: d.EventKey}
}
