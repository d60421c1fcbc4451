// Package wechatsim is a strict stand-in for the WeChat platform as one official account sees it: it delivers what people do to the account's webhook,
// signed and encrypted, reads the replies, and serves the HTTP API. Everything goes over loopback with real cryptography of its own, which
// is held to the platform's published samples. A Sim is one account: several accounts need several.
//
// Deliveries: POST of XML in plain, compatible or safe mode; a request is cut after five seconds; a cut, a refused connection or a status other than
// 200 counts as failed and is repeated five seconds after the attempt began, three requests in all with the same MsgId, each signed anew; then the
// person is told that the account is out of order. "success" and an empty body acknowledge. Any other body must be a reply the
// platform accepts (sealed in safe mode, either way in compatible mode, addressed the right way round, text of 1 to 2,048 bytes),
// otherwise the person sees the same notice. A message takes at most one reply. One person's messages are pushed in
// order, the next one when the last was answered or a second later: nobody writes faster.
//
// API: /cgi-bin/stable_token (same token until five minutes before its end, then old and new both valid; force_refresh 20 times a day and 30 s
// apart), /cgi-bin/message/custom/send (text, image, voice, video, msgmenu) with the 48-hour window, the 5 messages a person's message grants and the 3 within a minute that
// following, scanning and the menu grant, /cgi-bin/message/custom/typing, /cgi-bin/media/upload and /get, /cgi-bin/message/template/send and
// /cgi-bin/message/subscribe/bizsend (of one Template). Refusals come with HTTP status 200 and errcode, as there.
//
// Not simulated: the classic token, pictures by PicUrl (only by media id), JSON deliveries, mass messages, menus' administration, content review, payment, and the
// passive replies music, news and transfer to another desk (accepted, shown as a type name). What the documents leave open is decided thus: quotas of events
// are spent before those of messages; a forced refresh within 30 s is refused with 45011; a failed push is repeated on the five-second beat also when it
// failed at once.
package wechatsim
