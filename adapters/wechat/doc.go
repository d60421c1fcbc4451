// Package wechat speaks for one WeChat official account (公众号, service or subscription account): deliveries arrive over its webhook,
// answers leave inside the delivery request (被动回复) or through the customer-service message API (客服消息). It is not
// WeCom's 微信客服.
//
// # The SDK
//
// github.com/silenceper/wechat/v2 gives the types of everything that crosses the wire (message.MixMessage for deliveries, message.Text
// and message.ResponseEncryptedXMLMsg for replies, message.CustomerMessage, credential.ResAccessToken,
// customerservice.TypingStatus) and the cryptography (util.Signature, util.AESEncryptMsg, util.AESDecryptMsg). It does not make our calls and does not serve
// our requests, because
//   - its HTTP client is http.DefaultClient without a time-out, kept with the URL rewriter in package variables shared by all accounts,
//   - its errors print the URL with the access token, it takes no context on sends and never renews a refused token,
//   - its server takes the encryption mode from the query (a caller may choose plain text), compares signatures with ==, checks no time,
//     reads bodies without limit and answers every failure with an empty 200, which loses the message,
//   - its root package and its server package bring in logrus, the root one at debug level.
//
// So the client and the server here are our own, and nothing in this package is shared between accounts. Its dependencies (two cache clients) are
// linked but never used; with them the SDK costs under ten seconds of processor time in a cold build.
//
// # Authenticity
//
// The mode comes from the configuration alone. Every request must carry a fresh signature of the token, checked before the body is read.
// In compatible and safe mode the body must also be encrypted and signed; the plain copy of a compatible delivery is ignored. In plain mode the
// signature does not cover the body at all (New warns): a replay has no second effect, since a message keeps its id, but a captured
// query can carry another body for as long as its timestamp is fresh. Token and key may each have a previous value while they are rotated; the
// reply is made with the pair that opened the request. To leave plain mode without losing a message, switch the platform to compatible
// first, then this account (compatible or safe), then the platform to safe.
//
// # Answering
//
// The platform waits five seconds for a reply, then cuts the connection and asks again, three times in all, with the same MsgId
// (https://developers.weixin.qq.com/doc/subscription/guide/product/message/Passive_user_reply_message.html). The words "success" or an empty 200
// end the matter; a failure shown three times makes the platform tell the person that the account is out of order. Hence:
// a message that cannot be stored is answered 503 and comes again; one that is stored is offered to Gateway.Answer until 4.5 s
// after the request came in, then acknowledged, and the core follows up through Send. Without the customer-service API (service_api: false) there is no
// following up, so the first two requests are left open for the platform to cut, and the answer may ride on any of the three.
//
// How often a message was asked for is counted in this process; on another replica the count starts again, which only makes
// it wait longer, never answer twice: the words belong to the stored message, not to the count.
//
// A reply counts as taken once it was written and flushed to a request that was still there; Gateway.Answered says so, and what the core has to push
// afterwards need not wait until the message can no longer be asked for again. A send refused with 48001 takes the right to push from the account until the next start.
//
// # Deliveries
//
// Every message and event of the platform's documents becomes an adapters.Message. Messages whose type nobody described, and the words
// the platform writes instead of what it does not hand on (stickers), are KindUnknown. Events nobody acts on, known or not, are notices that keep the
// payload. Only reports about the account itself are dropped.
//
// # Media
//
// Media go out as temporary media (media/upload) and a customer-service message that shows them; the form is streamed, its length is known
// before, and nothing is posted until the platform has all of it. What people send is fetched by its media id; of voice messages the recording at 16 kHz first. For
// a video the platform answers with an address: it is followed only to the API's own host or, over https, to public addresses checked at
// connecting, and no redirect is followed.
//
// # Words
//
// A text may have 2,048 bytes of UTF-8; control characters and the line separators U+2028 and U+2029 are replaced, since JSON can
// write them only as \uXXXX, which the platform refuses (40033). There are no buttons, threads, edits, nor message ids of what was sent. Deliveries
// carry no name, no language, and nothing that orders messages of the same second.
package wechat
