package telegram

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// Inspect implements adapters.Inspector.
func (a *Adapter) Inspect(ctx context.Context, q adapters.Inspection) []adapters.Finding {
	var me struct {
		ID       int64  `json:"id"`
		Username string `json:"username"`
		ReadsAll bool   `json:"can_read_all_group_messages"`
	}
	if err := a.client.call(ctx, "getMe", nil, &me); err != nil {
		return []adapters.Finding{finding(adapters.LevelError, "token: "+err.Error(), fixOf(err, "copy the token anew from @BotFather: /mybots, the bot, API Token"))}
	}
	found := []adapters.Finding{finding(adapters.LevelOK, "token: belongs to @"+me.Username, ""), a.inspectDelivery(ctx, q.WebhookURL)}
	for _, chat := range q.Groups {
		found = append(found, a.inspectGroup(ctx, chat, me.ID, me.ReadsAll)...)
	}
	return found
}

func (a *Adapter) inspectDelivery(ctx context.Context, url string) adapters.Finding {
	var info struct {
		URL     string `json:"url"`
		Pending int    `json:"pending_update_count"`
		Error   string `json:"last_error_message"`
	}
	if err := a.client.call(ctx, "getWebhookInfo", nil, &info); err != nil {
		return finding(adapters.LevelError, "webhook: "+err.Error(), fixOf(err, "try again"))
	}
	if a.cfg.Transport == TransportPolling {
		if info.URL != "" {
			return finding(adapters.LevelWarning, "long polling is configured, but a webhook is set: updates go there until kefu serve removes it", "start kefu serve, or call deleteWebhook")
		}
		return finding(adapters.LevelOK, "long polling: no webhook stands in its way", "")
	}
	switch {
	case url == "":
		return finding(adapters.LevelError, "no public address is configured, so Telegram cannot deliver", "write http.public_url, or transport: polling")
	case !strings.HasPrefix(url, "https://"):
		return finding(adapters.LevelError, "Telegram delivers to https only: "+url, "write an https address into http.public_url, on port 443, 80, 88 or 8443")
	case info.URL == "":
		return finding(adapters.LevelWarning, "no webhook is registered", "kefu serve registers "+url+" at its start")
	case info.URL != url:
		return finding(adapters.LevelWarning, "another webhook is registered: "+info.URL, "kefu serve registers "+url+" at its start; see that no other program uses this bot")
	case info.Error != "":
		return finding(adapters.LevelWarning, fmt.Sprintf("webhook: Telegram's last delivery failed (%s), %d updates wait", cut(clean(info.Error), 200), info.Pending),
			"see that the address can be reached from outside with a valid certificate, and that secret_token is the one registered")
	}
	return finding(adapters.LevelOK, fmt.Sprintf("webhook: registered, %d updates wait", info.Pending), "")
}

// inspectGroup looks at a desk's group: the bot must hear what is said there and open topics.
func (a *Adapter) inspectGroup(ctx context.Context, chat adapters.ChatID, bot int64, readsAll bool) []adapters.Finding {
	about := "group " + string(chat)
	var group struct {
		Type  string `json:"type"`
		Title string `json:"title"`
		Forum bool   `json:"is_forum"`
	}
	if err := a.client.call(ctx, "getChat", tgbotapi.Params{"chat_id": string(chat)}, &group); err != nil {
		return []adapters.Finding{finding(adapters.LevelError, about+": "+err.Error(), fixOf(err, "add the bot to the group; send /id there to see the group's id"))}
	}
	about += " (" + cut(clean(group.Title), 64) + ")"
	var member struct {
		Status string `json:"status"`
		Topics bool   `json:"can_manage_topics"`
	}
	params := tgbotapi.Params{"chat_id": string(chat), "user_id": strconv.FormatInt(bot, 10)}
	if err := a.client.call(ctx, "getChatMember", params, &member); err != nil {
		return []adapters.Finding{finding(adapters.LevelError, about+": "+err.Error(), fixOf(err, "add the bot to the group"))}
	}
	if member.Status == "left" || member.Status == "kicked" {
		return []adapters.Finding{finding(adapters.LevelError, about+": the bot is not a member", "add the bot to the group")}
	}
	admin := member.Status == "administrator" || member.Status == "creator"
	return []adapters.Finding{hearing(about, admin, readsAll), topics(about, group.Type, group.Forum, admin && (member.Topics || member.Status == "creator"))}
}

func hearing(about string, admin, readsAll bool) adapters.Finding {
	if admin || readsAll {
		return finding(adapters.LevelOK, about+": the bot sees every message", "")
	}
	return finding(adapters.LevelError, about+": privacy mode hides what agents write from the bot",
		"make the bot an administrator of the group; or send /setprivacy to @BotFather, choose Disable, then remove the bot from the group and add it again")
}

func topics(about, kind string, forum, manages bool) adapters.Finding {
	switch {
	case kind != "supergroup" || !forum:
		return finding(adapters.LevelWarning, about+": has no topics, so cases are told apart by quoting only", "in the group's settings switch Topics on")
	case !manages:
		return finding(adapters.LevelError, about+": the bot may not open topics", "make the bot an administrator with the right Manage Topics")
	}
	return finding(adapters.LevelOK, about+": the bot may open topics", "")
}

func fixOf(err error, refused string) string {
	switch adapters.ReasonOf(err) {
	case adapters.ReasonUnavailable, adapters.ReasonUnknown, adapters.ReasonRateLimited:
		return "Telegram cannot be reached now: check the network, a proxy and api_base"
	}
	return refused
}

func finding(level adapters.Level, subject, fix string) adapters.Finding {
	return adapters.Finding{Level: level, Subject: subject, Fix: fix}
}

var _ adapters.Inspector = (*Adapter)(nil)
