package wechat

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"kefu/adapters"
)

// maxText is the longest text of a reply and of a customer-service message in bytes of UTF-8. The documents only name the refusal (45002); the figure is what others measured.
const maxText = 2048

// sealedReply is an encrypted reply as the platform reads it.
type sealedReply = message.ResponseEncryptedXMLMsg

// inlineLink is the markup texts know (developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html); it counts toward maxText.
const inlineLink = `<a href="{url}">{label}</a>`

// render makes the text a person reads; cards become lines. Of all formatting only links can be shown.
func render(out adapters.Outgoing) string {
	text := adapters.InlineLinks(out.Text, out.Spans, inlineLink)
	if len(text) > maxText { // the core has left room for links; a text from elsewhere keeps its addresses
		text = adapters.InlineLinks(out.Text, out.Spans, "")
	}
	if out.Card != nil {
		text = renderCard(*out.Card)
	}
	return sendable(text)
}

func renderCard(c adapters.Card) string {
	lines := make([]string, 0, len(c.Facts)+2)
	lines = append(lines, c.Title)
	for _, f := range c.Facts {
		lines = append(lines, f.Label+": "+f.Value)
	}
	return joinLines(append(lines, c.Body)...)
}

// cut shortens text to at most limit bytes at the end of a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const mark = "…"
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

// renderReply makes the plain XML of a passive text reply to p. The SDK's CDATA type splits "]]>" safely.
func renderReply(p parsed, text string, now time.Time) ([]byte, error) {
	reply := message.NewText(cut(sendable(text), maxText))
	reply.SetToUserName(message.CDATA(p.msg.From.ID))
	reply.SetFromUserName(message.CDATA(p.account))
	reply.SetCreateTime(now.Unix())
	reply.SetMsgType(message.MsgTypeText)
	body, err := xml.Marshal(reply)
	if err != nil {
		return nil, fmt.Errorf("render reply: %w", err)
	}
	return body, nil
}

// blank reports whether the platform would refuse text as empty.
func blank(text string) bool { return strings.TrimSpace(text) == "" }
