package feishu

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	larkevent "github.com/larksuite/oapi-sdk-go/v3/event"

	"kefu/adapters"
)

var (
	errNotAuthentic = errors.New("delivery is not authentic")
	errMalformed    = errors.New("delivery cannot be read")
)

// verifier tells authentic deliveries from others. It is immutable.
type verifier struct {
	keys     []string // current, then previous; empty = deliveries come in plain text
	tokens   []string
	maxAge   time.Duration
	maxAhead time.Duration
}

func newVerifier(cfg Config) verifier {
	return verifier{
		keys:     reveal(cfg.EncryptKey, cfg.EncryptKeyPrevious),
		tokens:   reveal(cfg.VerificationToken, cfg.VerificationTokenPrevious),
		maxAge:   cfg.MaxAge,
		maxAhead: cfg.MaxAhead,
	}
}

func reveal(secrets ...adapters.Secret) []string {
	var out []string
	for _, s := range secrets {
		if s != "" {
			out = append(out, s.Reveal())
		}
	}
	return out
}

// open returns the decrypted, authenticated envelope, or an error that wraps errNotAuthentic or errMalformed.
func (v verifier) open(h http.Header, body []byte, now time.Time) (envelope, error) {
	if len(v.keys) == 0 {
		return v.authenticate(body)
	}
	if h.Get(larkevent.EventSignature) == "" {
		return v.openUnsigned(body)
	}
	key, ok := v.signedBy(h, body)
	if !ok || !v.fresh(h.Get(larkevent.EventRequestTimestamp), now) {
		return envelope{}, errNotAuthentic
	}
	plain, err := decryptBody(body, key)
	if err != nil {
		return envelope{}, err
	}
	return v.authenticate(plain)
}

// openUnsigned accepts the one delivery that may come without a signature: the check of the webhook's URL, which is encrypted
// and holds the token.
func (v verifier) openUnsigned(body []byte) (envelope, error) {
	for _, key := range v.keys {
		plain, err := decryptBody(body, key)
		if err != nil {
			continue
		}
		if e, err := v.authenticate(plain); err == nil && e.challenges() {
			return e, nil
		}
	}
	return envelope{}, errNotAuthentic
}

// authenticate compares the verification token, which every kind of delivery carries.
func (v verifier) authenticate(plain []byte) (envelope, error) {
	e, err := parseEnvelope(plain)
	if err != nil {
		return envelope{}, err
	}
	for _, token := range v.tokens {
		if subtle.ConstantTimeCompare([]byte(token), []byte(e.token())) == 1 {
			return e, nil
		}
	}
	return envelope{}, errNotAuthentic
}

// connected reads a payload of the long connection, which the app's secret has opened: it is neither signed nor encrypted. A token is compared where
// one is configured and one is told.
func (v verifier) connected(payload []byte) (envelope, error) {
	e, err := parseEnvelope(payload)
	if err != nil || len(v.tokens) == 0 || e.token() == "" {
		return e, err
	}
	return v.authenticate(payload)
}

func (v verifier) signedBy(h http.Header, body []byte) (key string, ok bool) {
	got := []byte(h.Get(larkevent.EventSignature))
	for _, k := range v.keys {
		want := signature(h.Get(larkevent.EventRequestTimestamp), h.Get(larkevent.EventRequestNonce), k, body)
		if subtle.ConstantTimeCompare(got, []byte(want)) == 1 {
			return k, true
		}
	}
	return "", false
}

func signature(timestamp, nonce, key string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(timestamp))
	h.Write([]byte(nonce))
	h.Write([]byte(key))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// fresh judges the signed time, Unix seconds.
func (v verifier) fresh(timestamp string, now time.Time) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || n <= 0 {
		return false
	}
	age := now.Sub(unixTime(n))
	return age <= v.maxAge && age >= -v.maxAhead
}

func decryptBody(body []byte, key string) ([]byte, error) {
	var msg larkevent.EventEncryptMsg
	if err := json.Unmarshal(body, &msg); err != nil || msg.Encrypt == "" {
		return nil, errMalformed
	}
	return decrypt(msg.Encrypt, key)
}

// decrypt undoes base64(IV + AES-256-CBC(PKCS#7)) with the key SHA-256(secret).
func decrypt(encrypted, secret string) ([]byte, error) {
	buf, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(buf) < 2*aes.BlockSize || len(buf)%aes.BlockSize != 0 {
		return nil, errMalformed
	}
	key := sha256.Sum256([]byte(secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, errMalformed
	}
	iv, data := buf[:aes.BlockSize], buf[aes.BlockSize:]
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(data, data)
	return unpad(data)
}

func unpad(data []byte) ([]byte, error) {
	n := int(data[len(data)-1])
	if n == 0 || n > aes.BlockSize || n > len(data) {
		return nil, errMalformed
	}
	for _, b := range data[len(data)-n:] {
		if int(b) != n {
			return nil, errMalformed
		}
	}
	return data[:len(data)-n], nil
}
