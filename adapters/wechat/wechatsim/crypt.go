package wechatsim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// padTo is the block of the platform's PKCS#7 padding, twice the cipher's.
const padTo = 32

// sealer signs and encrypts as 消息加解密说明 lays down:
// https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html .
type sealer struct {
	appID string
	token string
	block cipher.Block
	iv    []byte
}

func newSealer(appID, token, encodingAESKey string) (sealer, error) {
	key, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	if err != nil || len(key) != 32 {
		return sealer{}, errors.New("EncodingAESKey must be 43 characters of base64")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("EncodingAESKey: %w", err)
	}
	return sealer{appID: appID, token: token, block: block, iv: key[:aes.BlockSize]}, nil
}

// sign is the SHA-1 of the token and the parts in lexical order.
func (s sealer) sign(parts ...string) string {
	all := append([]string{s.token}, parts...)
	slices.Sort(all)
	sum := sha1.Sum([]byte(strings.Join(all, "")))
	return hex.EncodeToString(sum[:])
}

// encrypt seals plain with 16 leading bytes, which are random outside of tests.
func (s sealer) encrypt(random [16]byte, plain []byte) string {
	var b []byte
	b = append(b, random[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(plain)))
	b = append(b, plain...)
	b = append(b, s.appID...)
	pad := padTo - len(b)%padTo
	b = append(b, slices.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(s.block, s.iv).CryptBlocks(b, b)
	return base64.StdEncoding.EncodeToString(b)
}

var errSealed = errors.New("cannot be decrypted")

// decrypt opens what encrypt made, checking every byte of the padding and the app id.
func (s sealer) decrypt(sealed string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(b) == 0 || len(b)%padTo != 0 {
		return nil, errSealed
	}
	cipher.NewCBCDecrypter(s.block, s.iv).CryptBlocks(b, b)
	pad := int(b[len(b)-1])
	if pad < 1 || pad > padTo {
		return nil, errSealed
	}
	body, tail := b[:len(b)-pad], b[len(b)-pad:]
	for _, c := range tail {
		if int(c) != pad {
			return nil, errSealed
		}
	}
	if len(body) < 20 {
		return nil, errSealed
	}
	size := uint64(binary.BigEndian.Uint32(body[16:20]))
	if size > uint64(len(body)-20) || string(body[20+size:]) != s.appID {
		return nil, errSealed
	}
	return body[20 : 20+size], nil
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

func random16() (r [16]byte) {
	_, _ = rand.Read(r[:])
	return r
}
