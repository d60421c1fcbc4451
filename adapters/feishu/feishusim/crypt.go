package feishusim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// sign is the platform's signature: the hex SHA-256 of timestamp, nonce, encrypt key and raw body in a row.
func sign(timestamp, nonce, key string, body []byte) string {
	sum := sha256.Sum256(append([]byte(timestamp+nonce+key), body...))
	return hex.EncodeToString(sum[:])
}

// encrypt is AES-256-CBC with PKCS#7 under SHA-256(key); the IV goes in front and all of it is base64.
func encrypt(plain []byte, key string, iv [aes.BlockSize]byte) (string, error) {
	secret := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return "", fmt.Errorf("feishusim: cipher: %w", err)
	}
	n := aes.BlockSize - len(plain)%aes.BlockSize
	padded := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(padded, padded)
	return base64.StdEncoding.EncodeToString(append(iv[:], padded...)), nil
}

func randomIV() (iv [aes.BlockSize]byte) {
	_, _ = rand.Read(iv[:]) // never fails
	return iv
}

// randomHex returns 2n characters.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
