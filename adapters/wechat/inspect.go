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

// The pages of mp.weixin.qq.com, which has them in Chinese only.
const (
	basicPage  = "设置与开发 > 基本配置"
	serverPage = basicPage + " > 服务器配置"
)

// Inspect implements adapters.Inspector.
func (a *Adapter) Inspect(ctx context.Context, q adapters.Inspection) []adapters.Finding {
	found := []adapters.Finding{a.inspectAddress(q.WebhookURL)}
	if a.vault.mode == ModePlain {
		found = append(found, adapters.Warn("deliveries are not encrypted: their signature does not cover what they say", adapters.Fix{
			EN: "on " + serverPage + " choose 安全模式, and write mode: safe and aes_key into the configuration",
			ZH: "在 " + serverPage + " 里把消息加解密方式改为「安全模式」，并在配置里写 mode: safe 和 aes_key",
		}))
	}
	if a.client.secret == "" {
		return append(found, adapters.Warn("no app_secret: only answers inside deliveries are possible, and nothing people send can be fetched", adapters.Fix{
			EN: "write app_secret; it is shown once on " + basicPage,
			ZH: "在配置里写 app_secret；它在 " + basicPage + " 里只显示一次",
		}))
	}
	if _, _, err := a.client.fetchToken(ctx, false); err != nil {
		return append(found, refused("access token", err))
	}
	found = append(found, adapters.Fine("access token: the platform accepts app_id, app_secret and our address"))
	return append(found, a.inspectRight(ctx))
}

// inspectAddress says where deliveries must go; no API tells where they do go.
func (a *Adapter) inspectAddress(url string) adapters.Finding {
	switch {
	case url == "":
		return adapters.Bad("no public address is configured, so the platform cannot deliver", adapters.Fix{
			EN: "write http.public_url, then on " + serverPage + " set URL to that address followed by /webhook/" + string(a.inbox),
			ZH: "在配置里写 http.public_url，再到 " + serverPage + " 把 URL 填成该地址加上 /webhook/" + string(a.inbox),
		})
	case !strings.HasPrefix(url, "https://"):
		return adapters.Warn("deliveries go over plain http: "+url, adapters.Fix{
			EN: "write an https address into http.public_url and into URL on " + serverPage + ", so that nobody on the way can read or change deliveries",
			ZH: "把 http.public_url 和 " + serverPage + " 里的 URL 都改成 https 地址，防止途中被偷看或篡改",
		})
	}
	return adapters.Warn("the platform does not tell its server address by API: please compare", adapters.Fix{
		EN: fmt.Sprintf("on %s URL must be %s, Token as in the configuration, mode %s, and it must be enabled (启用)", serverPage, url, a.vault.mode),
		ZH: fmt.Sprintf("请核对 %s：URL 应为 %s，Token 与配置相同，加解密方式对应 mode: %s，并已点「启用」", serverPage, url, a.vault.mode),
	})
}

// inspectRight asks for the one right that accounts may lack.
func (a *Adapter) inspectRight(ctx context.Context) adapters.Finding {
	err := a.client.post(ctx, pathTyping, map[string]any{"touser": nobody, "command": "Typing"})
	switch {
	case hasCode(err, codeNoRight) && a.pushes.Load():
		return adapters.Bad("customer-service messages: the account has no right to send them (48001)", fixes["48001"])
	case hasCode(err, codeNoRight):
		return adapters.Fine("customer-service messages: the account has none, as service_api: false says")
	case err == nil, hasCode(err, codeOpenID, codeNoRecentMessage, codeNoSuchAccount):
		if !a.pushes.Load() {
			return adapters.Warn("customer-service messages: the account may send them, but service_api is false", adapters.Fix{
				EN: "remove service_api: false from the configuration", ZH: "删掉配置里的 service_api: false",
			})
		}
		return adapters.Fine("customer-service messages: the account may send them")
	}
	return refused("customer-service messages", err)
}

var (
	fixSecret = adapters.Fix{
		EN: "app_secret is wrong or was reset: on " + basicPage + " press 重置 beside 开发者密码(AppSecret) and copy the new one",
		ZH: "app_secret 错误或已被重置：在 " + basicPage + " 的「开发者密码(AppSecret)」旁点「重置」，复制新的",
	}
	fixNotices = adapters.Fix{
		EN: "the account or the API is restricted: read 通知中心 (the bell) on mp.weixin.qq.com and do what it says",
		ZH: "账号或接口受限：登录 mp.weixin.qq.com，点右上角「通知中心」，按通知处理",
	}
	fixConsent = adapters.Fix{
		EN: "an administrator must confirm our address: see the notice of 公众平台安全助手 on their phone, and add the address on " + basicPage + " > IP白名单",
		ZH: "需要管理员确认调用 IP：请管理员在手机「公众平台安全助手」的通知里点确认，并在 " + basicPage + " > IP白名单 加上该 IP",
	}
)

// fixes say what to do about a refusal.
var fixes = map[string]adapters.Fix{
	"40164": {
		EN: "add the address the platform saw on " + basicPage + " > IP白名单 (查看, 修改)",
		ZH: "把平台看到的 IP 加到 " + basicPage + " > IP白名单（查看 > 修改）",
	},
	"40001": fixSecret,
	"40125": fixSecret,
	"40013": {EN: "app_id is wrong: copy 开发者ID(AppID) from " + basicPage, ZH: "app_id 错误：从 " + basicPage + " 复制「开发者ID(AppID)」"},
	"40243": {EN: "the secret is frozen: unfreeze it (解冻) on " + basicPage, ZH: "AppSecret 已冻结：在 " + basicPage + " 点「解冻」"},
	"45009": {
		EN: "the day's quota is used up: wait until midnight, or clear it with /cgi-bin/clear_quota (ten times a month)",
		ZH: "当日调用次数已用完：等到零点，或调用 /cgi-bin/clear_quota 清零（每月 10 次）",
	},
	"48001": {
		EN: "certify the account (设置与开发 > 公众号设置 > 微信认证) and look for 客服消息 on 设置与开发 > 接口权限, or write service_api: false",
		ZH: "认证账号（设置与开发 > 公众号设置 > 微信认证），并在 设置与开发 > 接口权限 里确认有「客服消息」；没有就在配置里写 service_api: false",
	},
	"48004": fixNotices,
	"50001": fixNotices,
	"50002": fixNotices,
	"61024": {
		EN: "the account is run by a third-party platform: take its authorization back on 设置与开发 > 安全中心 > 授权管理, or use that platform's account",
		ZH: "账号已授权给第三方平台：在 设置与开发 > 安全中心 > 授权管理 里取消授权，或换一个账号",
	},
	"89501": fixConsent,
	"89503": fixConsent,
	"89506": fixConsent,
	"89507": fixConsent,
}

func refused(what string, err error) adapters.Finding {
	var se *adapters.SendError
	fix, known := adapters.Fix{}, false
	if errors.As(err, &se) {
		fix, known = fixes[se.Code]
	}
	switch {
	case known:
	case se == nil || se.Reason == adapters.ReasonUnavailable || se.Reason == adapters.ReasonUnknown || se.Reason == adapters.ReasonRateLimited:
		fix = adapters.Fix{
			EN: "the platform cannot be reached or is busy: check the network, a proxy and api_base, and try again",
			ZH: "连不上平台或平台繁忙：检查网络、代理和 api_base，再试一次",
		}
	default:
		fix = adapters.Fix{
			EN: "look the code up in the manual's table, or in the platform's list of return codes (全局返回码)",
			ZH: "在手册的错误码表或平台文档「全局返回码」里查这个代码",
		}
	}
	return adapters.Bad(what+": "+err.Error(), fix)
}
