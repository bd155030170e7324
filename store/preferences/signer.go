package preferences

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"parley/store"
)

// Signer makes and reads the tokens of the links by which a mail's reader ends its
// topic without logging in. Such a token works for ever, as mails do, and gives nothing
// else.
type Signer struct{ key []byte }

// OpenSigner reads the store's key. All instances have the same.
func OpenSigner(ctx context.Context, s *store.Store) (Signer, error) {
	var key []byte
	if err := s.Reads().NewRaw("SELECT key FROM unsubscribe_key").Scan(ctx, &key); err != nil {
		return Signer{}, store.ReadError("read the key of links", err)
	}
	return Signer{key: key}, nil
}

// Token names a topic of a user.
func (s Signer) Token(user string, t Topic) string {
	what := string(t) + "." + user
	return what + "." + s.mac(what)
}

// Read checks a token.
func (s Signer) Read(token string) (user string, t Topic, ok bool) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 || !hmac.Equal([]byte(token[end+1:]), []byte(s.mac(token[:end]))) {
		return "", "", false
	}
	topic, user, ok := strings.Cut(token[:end], ".")
	return user, Topic(topic), ok && Topic(topic).Known()
}

func (s Signer) mac(what string) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("unsubscribe\x00" + what))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}
