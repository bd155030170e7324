package webhooks

import (
	"encoding/json"
	"fmt"
	"net/url"
	"unicode/utf8"

	"parley/rooms"
	"parley/store/seal"
)

// MaxURLChars is how long an address may be.
const MaxURLChars = 500

// Target is where an endpoint is and what its messages are signed with.
type Target struct {
	URL string `json:"url"`
	// Secret is empty for endpoints that are not signed to.
	Secret string `json:"secret,omitempty"`
}

// CheckURL refuses an address to which nothing is sent, naming the field url, and tells
// its host. Where the host leads is checked with each attempt: that may change.
func CheckURL(raw string) (host string, err error) {
	if utf8.RuneCountInString(raw) > MaxURLChars {
		return "", rooms.Invalid("url", rooms.CharsAtMost(MaxURLChars))
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" {
		return "", rooms.Invalid("url", rooms.Because("https", "must be an address that begins with https://"))
	}
	if u.User != nil {
		return "", rooms.Invalid("url", rooms.Because("link_password", "must not hold a name or a password"))
	}
	if u.Fragment != "" {
		return "", rooms.Invalid("url", rooms.Because("link_fragment", "must not hold a #"))
	}
	return u.Host, nil
}

// Seal closes a target for a user.
func (t Target) Seal(s *seal.Sealer, user string) ([]byte, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("webhooks: write a target: %w", err)
	}
	return s.Seal(raw, user)
}

// Open reads where the endpoint is.
func (w *Webhook) Open(s *seal.Sealer) (Target, error) {
	raw, err := s.Open(w.Target, w.User)
	if err != nil {
		return Target{}, fmt.Errorf("webhooks: open a target: %w", err)
	}
	var t Target
	if err := json.Unmarshal(raw, &t); err != nil {
		return Target{}, fmt.Errorf("webhooks: read a target: %w", err)
	}
	return t, nil
}
