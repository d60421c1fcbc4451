package feishu

import "kefu/adapters"

// The pages of the developer console, which names them in Chinese and in English.
var (
	pageBot     = page("添加应用能力 (Add Features), and add 机器人 (Bot)", "添加应用能力，添加「机器人」")
	pageRelease = page("版本管理与发布 (Version Management & Release): create and publish a version, and have an admin enable the app", "版本管理与发布，创建并发布版本，请管理员启用应用")
	pageSecret  = page("凭证与基础信息 (Credentials & Basic Info), and compare App ID and App Secret with app_id and app_secret; see that a version is published",
		"凭证与基础信息，核对 App ID、App Secret 与 app_id、app_secret；并确认已发布版本")
	pageAddress = page("安全设置 (Security Settings) > IP 白名单 (IP Whitelist), and add the address this machine is seen with from outside",
		"安全设置 > IP 白名单，加上本机的出口 IP")
	fixReach = adapters.Fix{
		EN: "check api_base (https://open.feishu.cn or https://open.larksuite.com) and that this machine reaches it, and try again",
		ZH: "检查 api_base（https://open.feishu.cn 或 https://open.larksuite.com）以及本机能否访问它，再试一次",
	}
)

// page is a fix on a page of the developer console.
func page(en, zh string) adapters.Fix {
	return adapters.Fix{
		EN: "in the developer console (open.feishu.cn/app) open the app, " + en,
		ZH: "打开开发者后台 open.feishu.cn/app 里的应用 > " + zh,
	}
}

// scopePage says to add a scope.
func scopePage(scope string) adapters.Fix {
	return page("权限管理 (Permissions & Scopes), add "+scope+", then publish a version (版本管理与发布)", "权限管理，开通 "+scope+"，再到「版本管理与发布」发布版本")
}

// eventsPage is a fix on the page of events and callbacks.
func eventsPage(en, zh string) adapters.Fix {
	return page("事件与回调 (Events & Callbacks): "+en, "事件与回调，"+zh)
}

// What to do in and about the desk's group.
var (
	fixGroupID = adapters.Fix{
		EN: "write /id to the bot in the desk's group, and put the id it tells into desks",
		ZH: "在客服群里对机器人发 /id，把显示的编号写进 desks",
	}
	fixGroupBot = adapters.Fix{
		EN: "in the group open 设置 (Settings) > 群机器人 (Bots) and add the bot; write /id there and compare the id with desks",
		ZH: "在群里打开「设置 > 群机器人」，添加这个机器人；再发 /id，与 desks 里的编号核对",
	}
	fixGroupNew = adapters.Fix{
		EN: "make another group, add the bot in 设置 (Settings) > 群机器人 (Bots), write /id there and put the id into desks",
		ZH: "新建一个群，在「设置 > 群机器人」里添加机器人，发 /id，把编号写进 desks",
	}
	fixGroupSpeak = adapters.Fix{
		EN: "in the group open 设置 (Settings) > 群管理 (Manage Group) > 谁可以发言 (Who can send messages) and choose 所有群成员 (All members), or add the bot there",
		ZH: "在群里打开「设置 > 群管理 > 谁可以发言」，选「所有群成员」，或把机器人加进去",
	}
	fixGroupOwn = adapters.Fix{
		EN: "use a group of your own company, or allow 外部群 (external groups) for the bot in the developer console and publish a version",
		ZH: "换成企业内部群，或在开发者后台的机器人能力里允许「外部群」后发布版本",
	}
)

// refused explains a failed call.
func refused(subject string, err error) adapters.Finding {
	fix := adapters.Fix{EN: "look the code up in the manual's table", ZH: "在手册的错误码表里查这个代码"}
	switch reason := adapters.ReasonOf(err); {
	case reason == adapters.ReasonUnavailable, reason == adapters.ReasonUnknown, reason == adapters.ReasonRateLimited:
		fix = fixReach
	case refusedWith(err, codeAddress):
		fix = pageAddress
	case refusedWith(err, codeQuota):
		fix = adapters.Fix{
			EN: "the month's API calls are used up: in the admin console (feishu.cn/admin) upgrade the plan under 费用中心 (Billing), or wait for the next month",
			ZH: "本月 API 调用次数已用完：在管理后台 feishu.cn/admin 的「费用中心」升级套餐，或等到下个月",
		}
	case refusedWith(err, codeNotEnabled):
		fix = pageRelease
	case noBot(err):
		fix = pageBot
	case reason == adapters.ReasonUnauthorized:
		fix = pageSecret
	}
	return adapters.Bad(subject+": "+err.Error(), fix)
}
