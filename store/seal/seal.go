package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// minSecretChars is how long a server's secret must be at least.
const minSecretChars = 32

// Purpose separates the keys that are made of one secret. What stands in a database was
// sealed with it, so that it never changes.
type Purpose string

// The purposes.
const (
	Factors  Purpose = "parley: second factors"
	Webhooks Purpose = "parley: webhooks"
)

// Forms of a sealed text, as its first byte says.
const (
	sealedPlain = 0
	sealedGCM   = 1
)

// Sealer encrypts with AES-256-GCM and a key that HKDF makes from the server's secret.
// Without one it leaves texts as they are, and reads them again after one was set; what
// was sealed is lost with the secret. It may be used by several goroutines if its source
// of randomness may.
type Sealer struct {
	aead   cipher.AEAD // nil without a secret
	random io.Reader
}

// New makes the sealer of a purpose. A secret that is not empty has at least 32
// characters.
func New(secret string, purpose Purpose, random io.Reader) (*Sealer, error) {
	s := &Sealer{random: random}
	if secret == "" {
		return s, nil
	}
	if len(secret) < minSecretChars {
		return nil, fmt.Errorf("the secret must have at least %d characters", minSecretChars)
	}
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, string(purpose), 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return s, nil
}

// Seal encrypts a text for its owner; it cannot be opened as somebody else's.
func (s *Sealer) Seal(plain []byte, owner string) ([]byte, error) {
	if s.aead == nil {
		return append([]byte{sealedPlain}, plain...), nil
	}
	out := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	out[0] = sealedGCM
	nonce := out[1:]
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("random nonce: %w", err)
	}
	return s.aead.Seal(out, nonce, plain, []byte(owner)), nil
}

// ErrSealed says that a text cannot be opened with this secret, for this purpose and owner.
var ErrSealed = errors.New("seal: a secret cannot be read; was it sealed with another PARLEY_SECRET?")

// Open reads what Seal made for the same owner.
func (s *Sealer) Open(sealed []byte, owner string) ([]byte, error) {
	switch {
	case len(sealed) > 0 && sealed[0] == sealedPlain:
		return sealed[1:], nil
	case s.aead == nil || len(sealed) < 1+s.aead.NonceSize() || sealed[0] != sealedGCM:
		return nil, ErrSealed
	}
	nonce, rest := sealed[1:1+s.aead.NonceSize()], sealed[1+s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, rest, []byte(owner))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
