package wechat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"kefu/adapters"
)

const (
	maxDepth = 32       // of XML elements; the platform's own messages have 4
	maxRaw   = 64 << 10 // adapters.Message.Raw
)

// Errors of reading a delivery; the webhook answers 400.
var (
	errNotXML   = errors.New("not the XML of a message; is the platform's data format set to XML?")
	errDocType  = errors.New("document type is not allowed")
	errTooDeep  = errors.New("nested too deep")
	errNoSender = errors.New("no FromUserName; is the platform in safe mode and this account in plain mode?")
)

// delivery is what the platform posts. The SDK's type holds its fields; those redeclared here are strings, so that one odd value does not
// make the whole message unreadable.
type delivery struct {
	message.MixMessage
	MsgID        string `xml:"MsgId"`
	CreateTime   string `xml:"CreateTime"`
	BizMsgMenuID string `xml:"bizmsgmenuid"`
	LocationX    string `xml:"Location_X"`
	LocationY    string `xml:"Location_Y"`
	Scale        string `xml:"Scale"`
	// Fields the SDK does not know.
	MediaID16K string `xml:"MediaId16K"` // of voice: sampled at twice the rate
	PagePath   string `xml:"PagePath"`
	FileSize   string `xml:"FileTotalLen"`
	// Place is what a person picked on a map for a menu item.
	Place struct {
		X     string `xml:"Location_X"`
		Y     string `xml:"Location_Y"`
		Scale string `xml:"Scale"`
		Label string `xml:"Label"`
		Name  string `xml:"Poiname"`
	} `xml:"SendLocationInfo"`
}

// notShown is what the platform writes instead of a message it does not hand on, such as an animated sticker.
const notShown = "【收到不支持的消息类型，暂无法显示】"

// header is the part of a delivery without which nobody can be answered. It is read again when the rest is odd.
type header struct {
	ToUserName   string `xml:"ToUserName"`
	FromUserName string `xml:"FromUserName"`
	CreateTime   string `xml:"CreateTime"`
	MsgID        string `xml:"MsgId"`
}

func (d *delivery) header() header {
	return header{ToUserName: string(d.ToUserName), FromUserName: string(d.FromUserName), CreateTime: d.CreateTime, MsgID: d.MsgID}
}

// tokenGuard hands tokens on, refuses document types and bounds the depth. Its source is a decoder's RawToken.
type tokenGuard struct {
	source *xml.Decoder
	depth  int
}

// Token implements xml.TokenReader.
func (g *tokenGuard) Token() (xml.Token, error) {
	t, err := g.source.RawToken()
	switch t.(type) {
	case xml.Directive:
		return nil, errDocType
	case xml.StartElement:
		if g.depth++; g.depth > maxDepth {
			return nil, errTooDeep
		}
	case xml.EndElement:
		g.depth--
	}
	return t, err
}

// unmarshal reads one XML document into v. Its errors repeat nothing of the document.
func unmarshal(body []byte, v any) error {
	err := xml.NewTokenDecoder(&tokenGuard{source: xml.NewDecoder(bytes.NewReader(body))}).Decode(v)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errDocType), errors.Is(err, errTooDeep):
		return err
	}
	return errNotXML
}

// parseEnvelope returns the encrypted part of a delivery, empty when there is none.
func parseEnvelope(body []byte) (string, error) {
	var e message.EncryptedXMLMsg
	if err := unmarshal(legalXML(body), &e); err != nil {
		return "", err
	}
	return strings.TrimSpace(e.EncryptedMsg), nil
}

// parsed is a normalized delivery and what its reply needs.
type parsed struct {
	msg     adapters.Message
	account string // the account's original id (gh_...): the reply's sender
	// ignore says that nothing is to be received: the delivery is about the account, not from a person.
	ignore bool
	// answerable says that the platform shows a reply to it, and that a person waits for one.
	answerable bool
}

// parse normalizes an opened delivery. An error means it is no message at all; whatever is merely odd comes back as KindUnknown.
func parse(inbox adapters.InboxName, body []byte) (parsed, error) {
	clean := legalXML(body)
	var d delivery
	odd := unmarshal(clean, &d) != nil
	h := d.header()
	if odd {
		// Well-formed all the same? Then a number is none, and the rest can be kept.
		h = header{}
		if err := unmarshal(clean, &h); err != nil {
			return parsed{}, err
		}
	}
	if h.FromUserName == "" {
		return parsed{}, errNoSender
	}
	p := parsed{account: h.ToUserName, msg: adapters.Message{
		Inbox: inbox,
		Chat:  adapters.ChatID(h.FromUserName),
		From:  adapters.Person{ID: adapters.PersonID(h.FromUserName)},
	}}
	if sec, err := strconv.ParseInt(h.CreateTime, 10, 64); err == nil {
		p.msg.SentAt = time.Unix(sec, 0).UTC()
	}
	switch {
	case odd:
		p.unknown(h, body)
	case d.MsgType == message.MsgTypeEvent:
		p.event(d, h, body)
	default:
		p.message(d, h, body)
	}
	return p, nil
}

func (p *parsed) message(d delivery, h header, raw []byte) {
	attachments, ok := attachmentsOf(d)
	if !ok || h.MsgID == "" || d.Content == notShown {
		p.unknown(h, raw)
		return
	}
	p.answerable = true
	p.msg.Kind = adapters.KindMessage
	p.msg.Native = adapters.MessageID(h.MsgID)
	p.msg.ID = adapters.NewID(p.msg.Inbox, p.msg.Chat, p.msg.Kind, string(p.msg.Native))
	p.msg.Attachments = attachments
	if d.MsgType == message.MsgTypeText {
		p.msg.Text = d.Content
		p.msg.Choice = strings.TrimSpace(d.BizMsgMenuID)
	}
}

// unknown keeps an authentic delivery of a kind nobody described.
func (p *parsed) unknown(h header, raw []byte) {
	key := h.MsgID
	if key == "" {
		sum := sha256.Sum256(raw)
		key = h.CreateTime + "+" + hex.EncodeToString(sum[:8])
	}
	p.answerable = true
	p.msg.Kind = adapters.KindUnknown
	p.msg.Native = adapters.MessageID(h.MsgID)
	p.msg.ID = adapters.NewID(p.msg.Inbox, p.msg.Chat, p.msg.Kind, key)
	p.msg.Raw = bytes.Clone(raw[:min(len(raw), maxRaw)])
}

// attachmentsOf reads what a message carries beside text; ok is false for an unknown type.
func attachmentsOf(d delivery) (as []adapters.Attachment, ok bool) {
	var a adapters.Attachment
	switch d.MsgType {
	case message.MsgTypeText:
		return nil, true
	case message.MsgTypeImage:
		a = adapters.Attachment{Kind: adapters.AttachmentImage, Ref: d.MediaID, URL: d.PicURL}
	case message.MsgTypeVoice:
		a = adapters.Attachment{Kind: adapters.AttachmentVoice, Ref: voiceRef(d.MediaID16K, d.MediaID), MIME: voiceMIME(d.Format), Text: d.Recognition}
	case message.MsgTypeVideo, message.MsgTypeShortVideo:
		a = adapters.Attachment{Kind: adapters.AttachmentVideo, Ref: d.MediaID}
	case message.MsgTypeLocation:
		a = location(d.LocationX, d.LocationY)
		a.Text = d.Label
	case message.MsgTypeLink:
		a = adapters.Attachment{Kind: adapters.AttachmentLink, URL: d.URL, Text: joinLines(d.Title, d.Description)}
	case message.MsgTypeMiniprogrampage:
		a = adapters.Attachment{Kind: adapters.AttachmentLink, Text: d.Title, Name: d.PagePath}
	case msgTypeFile: // no API gives its bytes
		a = adapters.Attachment{Kind: adapters.AttachmentFile, Name: d.Title, Text: d.Description}
		a.Size, _ = strconv.ParseInt(d.FileSize, 10, 64)
		a.Size = max(a.Size, 0)
	default:
		return nil, false
	}
	return []adapters.Attachment{a}, true
}

const msgTypeFile message.MsgType = "file"

func voiceMIME(format string) string {
	if format == "" {
		return ""
	}
	return "audio/" + strings.ToLower(format)
}

func location(lat, lon string) adapters.Attachment {
	a := adapters.Attachment{Kind: adapters.AttachmentLocation}
	a.Lat, _ = strconv.ParseFloat(strings.TrimSpace(lat), 64)
	a.Lon, _ = strconv.ParseFloat(strings.TrimSpace(lon), 64)
	return a
}

func joinLines(lines ...string) string {
	var kept []string
	for _, l := range lines {
		if l != "" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}
