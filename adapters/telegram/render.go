package telegram

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

const (
	maxText  = 4096 // UTF-16 units, as is maxTitle
	maxTitle = 128  // of a forum topic
)

// sendParams renders a new message for sendMessage: plain text and entities without parse_mode, so that no text can break its own markup.
func sendParams(out adapters.Outgoing) tgbotapi.Params {
	p := textParams(out)
	if out.Thread != "" && out.Thread != "1" { // the General topic must not be named
		p["message_thread_id"] = string(out.Thread)
	}
	if n, err := strconv.ParseInt(string(out.ReplyTo), 10, 64); err == nil && n > 0 {
		p["reply_parameters"] = `{"message_id":` + strconv.FormatInt(n, 10) + `,"allow_sending_without_reply":true}`
	}
	return p
}

// textParams are the parameters sendMessage and editMessageText share.
func textParams(out adapters.Outgoing) tgbotapi.Params {
	p := tgbotapi.Params{
		"chat_id":              string(out.Chat),
		"text":                 text(out),
		"link_preview_options": `{"is_disabled":true}`,
	}
	if e := entities(out); e != "" {
		p["entities"] = e
	}
	if k := keyboard(out.Choices); k != "" {
		p["reply_markup"] = k
	}
	return p
}

// text is the text of a message; a card becomes lines.
func text(out adapters.Outgoing) string {
	c := out.Card
	if c == nil {
		return out.Text
	}
	lines := make([]string, 0, len(c.Facts)+3)
	if c.Title != "" {
		lines = append(lines, c.Title)
	}
	for _, f := range c.Facts {
		lines = append(lines, f.Label+": "+f.Value)
	}
	if c.Body != "" {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, c.Body)
	}
	return strings.Join(lines, "\n")
}

// plain is out without its entities.
func plain(out adapters.Outgoing) adapters.Outgoing {
	limit := maxText
	if out.Media != nil {
		limit = maxCaption
	}
	return out.Plain(func(text string) bool { return cut(text, limit) == text })
}

// keyboard puts each choice on its own row, where its label has the most room.
func keyboard(choices []adapters.Choice) string {
	if len(choices) == 0 {
		return ""
	}
	rows := make([][]tgbotapi.InlineKeyboardButton, len(choices))
	for i, c := range choices {
		rows[i] = tgbotapi.NewInlineKeyboardRow(tgbotapi.NewInlineKeyboardButtonData(c.Label, c.ID))
	}
	b, err := json.Marshal(tgbotapi.NewInlineKeyboardMarkup(rows...))
	if err != nil {
		return "" // strings always marshal
	}
	return string(b)
}

// cut shortens s to at most n UTF-16 units without splitting a character.
func cut(s string, n int) string {
	for i, r := range s {
		if n -= utf16.RuneLen(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

// emoji are reactions every chat allows unless its owner chose others (ReactionTypeEmoji has the whole list).
var emoji = map[adapters.Reaction]string{
	adapters.ReactionDone:    "👌",
	adapters.ReactionFailed:  "👎",
	adapters.ReactionWaiting: "👀",
	adapters.ReactionUnsure:  "🤔",
}
