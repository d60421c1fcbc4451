package wechat

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// Errors of opening a delivery; the webhook turns them into statuses.
var (
	errNotAuthentic = errors.New("signature does not match")
	errStale        = errors.New("timestamp is outside the window")
	errUnreadable   = errors.New("body cannot be read")
)

// vault verifies, opens and seals what is exchanged with the platform.
type vault struct {
	appID  string
	mode   Mode
	tokens []string // current first
	keys   [][]byte // current first; empty in plain mode
	window time.Duration
	now    func() time.Time
}

// pair is the token and key that opened a delivery. Its reply uses the same: they are what the platform holds at that moment.
type pair struct {
	token string
	key   []byte // nil = plain
}

// verifyQuery checks the signature of token, timestamp and nonce, which every request carries, and the age of the timestamp.
func (v *vault) verifyQuery(q url.Values) (token string, err error) {
	ts, nonce := q.Get("timestamp"), q.Get("nonce")
	token, ok := v.signedBy(q.Get("signature"), ts, nonce)
	if !ok {
		return "", errNotAuthentic
	}
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil {
		return "", errStale
	}
	if age := v.now().Sub(time.Unix(sec, 0)); age > v.window || age < -v.window {
		return "", errStale
	}
	return token, nil
}

// signedBy finds the token that makes signature over the other parts. All tokens are tried, each in constant time.
func (v *vault) signedBy(signature string, parts ...string) (token string, ok bool) {
	for _, t := range v.tokens {
		want := util.Signature(append([]string{t}, parts...)...)
		if subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1 && !ok {
			token, ok = t, true
		}
	}
	return token, ok
}

// open returns the delivery's XML and what it was sealed with. token is what verifyQuery found.
func (v *vault) open(q url.Values, token string, body []byte) ([]byte, pair, error) {
	if v.mode == ModePlain {
		return body, pair{token: token}, nil
	}
	encrypted, err := parseEnvelope(body)
	if err != nil {
		return nil, pair{}, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if encrypted == "" {
		return nil, pair{}, fmt.Errorf("%w: not encrypted; is the platform in plain mode?", errNotAuthentic)
	}
	token, ok := v.signedBy(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), encrypted)
	if !ok {
		return nil, pair{}, errNotAuthentic
	}
	plain, key, err := v.decrypt(encrypted)
	if err != nil {
		return nil, pair{}, err
	}
	return plain, pair{token: token, key: key}, nil
}

// decrypt tries the current key, then the previous one.
func (v *vault) decrypt(encrypted string) (plain, key []byte, err error) {
	sealed, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: not base64", errUnreadable)
	}
	for _, key := range v.keys {
		_, plain, appID, err := util.AESDecryptMsg(sealed, key)
		if err == nil && subtle.ConstantTimeCompare(appID, []byte(v.appID)) == 1 {
			return plain, key, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: no key opens it, or it is for another account", errUnreadable)
}

// seal encrypts and signs a reply. The nonce is fresh.
func (v *vault) seal(plain []byte, p pair) (sealedReply, error) {
	random := make([]byte, 16+8)
	if _, err := rand.Read(random); err != nil {
		return sealedReply{}, fmt.Errorf("seal reply: %w", err)
	}
	encrypted := base64.StdEncoding.EncodeToString(util.AESEncryptMsg(random[:16], plain, v.appID, p.key))
	ts := v.now().Unix()
	nonce := fmt.Sprintf("%x", random[16:])
	return sealedReply{
		EncryptedMsg: encrypted,
		MsgSignature: util.Signature(p.token, strconv.FormatInt(ts, 10), nonce, encrypted),
		Timestamp:    ts,
		Nonce:        nonce,
	}, nil
}
