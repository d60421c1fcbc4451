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
)

// need is what the gateway does and the scopes of which one allows it.
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
	switch {
	case noBot(err), err == nil && bot.OpenID == "":
		return append(found, adapters.Bad("credentials: accepted, but the app has no bot", pageBot))
	case err != nil:
		return append(found, refused("credentials", err))
	}
	found = append(found, adapters.Fine("credentials: the platform accepts app_id and app_secret, and the bot is "+bot.OpenID))
	if state, off := inactive[bot.Status]; off {
		found = append(found, adapters.Bad("the app is not enabled: "+state, pageRelease))
	}
	if a.self.configured() && a.self.openID(ctx) != bot.OpenID {
		found = append(found, adapters.Bad("bot_open_id is not this app's bot, so mentions are missed", adapters.Fix{
			EN: "remove bot_open_id from the configuration, or write " + bot.OpenID, ZH: "删掉配置里的 bot_open_id，或改成 " + bot.OpenID,
		}))
	}
	found = append(found, a.inspectScopes(ctx, len(q.Groups) > 0)...)
	for _, group := range q.Groups {
		found = append(found, a.inspectGroup(ctx, group)...)
	}
	return found
}

// noBot says that a call was refused because the app has no bot, or its bot is off.
func noBot(err error) bool {
	return refusedWith(err, codeNoBot, codeBotOff, codeBotOffChats, codeBotOffFiles)
}

// inactive are the values of activate_status in which an app does not work
// (open.feishu.cn/document/client-docs/bot-v3/obtain-bot-info); 2 is enabled, 4 waits for an upgrade and goes on working.
var inactive = map[int]string{
	0: "not installed in the company yet", 1: "the company disabled it", 3: "installed, waiting to be enabled",
	5: "its license has ended", 6: "the company's plan has ended",
}

// events and callback are what must be subscribed to; no API tells what is.
const events = "im.message.receive_v1, im.message.updated_v1, im.message.recalled_v1, im.chat.access_event.bot_p2p_chat_entered_v1, im.chat.member.bot.added_v1, " +
	"im.chat.member.bot.deleted_v1, im.chat.disbanded_v1, application.bot.menu_v6"

const callback = "card.action.trigger"

// inspectDelivery says how events must reach us. A connection can be tried; what else is set in the console can only be told.
func (a *Adapter) inspectDelivery(ctx context.Context, url string) adapters.Finding {
	if a.transport == TransportWebsocket {
		return a.inspectConnection(ctx)
	}
	switch {
	case url == "":
		return adapters.Bad("no public address is configured, so the platform cannot deliver", adapters.Fix{
			EN: "write http.public_url, or transport: websocket, which needs none",
			ZH: "在配置里写 http.public_url，或改用不需要公网地址的 transport: websocket",
		})
	case !strings.HasPrefix(url, "https://"):
		return adapters.Warn("deliveries go over plain http: "+url, eventsPage(
			"write an https address there and into http.public_url, so that nobody on the way can read or change deliveries",
			"请求地址和 http.public_url 都改成 https，防止途中被偷看或篡改"))
	}
	return adapters.Warn("webhook: the platform does not tell its settings by API, please compare", eventsPage(
		fmt.Sprintf("the request address of 事件配置 and of 回调配置 must be %s, Encrypt Key and Verification Token as in the configuration, with %s and the callback %s", url, events, callback),
		fmt.Sprintf("「事件配置」和「回调配置」的请求地址都应为 %s，Encrypt Key、Verification Token 与配置相同，并订阅事件 %s 和回调 %s", url, events, callback)))
}

// inspectConnection asks for the address of the long connection.
func (a *Adapter) inspectConnection(ctx context.Context) adapters.Finding {
	_, _, err := a.client.endpoint(ctx)
	if err == nil {
		return adapters.Warn("long connection: the platform gives us an address; it does not tell what is subscribed, please compare", eventsPage(
			"both subscription modes must be 使用长连接接收 (persistent connection), with "+events+" and the callback "+callback,
			"两处订阅方式都应为「使用长连接接收」，并订阅事件 "+events+" 和回调 "+callback))
	}
	fix := fixReach
	var no *refusedError
	switch {
	case errors.As(err, &no) && no.code == codeAddress:
		fix = pageAddress
	case no != nil:
		fix = eventsPage(
			"set both subscription modes to 使用长连接接收 (persistent connection), subscribe to "+events+", then publish a version (版本管理与发布)",
			"两处订阅方式都选「使用长连接接收」，订阅 "+events+"，再到「版本管理与发布」发布版本")
	}
	return adapters.Bad("long connection: "+err.Error(), fix)
}

func (a *Adapter) inspectScopes(ctx context.Context, groups bool) []adapters.Finding {
	var data struct {
		Scopes []struct {
			Name   string `json:"scope_name"`
			Status int    `json:"grant_status"`
		} `json:"scopes"`
	}
	if err := a.client.get(ctx, "scopes", scopesPath, nil, &data); err != nil {
		return []adapters.Finding{adapters.Warn("scopes: the platform does not tell them: "+err.Error(), page(
			"权限管理 (Permissions & Scopes), and compare with the table in the manual", "权限管理，与手册里的权限表核对"))}
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
			Level: n.level, Subject: "scopes: the bot may not " + n.does, Fix: scopePage(n.anyOf[0]),
		})
	}
	if len(found) == 0 {
		found = append(found, adapters.Fine("scopes: the app has all it needs"))
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
		return []adapters.Finding{adapters.Bad(name+": this is no chat's id", fixGroupID)}
	}
	info, err := a.client.chatInfo(ctx, group)
	switch {
	case refusedWith(err, codeScope):
		return []adapters.Finding{adapters.Warn(name+": the bot may not look at it", scopePage("im:chat:readonly"))}
	case refusedWith(err, codeOutside, codeNoChat):
		return []adapters.Finding{adapters.Bad(name+": the bot is not in it, or there is no such group", fixGroupBot)}
	case err != nil:
		return []adapters.Finding{refused(name, err)}
	case info.Mode == modePrivate:
		return []adapters.Finding{adapters.Bad(name+": this is a private chat", fixGroupID)}
	case strings.HasPrefix(info.Status, "dissolved"):
		return []adapters.Finding{adapters.Bad(name+": the group was dissolved", fixGroupNew)}
	}
	return append(cautions(name, info), adapters.Fine(name+": the bot is in it, "+kindOf(info)))
}

// cautions are settings of a group that stand in the way.
func cautions(name string, info chatInfo) []adapters.Finding {
	var found []adapters.Finding
	if info.Moderation != "" && info.Moderation != "all_members" {
		found = append(found, adapters.Warn(name+": not everybody may speak there ("+info.Moderation+")", fixGroupSpeak))
	}
	if info.External {
		found = append(found, adapters.Warn(name+": people of other companies are in it, where bots may be refused (230027)", fixGroupOwn))
	}
	return found
}

func kindOf(info chatInfo) string {
	if info.Mode == "topic" || info.MessageType == "thread" {
		return "a topic group: every case becomes a topic, and so does every notice to the desk"
	}
	return "a normal group: every case becomes a thread"
}
