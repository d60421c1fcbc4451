// Package feishu is the adapter of Feishu (and Lark) self-built apps with the bot ability.
//
// Context: the platform pushes events to a webhook, or over a long connection that the app opens, and expects an answer within 3 seconds; otherwise it
// pushes again after 15 s, 5 min, 1 h and 6 h (open.feishu.cn/document/server-docs/event-subscription-guide/overview). Card callbacks are pushed once
// only. Everything sent goes through /open-apis/im/v1/messages, whose uuid parameter makes a repeat harmless for an hour.
//
// Decisions and their consequences:
//   - With an encrypt key, a delivery must be signed over timestamp, nonce, key and raw body (compared in constant time), be at
//     most 7 h old and 5 min ahead (the last re-push comes after 6 h), be encrypted, and carry the verification token. Without
//     the key the verification token alone authenticates, and it is compared for every event, not only for the URL check.
//     Previous keys and tokens stay valid while they are being rotated.
//   - The long connection is our own small client on github.com/coder/websocket: an event is stored and then answered, or answered with 500, so that it
//     comes again; chats are handled side by side, each in its order; pings follow the platform's numbers where they make sense; two missed pongs end
//     a connection; refusals that somebody must mend end Listen. The core lets one process listen, because the platform gives each event to one of an
//     app's connections at random. Its events carry no signature: the app's secret opened the connection. The token is compared where there is one.
//   - A thread is named by its root message (om_...), because thread ids (omt_...) cannot be sent to: writing into a thread is a
//     reply to the root with reply_in_thread. A quoting reply in a group names the same root, so agents who quote the head of a
//     case land in that case too. In a group that refuses threads (230071) the message becomes a quoting reply to the root.
//     Inside a thread the platform lets every message answer the root, so what somebody quotes there is told neither way, and
//     in a group a quotation only says which thread is meant.
//   - A private chat is the chat id (oc_...) of the person's chat with the bot; it never has threads. Sending to an open_id
//     (ou_...) works as well.
//   - Files are streamed: an upload is a form whose length is known beforehand, a download is the answer's body, given up when it stalls. Media go
//     alone, as picture, voice or video where the platform has a form for the type, otherwise as a file.
//   - The bot's own posts, other bots, system messages, and events that report no act towards the
//     account are acknowledged and not received. The bot menu (application.bot.menu_v6) names no chat: it belongs to the person's private one.
//   - People can change texts and posts, nothing else, for as long as their company's admin allows. The app hears of it by im.message.updated_v1, which has
//     the form of a new message with update_time set; the console offers that event, the public documents and the SDK do not describe it. Of a group's messages
//     it comes only for those the app hears at all (im:message.group_msg). Where it does not come, an edit stays unseen and nothing else suffers. Of deletions
//     im.message.recalled_v1 tells. What the account itself changes with PUT or PATCH is not reported.
//   - The button events name no chat type, so the buttons carry the group and the thread beside the choice.
//   - The platform's error texts echo parts of the request. They are dropped: an error holds the code, the platform's log id
//     and our own explanation of the code.
//
// The SDK (github.com/larksuite/oapi-sdk-go/v3) is used for its event and message types (event, service/im/v1), for the typed
// message calls and for building requests (core). It is contained: every call brings its own tenant token, so that the SDK's
// package-wide token cache is never touched; its HTTP client is ours and judges the response before the SDK reads it; its logger
// is silent. Its webhook helpers are replaced: EventDecrypt checks no padding and can panic, the dispatcher compares signatures
// with == and checks neither the time nor the token of events. The root package, ws and event/dispatcher are not imported, for
// they pull in every service (60 packages of 700,000 lines, minutes of CPU), and ws starts a goroutine for each frame, which loses the order: its frame, a small protocol
// buffers message, is read and written with protowire and held to bytes the SDK wrote. The three packages used here build cold in about 15 s on two idle
// cores (under 30 s of CPU), the standard library included.
package feishu
