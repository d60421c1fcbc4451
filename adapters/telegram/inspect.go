package telegram

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// What to click, in the words of the clients and of @BotFather, which speaks English only.
var (
	fixToken = adapters.Fix{
		EN: "copy the token anew from @BotFather: /mybots, the bot, API Token",
		ZH: "在 @BotFather 里重新复制 token：/mybots > 选机器人 > API Token",
	}
	fixReach = adapters.Fix{
		EN: "Telegram cannot be reached now: check the network, a proxy and api_base, and try again",
		ZH: "现在连不上 Telegram：检查网络、代理和 api_base，再试一次",
	}
	fixMember = adapters.Fix{
		EN: "in the group open its name > Add Members and add the bot; send /id there and compare the id with desks",
		ZH: "在群里点群名 > 添加成员，把机器人加进去；在群里发 /id，与 desks 里的编号核对",
	}
	fixTopics = adapters.Fix{
		EN: "in the group open its name > Edit > Topics and switch them on; the group gets another id then: send /id there and put it into desks",
		ZH: "在群里点群名 > 编辑 > 话题，打开；群编号会变，请再发 /id 并更新 desks",
	}
	fixRights = adapters.Fix{
		EN: "in the group open its name > Edit > Administrators, choose the bot (or Add Administrator), and switch Manage Topics on",
		ZH: "在群里点群名 > 编辑 > 管理员，选机器人（没有就「添加管理员」），打开「管理话题」",
	}
	fixPrivacy = adapters.Fix{
		EN: "in the group open its name > Edit > Administrators > Add Administrator and choose the bot; or send /setprivacy to @BotFather, choose Disable, then remove the bot from the group and add it again",
		ZH: "在群里点群名 > 编辑 > 管理员 > 添加管理员，选机器人；或对 @BotFather 发 /setprivacy，选 Disable，再把机器人移出群后重新加入",
	}
)

// Inspect implements adapters.Inspector.
func (a *Adapter) Inspect(ctx context.Context, q adapters.Inspection) []adapters.Finding {
	var me struct {
		ID       int64  `json:"id"`
		Username string `json:"username"`
		ReadsAll bool   `json:"can_read_all_group_messages"`
	}
	if err := a.client.call(ctx, "getMe", nil, &me); err != nil {
		return []adapters.Finding{refused("token", err, fixToken)}
	}
	found := []adapters.Finding{adapters.Fine("token: belongs to @" + me.Username), a.inspectDelivery(ctx, q.WebhookURL)}
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
		return refused("webhook", err, fixToken)
	}
	registers := adapters.Fix{
		EN: "start kefu serve: it registers " + url + "; see that no other program uses this bot",
		ZH: "启动 kefu serve，它会登记 " + url + "；同一个机器人不要再给别的程序用",
	}
	switch {
	case a.cfg.Transport == TransportPolling && info.URL != "":
		return adapters.Warn("long polling is configured, but a webhook is set: updates go there until kefu serve removes it", adapters.Fix{
			EN: "start kefu serve: it calls deleteWebhook; see that no other program uses this bot",
			ZH: "启动 kefu serve，它会调用 deleteWebhook；同一个机器人不要再给别的程序用",
		})
	case a.cfg.Transport == TransportPolling:
		return adapters.Fine("long polling: no webhook stands in its way")
	case url == "":
		return adapters.Bad("no public address is configured, so Telegram cannot deliver", adapters.Fix{
			EN: "write http.public_url, or transport: polling", ZH: "在配置里写 http.public_url，或改用 transport: polling",
		})
	case !strings.HasPrefix(url, "https://"):
		return adapters.Bad("Telegram delivers to https only: "+url, adapters.Fix{
			EN: "write an https address into http.public_url, on port 443, 80, 88 or 8443",
			ZH: "把 http.public_url 改成 https 地址，端口用 443、80、88 或 8443",
		})
	case info.URL == "":
		return adapters.Warn("no webhook is registered", registers)
	case info.URL != url:
		return adapters.Warn("another webhook is registered: "+info.URL, registers)
	case info.Error != "":
		return adapters.Warn(fmt.Sprintf("webhook: Telegram's last delivery failed (%s), %d updates wait", cut(clean(info.Error), 200), info.Pending), adapters.Fix{
			EN: "see that the address can be opened from outside with a valid certificate; restart kefu serve, which registers secret_token anew",
			ZH: "确认该地址能从外网打开且证书有效；重启 kefu serve，它会重新登记 secret_token",
		})
	}
	return adapters.Fine(fmt.Sprintf("webhook: registered, %d updates wait", info.Pending))
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
		return []adapters.Finding{refused(about, err, fixMember)}
	}
	about += " (" + cut(clean(group.Title), 64) + ")"
	var member struct {
		Status string `json:"status"`
		Topics bool   `json:"can_manage_topics"`
	}
	params := tgbotapi.Params{"chat_id": string(chat), "user_id": strconv.FormatInt(bot, 10)}
	if err := a.client.call(ctx, "getChatMember", params, &member); err != nil {
		return []adapters.Finding{refused(about, err, fixMember)}
	}
	if member.Status == "left" || member.Status == "kicked" {
		return []adapters.Finding{adapters.Bad(about+": the bot is not a member", fixMember)}
	}
	admin := member.Status == "administrator" || member.Status == "creator"
	return []adapters.Finding{hearing(about, admin, readsAll), topics(about, group.Type, group.Forum, admin && (member.Topics || member.Status == "creator"))}
}

func hearing(about string, admin, readsAll bool) adapters.Finding {
	if admin || readsAll {
		return adapters.Fine(about + ": the bot sees every message")
	}
	return adapters.Bad(about+": privacy mode hides what agents write from the bot", fixPrivacy)
}

func topics(about, kind string, forum, manages bool) adapters.Finding {
	switch {
	case kind != "supergroup" || !forum:
		return adapters.Warn(about+": has no topics, so cases are told apart by quoting only", fixTopics)
	case !manages:
		return adapters.Bad(about+": the bot may not open topics", fixRights)
	}
	return adapters.Fine(about + ": the bot may open topics")
}

// refused explains a failed call: the platform was not reached, or it said no, for which fix is the way out.
func refused(subject string, err error, fix adapters.Fix) adapters.Finding {
	var se *adapters.SendError
	switch reason := adapters.ReasonOf(err); {
	case errors.As(err, &se) && se.MovedTo != "":
		return adapters.Bad(subject+": the group became a supergroup and has another id", adapters.Fix{
			EN: "write " + string(se.MovedTo) + " into desks", ZH: "把 desks 里的编号改成 " + string(se.MovedTo),
		})
	case reason == adapters.ReasonUnavailable, reason == adapters.ReasonUnknown, reason == adapters.ReasonRateLimited:
		fix = fixReach
	case se != nil && (se.Code == "401" || se.Code == "404"):
		fix = fixToken
	}
	return adapters.Bad(subject+": "+err.Error(), fix)
}

var _ adapters.Inspector = (*Adapter)(nil)
