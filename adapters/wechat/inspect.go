package wechat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kefu/adapters"
)

// nobody is an openid nobody has: the platform looks at the account's rights first.
const nobody = "oKefuCheckNobodyHasThisOpenID"

// Inspect implements adapters.Inspector.
func (a *Adapter) Inspect(ctx context.Context, q adapters.Inspection) []adapters.Finding {
	found := []adapters.Finding{a.inspectAddress(q.WebhookURL)}
	if a.vault.mode == ModePlain {
		found = append(found, warn("deliveries are not encrypted: their signature does not cover what they say",
			"on 设置与开发 > 基本配置 > 服务器配置 choose 安全模式, and write mode: safe and aes_key into the configuration"))
	}
	if a.client.secret == "" {
		return append(found, warn("no app_secret: only answers inside deliveries are possible, and nothing people send can be fetched",
			"write app_secret; it is shown once on 设置与开发 > 基本配置"))
	}
	if _, _, err := a.client.fetchToken(ctx, false); err != nil {
		return append(found, refused("access token", err))
	}
	found = append(found, fine("access token: the platform accepts app_id, app_secret and our address"))
	return append(found, a.inspectRight(ctx))
}

// inspectAddress says where deliveries must go; no API tells where they do go.
func (a *Adapter) inspectAddress(url string) adapters.Finding {
	const page = "on 设置与开发 > 基本配置 > 服务器配置"
	switch {
	case url == "":
		return bad("no public address is configured, so the platform cannot deliver", "write http.public_url, then "+page+" set URL to that address followed by /webhook/"+string(a.inbox))
	case !strings.HasPrefix(url, "https://"):
		return warn("deliveries go over plain http: "+url, "use https, so that nobody on the way can read or change them")
	}
	return warn("the platform does not tell its server address by API: please compare",
		fmt.Sprintf("%s URL must be %s, Token as in the configuration, mode %s, and it must be enabled (启用)", page, url, a.vault.mode))
}

// inspectRight asks for the one right that accounts may lack.
func (a *Adapter) inspectRight(ctx context.Context) adapters.Finding {
	err := a.client.post(ctx, pathTyping, map[string]any{"touser": nobody, "command": "Typing"})
	switch {
	case hasCode(err, codeNoRight) && a.pushes.Load():
		return bad("customer-service messages: the account has no right to send them (48001)",
			"certify the account and look at 设置与开发 > 接口权限 > 客服消息, or write service_api: false")
	case hasCode(err, codeNoRight):
		return fine("customer-service messages: the account has none, as service_api: false says")
	case err == nil, hasCode(err, codeOpenID, codeNoRecentMessage, codeNoSuchAccount):
		if !a.pushes.Load() {
			return warn("customer-service messages: the account may send them, but service_api is false", "remove service_api: false")
		}
		return fine("customer-service messages: the account may send them")
	}
	return refused("customer-service messages", err)
}

// fixes say what to do about a refusal.
var fixes = map[string]string{
	"40164": "add that address on 设置与开发 > 基本配置 > IP白名单",
	"40125": "app_secret is wrong or was reset: copy it anew from 设置与开发 > 基本配置",
	"40001": "app_secret is wrong or was reset: copy it anew from 设置与开发 > 基本配置",
	"40013": "app_id is wrong: copy it from 设置与开发 > 基本配置",
	"40243": "the secret is frozen: unfreeze it on 设置与开发 > 基本配置",
	"45009": "the day's quota is used up: wait until midnight, or clear it with /cgi-bin/clear_quota (ten times a month)",
	"48004": "the API was banned: see the notices on mp.weixin.qq.com",
	"50002": "the account is limited: see the notices on mp.weixin.qq.com",
	"89503": "an administrator must confirm the call on the phone: see the notice there",
}

func refused(what string, err error) adapters.Finding {
	var se *adapters.SendError
	if !errors.As(err, &se) {
		return bad(what+": "+err.Error(), "try again")
	}
	fix := fixes[se.Code]
	switch {
	case fix != "":
	case se.Reason == adapters.ReasonUnavailable || se.Reason == adapters.ReasonUnknown:
		fix = "the platform cannot be reached: check the network and api_base"
	default:
		fix = "look the code up in the platform's list of return codes"
	}
	return bad(what+": "+se.Error(), fix)
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
