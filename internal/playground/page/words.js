// The page's texts. Elements name theirs in data-t (content), data-t-label (accessible name and tooltip) and data-t-placeholder.

const zh = {
  product: "试玩场", lede: "左边扮演顾客，右边扮演客服，下面看网关的每一步。", otherLanguage: "English", switchLanguage: "Switch to English", onDuty: "值班", views: "视图",
  wechat: "微信", wechatPassive: "微信·被动", wechatPushes: "能主动发消息的公众号", wechatAnswers: "只能被动回复的公众号", telegram: "Telegram", feishu: "飞书", desk: "客服群", log: "日志",
  deskTitle: "客服群", whichGroup: "哪个客服群", threads: "会话列表", logTitle: "事件日志",
  logSteps: "事件类型", logFilter: "筛选：会话、决策、编号…", stepsAll: "全部事件", stepsIn: "收到", stepsDecided: "决策", stepsOut: "发送", stepsBad: "异常",
  typeAs: "以谁的身份", cancel: "取消", more: "更多", send: "发送",
  online: "已连接", offline: "连接中断，正在重连…",
  customerOf: "{0}顾客", writeAs: "以 {0} 的身份输入", says: "{0}：", postsOf: "{0}的消息", newCustomer: "＋ 新顾客", customer: "顾客",
  account: "客服号", agent: "客服", admin: "管理员", stranger: "非客服",
  main: "群主页", mainHint: "群里的公开消息", ticket: "工单", case_waiting: "待接入", case_served: "接待中", case_closed: "已结束", with_waiting: "等待人工", with_served: "人工接待中", with_bot: "机器人接待", noCases: "还没有会话。以顾客身份发送“转人工”试试。",
  edited: "已编辑", passive: "被动回复", passiveHint: "在微信 5 秒被动回复里送达", reply: "引用", edit: "修改", editing: "修改消息", quoting: "引用：{0}",
  openThread: "查看话题", emptyChat: "还没有消息，说点什么：", emptyThread: "这里还没有消息。",
  try1: "怎么退货", try2: "优惠券", try3: "转人工", try4: "工单",
  sendKind: "发送", chooseFile: "选择文件…", doEvent: "动作", commands: "命令", knowledge: "知识库",
  event_start_wechat: "关注公众号", event_stop_wechat: "取消关注", event_start_telegram: "点击 Start", event_stop_telegram: "拉黑机器人", event_start_feishu: "打开会话", event_stop_feishu: "停用机器人",
  event_scan_wechat: "扫二维码", event_menu_wechat: "点自定义菜单", event_view_wechat: "点菜单链接", event_location_wechat: "上报位置", event_menu_feishu: "点机器人菜单",
  did: "{0}：{1}", pressed: "{0} 点击了「{1}」",
  kind_image: "图片", kind_photo: "图片", kind_album: "相册", kind_sticker: "表情", kind_voice: "语音", kind_audio: "语音", kind_video: "视频", kind_video_note: "圆形视频", kind_animation: "动图", kind_shortvideo: "小视频",
  kind_media: "视频", kind_file: "文件", kind_document: "文件", kind_location: "位置", kind_link: "链接", kind_contact: "名片", kind_venue: "地点", kind_dice: "骰子（未知类型）", kind_post: "富文本", kind_share_user: "名片", kind_merge_forward: "合并转发", kind_: "附件",
  step_received: "收到", step_duplicate: "重复", step_handled: "决策", step_given_up: "放弃", step_queued: "排队", step_sending: "发送中", step_sent: "已发送",
  step_failed: "失败", step_unknown: "结果未知", step_parked: "暂存",
  about: "因：{0}", logEmpty: "发一条消息，就能看到它经过的每一步。", trace: "只看这条消息", deskNow: "当前值班：{0}",
  failed: "没有成功：{0}",
};

const en = {
  product: "playground", lede: "Be a customer on the left and an agent on the right; below is each step of the gateway.", otherLanguage: "中文", switchLanguage: "切换到中文", onDuty: "On duty", views: "Views",
  wechat: "WeChat", wechatPassive: "WeChat·replies", wechatPushes: "Account that may write first", wechatAnswers: "Account that may only reply", telegram: "Telegram", feishu: "Feishu", desk: "Desk", log: "Log",
  deskTitle: "Agents’ group", whichGroup: "Which group", threads: "Cases", logTitle: "Event log",
  logSteps: "Kind of event", logFilter: "Filter: chat, decision, id…", stepsAll: "All events", stepsIn: "Received", stepsDecided: "Decisions", stepsOut: "Sends", stepsBad: "Problems",
  typeAs: "Type as", cancel: "Cancel", more: "More", send: "Send",
  online: "Connected", offline: "Connection lost, trying again…",
  customerOf: "{0} customer", writeAs: "Write as {0}", says: "{0}:", postsOf: "Messages: {0}", newCustomer: "＋ New customer", customer: "Customer",
  account: "Account", agent: "agent", admin: "admin", stranger: "no agent",
  main: "Main view", mainHint: "What everybody in the group sees", ticket: "Ticket", case_waiting: "waiting", case_served: "with an agent", case_closed: "closed", with_waiting: "waiting", with_served: "with an agent", with_bot: "with the bot", noCases: "No cases yet. Write 转人工 (“a person, please”) as a customer.",
  edited: "edited", passive: "passive", passiveHint: "Delivered inside WeChat’s five-second passive reply", reply: "Quote", edit: "Edit", editing: "Edit message", quoting: "Quote: {0}",
  openThread: "Open thread", emptyChat: "No messages yet. Say something:", emptyThread: "No messages here yet.",
  try1: "How do I return an item?", try2: "coupon problem", try3: "talk to a human", try4: "open a ticket",
  sendKind: "Send", chooseFile: "Choose a file…", doEvent: "Do", commands: "Commands", knowledge: "Knowledge base",
  event_start_wechat: "Follow the account", event_stop_wechat: "Unfollow", event_start_telegram: "Press Start", event_stop_telegram: "Block the bot", event_start_feishu: "Open the chat", event_stop_feishu: "Stop the bot",
  event_scan_wechat: "Scan a code", event_menu_wechat: "Choose from the menu", event_view_wechat: "Open a menu link", event_location_wechat: "Report a position", event_menu_feishu: "Choose from the bot menu",
  did: "{0}: {1}", pressed: "{0} pressed “{1}”",
  kind_image: "Image", kind_photo: "Photo", kind_album: "Album", kind_sticker: "Sticker", kind_voice: "Voice", kind_audio: "Voice", kind_video: "Video", kind_video_note: "Round video", kind_animation: "Animation", kind_shortvideo: "Short video",
  kind_media: "Video", kind_file: "File", kind_document: "File", kind_location: "Location", kind_link: "Link", kind_contact: "Contact", kind_venue: "Venue", kind_dice: "Dice (an unknown type)", kind_post: "Rich text", kind_share_user: "Contact card", kind_merge_forward: "Forwarded messages", kind_: "Attachment",
  step_received: "received", step_duplicate: "duplicate", step_handled: "decision", step_given_up: "given up", step_queued: "queued", step_sending: "sending", step_sent: "sent",
  step_failed: "failed", step_unknown: "unknown", step_parked: "parked",
  about: "for: {0}", logEmpty: "Send a message to see every step it takes.", trace: "Only this message", deskNow: "On duty: {0}",
  failed: "Did not work: {0}",
};

const dictionaries = { "zh-CN": zh, en };
const remembered = "kefu.language";

let language = "zh-CN";
try {
  if (localStorage.getItem(remembered) in dictionaries) language = localStorage.getItem(remembered);
} catch { /* storage is switched off */ }

/** The text of a key, with {0}, {1} filled in. */
export function t(key, ...args) {
  const text = dictionaries[language][key] ?? key;
  return text.replace(/\{(\d)\}/g, (_, n) => args[n] ?? "");
}

export const locale = () => language;

/** Fills in the texts of every element below root. */
export function translate(root) {
  for (const e of root.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const e of root.querySelectorAll("[data-t-label]")) {
    const label = t(e.dataset.tLabel);
    e.setAttribute("aria-label", label);
    if (e.matches("button")) e.title = label;
  }
  for (const e of root.querySelectorAll("[data-t-placeholder]")) e.placeholder = t(e.dataset.tPlaceholder);
}

export function switchLanguage() {
  language = language === "en" ? "zh-CN" : "en";
  try {
    localStorage.setItem(remembered, language);
  } catch { /* it lasts until the page closes */ }
}
