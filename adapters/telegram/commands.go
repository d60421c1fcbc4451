package telegram

import (
	"context"
	"encoding/json"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// contactCommands are what the menu of a private chat offers.
var contactCommands = []struct {
	name string
	word adapters.Word
}{
	{"help", adapters.WordHelp},
	{"human", adapters.WordHuman},
	{"cancel", adapters.WordCancel},
}

// otherLanguages is whose texts people read who have none of their own.
const otherLanguages = "en"

// announce tells the platform the commands for the menu of private chats, in each language. A menu is a convenience: a failure is only logged.
func (a *Adapter) announce(ctx context.Context) {
	for lang, raw := range a.menus() {
		p := tgbotapi.Params{"commands": raw, "scope": `{"type":"all_private_chats"}`}
		codes := []string{strings.ToLower(lang[:min(2, len(lang))])} // ISO 639-1, all the platform takes
		if codes[0] == otherLanguages {
			codes = append(codes, "")
		}
		for _, code := range codes {
			p["language_code"] = code
			if err := a.client.call(ctx, "setMyCommands", p, nil); err != nil {
				if ctx.Err() == nil {
					a.env.Log.Warn("menu of commands not registered", "inbox", a.inbox, "language", code, "error", err)
				}
				return
			}
		}
	}
}

// menus are the commands as the platform wants them, by language (BCP 47).
func (a *Adapter) menus() map[string]string {
	if a.env.Words == nil {
		return nil
	}
	type command struct {
		Command     string `json:"command"`
		Description string `json:"description"`
	}
	all := map[string][]command{}
	for _, c := range contactCommands {
		for lang, text := range a.env.Words(c.word) {
			if text != "" {
				all[lang] = append(all[lang], command{c.name, cut(text, maxDescription)})
			}
		}
	}
	menus := make(map[string]string, len(all))
	for lang, list := range all {
		if b, err := json.Marshal(list); err == nil { // strings always marshal
			menus[lang] = string(b)
		}
	}
	return menus
}

// maxDescription is in characters (https://core.telegram.org/bots/api#botcommand).
const maxDescription = 256
