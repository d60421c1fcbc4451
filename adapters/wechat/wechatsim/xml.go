package wechatsim

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// xmlDoc writes a delivery the way the platform does: words in CDATA, numbers bare, unescaped.
type xmlDoc struct{ b strings.Builder }

func newXML(from, to string, at time.Time, kind string) *xmlDoc {
	return new(xmlDoc).open().cdata("ToUserName", to).cdata("FromUserName", from).text("CreateTime", strconv.FormatInt(at.Unix(), 10)).cdata("MsgType", kind)
}

func (x *xmlDoc) open() *xmlDoc {
	x.b.WriteString("<xml>")
	return x
}

func (x *xmlDoc) cdata(name, value string) *xmlDoc {
	return x.text(name, "<![CDATA["+strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>")+"]]>")
}

func (x *xmlDoc) text(name, value string) *xmlDoc {
	fmt.Fprintf(&x.b, "<%s>%s</%s>\n", name, value, name)
	return x
}

func (x *xmlDoc) end() string {
	x.b.WriteString("</xml>")
	return x.b.String()
}

// passiveReply is what an account may answer inside a delivery.
type passiveReply struct {
	XMLName      xml.Name `xml:"xml"`
	ToUserName   string   `xml:"ToUserName"`
	FromUserName string   `xml:"FromUserName"`
	CreateTime   string   `xml:"CreateTime"`
	MsgType      string   `xml:"MsgType"`
	Content      string   `xml:"Content"`
	ImageID      string   `xml:"Image>MediaId"`
	VoiceID      string   `xml:"Voice>MediaId"`
	VideoID      string   `xml:"Video>MediaId"`

	Encrypt      string `xml:"Encrypt"`
	MsgSignature string `xml:"MsgSignature"`
	TimeStamp    string `xml:"TimeStamp"`
	Nonce        string `xml:"Nonce"`
}

// badReply says why the platform would show its out-of-order notice instead of a reply.
type badReply string

// readReply opens and checks the body of an answered delivery. ok is false with an empty why when the body only acknowledges.
func (s *Sim) readReply(body []byte, to string) (text string, ok bool, why badReply) {
	if len(body) == 0 || string(body) == "success" {
		return "", false, ""
	}
	var r passiveReply
	if xml.Unmarshal(body, &r) != nil {
		return "", false, "not xml"
	}
	if r.Encrypt != "" {
		plain, why := s.openReply(r)
		if why != "" {
			return "", false, why
		}
		r = passiveReply{}
		if xml.Unmarshal(plain, &r) != nil {
			return "", false, "sealed part is not xml"
		}
	} else if s.opts.Mode == ModeSafe {
		return "", false, "not encrypted"
	}
	return s.checkReply(r, to)
}

func (s *Sim) openReply(r passiveReply) ([]byte, badReply) {
	if s.opts.Mode == ModePlain {
		return nil, "encrypted in plain mode"
	}
	if r.TimeStamp == "" || r.Nonce == "" || r.MsgSignature != s.seal.sign(r.TimeStamp, r.Nonce, r.Encrypt) {
		return nil, "signature"
	}
	plain, err := s.seal.decrypt(r.Encrypt)
	if err != nil {
		return nil, "encryption"
	}
	return plain, ""
}

func (s *Sim) checkReply(r passiveReply, to string) (text string, ok bool, why badReply) {
	if r.ToUserName != to {
		return "", false, "ToUserName"
	}
	if r.FromUserName != s.opts.OriginalID {
		return "", false, "FromUserName"
	}
	if _, err := strconv.ParseInt(r.CreateTime, 10, 64); err != nil {
		return "", false, "CreateTime"
	}
	switch r.MsgType {
	case "text":
		return r.Content, true, replyText(r.Content)
	case "image", "voice", "video":
		id := map[string]string{"image": r.ImageID, "voice": r.VoiceID, "video": r.VideoID}[r.MsgType]
		if _, found := s.medium(id); !found {
			return "", false, "MediaId"
		}
	case "music", "news", "transfer_customer_service":
	default:
		return "", false, "MsgType"
	}
	return "[" + r.MsgType + "]", true, ""
}

func replyText(text string) badReply {
	switch {
	case strings.TrimSpace(text) == "":
		return "empty Content"
	case len(text) > maxText:
		return "Content too long"
	}
	return ""
}
