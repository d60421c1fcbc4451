package feishu

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kefu/adapters"
)

const (
	scopesPath = "/open-apis/application/v6/scopes"
	granted    = 1
	console    = "in the developer console (open.feishu.cn/app) open the app"
	publish    = ", then create and publish a version (版本管理与发布)"
)

// need is what the gateway does and the scopes of which one allows it (page 权限管理).
type need struct {
	does   string
	anyOf  []string
	level  adapters.Level // of its absence
	groups bool           // only for accounts that sit in groups
}

var needs = []need{
	{"send messages and edit its own", []string{"im:message", "im:message:send_as_bot", "im:message:send"}, adapters.LevelError, false},
	{"hear what people write in private", []string{"im:message.p2p_msg:readonly", "im:message.p2p_msg"}, adapters.LevelError, false},
	{"hear everything said in the desk's group", []string{"im:message.group_msg", "im:message.group_msg:readonly"}, adapters.LevelError, true},
	{"upload pictures and files", []string{"im:resource", "im:resource:upload"}, adapters.LevelError, false},
	{"fetch pictures and files", []string{"im:message", "im:message:readonly", "im:message.history:readonly"}, adapters.LevelError, false},
	{"react to messages", []string{"im:message", "im:message.reactions:write_only"}, adapters.LevelWarning, true},
	{"take messages back", []string{"im:message", "im:message:recall"}, adapters.LevelWarning, false},
	{"know people's names", []string{"contact:user.base:readonly", "contact:contact:readonly_as_app", "contact:contact.base:readonly"}, adapters.LevelWarning, false},
	{"look at groups", []string{"im:chat:readonly", "im:chat", "im:chat:read"}, adapters.LevelWarning, true},
}

// Inspect implements adapters.Inspector.
func (a *Adapter) Inspect(ctx context.Context, q adapters.Inspection) []adapters.Finding {
	found := []adapters.Finding{a.inspectDelivery(ctx, q.WebhookURL)}
	bot, err := a.client.botInfo(ctx)
	if err != nil {
		return append(found, refused("credentials", err))
	}
	if bot == "" {
		return append(found, bad("credentials: accepted, but the app has no bot", console+", 添加应用能力, and add 机器人"+publish))
	}
	found = append(found, fine("credentials: the platform accepts app_id and app_secret, and the bot is "+bot))
	if a.self.configured() && a.self.openID(ctx) != bot {
		found = append(found, bad("bot_open_id is not this app's bot, so mentions are missed", "remove bot_open_id, or write "+bot))
	}
	found = append(found, a.inspectScopes(ctx, len(q.Groups) > 0)...)
	for _, group := range q.Groups {
		found = append(found, a.inspectGroup(ctx, group)...)
	}
	return found
}

// events are what must be subscribed to; no API tells what is.
const events = "im.message.receive_v1, im.message.updated_v1, im.message.recalled_v1, im.chat.access_event.bot_p2p_chat_entered_v1, im.chat.member.bot.added_v1, " +
	"im.chat.member.bot.deleted_v1, im.chat.disbanded_v1, application.bot.menu_v6 and the callback card.action.trigger"

// inspectDelivery says how events must reach us. A connection can be tried; what else is set in the console can only be told.
func (a *Adapter) inspectDelivery(ctx context.Context, url string) adapters.Finding {
	const page = console + ", 事件与回调"
	if a.transport == TransportWebsocket {
		if _, _, err := a.client.endpoint(ctx); err != nil {
			return bad("long connection: "+err.Error(), page+": set both subscription modes to 使用长连接 and subscribe to "+events+publish)
		}
		return warn("long connection: the platform gives us an address; it does not tell what is subscribed, please compare",
			page+": both subscription modes must be 使用长连接, with "+events)
	}
	switch {
	case url == "":
		return bad("no public address is configured, so the platform cannot deliver", "write http.public_url, or transport: websocket, which needs none")
	case !strings.HasPrefix(url, "https://"):
		return warn("deliveries go over plain http: "+url, "use https, so that nobody on the way can read or change them")
	}
	return warn("webhook: the platform does not tell its settings by API, please compare",
		fmt.Sprintf("%s: the request address of 事件配置 and of 回调配置 must be %s, Encrypt Key and Verification Token as in the configuration, with %s", page, url, events))
}

func (a *Adapter) inspectScopes(ctx context.Context, groups bool) []adapters.Finding {
	var data struct {
		Scopes []struct {
			Name   string `json:"scope_name"`
			Status int    `json:"grant_status"`
		} `json:"scopes"`
	}
	if err := a.client.get(ctx, "scopes", scopesPath, nil, &data); err != nil {
		return []adapters.Finding{warn("scopes: the platform does not tell them: "+err.Error(), console+", 权限管理, and compare with the manual")}
	}
	has := map[string]bool{}
	for _, s := range data.Scopes {
		has[s.Name] = has[s.Name] || s.Status == granted
	}
	var found []adapters.Finding
	for _, n := range needs {
		if n.groups && !groups || hasAny(has, n.anyOf) {
			continue
		}
		found = append(found, adapters.Finding{
			Level: n.level, Subject: "scopes: the bot may not " + n.does, Fix: console + ", 权限管理, and add " + n.anyOf[0] + publish,
		})
	}
	if len(found) == 0 {
		found = append(found, fine("scopes: the app has all it needs"))
	}
	return found
}

func hasAny(has map[string]bool, names []string) bool {
	for _, n := range names {
		if has[n] {
			return true
		}
	}
	return false
}

func (a *Adapter) inspectGroup(ctx context.Context, group adapters.ChatID) []adapters.Finding {
	name := "group " + string(group)
	if !validID(string(group), chatIDPrefix) {
		return []adapters.Finding{bad(name+": this is no chat's id", "write /id to the bot in the group, and put the id it tells into desks")}
	}
	info, err := a.client.chatInfo(ctx, group)
	switch {
	case refusedWith(err, codeScope):
		return []adapters.Finding{warn(name+": the bot may not look at it", console+", 权限管理, and add im:chat:readonly"+publish)}
	case refusedWith(err, codeOutside, codeNoChat):
		return []adapters.Finding{bad(name+": the bot is not in it, or there is no such group", "in the group open 设置 > 群机器人 and add the bot; write /id there and compare the id with desks")}
	case err != nil:
		return []adapters.Finding{refused(name, err)}
	case info.Mode == modePrivate:
		return []adapters.Finding{bad(name+": this is a private chat", "write /id to the bot in the desk's group, and put that id into desks")}
	case strings.HasPrefix(info.Status, "dissolved"):
		return []adapters.Finding{bad(name+": the group was dissolved", "make another one, add the bot, and put its id into desks")}
	}
	return append(cautions(name, info), fine(name+": the bot is in it, "+kindOf(info)))
}

// cautions are settings of a group that stand in the way.
func cautions(name string, info chatInfo) []adapters.Finding {
	var found []adapters.Finding
	if info.Moderation != "" && info.Moderation != "all_members" {
		found = append(found, warn(name+": not everybody may speak there ("+info.Moderation+")", "in the group open 设置 > 群管理 > 谁可以发言 and choose 所有群成员, or add the bot there"))
	}
	if info.External {
		found = append(found, warn(name+": people of other companies are in it, where bots may be refused (230027)", "use a group of your own company, or have the app released for external groups"))
	}
	return found
}

func kindOf(info chatInfo) string {
	if info.Mode == "topic" || info.MessageType == "thread" {
		return "a topic group: every case becomes a topic, and so does every notice to the desk"
	}
	return "a normal group: every case becomes a thread"
}

func fine(subject string) adapters.Finding {
	return adapters.Finding{Level: adapters.LevelOK, Subject: subject}
}

func warn(subject, fix string) adapters.Finding {
	return adapters.Finding{Level: adapters.LevelWarning, Subject: subject, Fix: fix}
}

func bad(subject, fix string) adapters.Finding {
	return adapters.Finding{Level: adapters.LevelError, Subject: subject, Fix: fix}
}

// refused explains a failed call; its own words say what to do for the codes that are known.
func refused(subject string, err error) adapters.Finding {
	fix := "see the code in the manual"
	var se *adapters.SendError
	switch {
	case !errors.As(err, &se):
	case se.Reason == adapters.ReasonUnavailable || se.Reason == adapters.ReasonUnknown:
		fix = "check api_base (https://open.feishu.cn or https://open.larksuite.com) and that this machine reaches it"
	case se.Code == "99991401":
		fix = console + ", 安全设置 > IP 白名单, and add the address of this machine"
	case se.Reason == adapters.ReasonUnauthorized:
		fix = console + ", 凭证与基础信息, and compare app_id and app_secret; see that a version is published"
	}
	return bad(subject+": "+err.Error(), fix)
}
