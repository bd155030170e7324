package send

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parley/rooms"
	"parley/store/webhooks"
)

// Bounds of one attempt.
const (
	webhookTimeout    = 10 * time.Second
	webhookDial       = 5 * time.Second
	webhookAnswer     = 64 << 10 // bytes of an answer that are read, to be left aside
	webhookAnswerHead = 16 << 10
)

// chatChars bounds the text of a message to Google Chat, which takes 4,096 characters.
const chatChars = 4000

// Headers of a message; docs/protocol.md tells receivers about them.
const (
	headerMessage   = "Parley-Message-Id"
	headerTimestamp = "Parley-Timestamp"
	headerSignature = "Parley-Signature"
)

// Poster posts messages to endpoints over HTTPS. It follows no redirect, uses no proxy,
// and by default dials public addresses only.
type Poster struct {
	client *http.Client
	clock  func() time.Time
}

// PosterConfig says how a Poster reaches the world.
type PosterConfig struct {
	Clock func() time.Time
	// AllowPrivate lets endpoints have private and loopback addresses.
	AllowPrivate bool
	// Roots are the authorities that are believed; nil for those of the machine.
	Roots *x509.CertPool
	// Timeout is for endpoints that are to be waited for less than the default of ten
	// seconds an attempt; 0 is the default.
	Timeout time.Duration
}

// NewPoster makes a Poster.
func NewPoster(cfg PosterConfig) *Poster {
	dialer := &net.Dialer{Timeout: webhookDial}
	if !cfg.AllowPrivate {
		dialer.Control = onlyPublic
	}
	return &Poster{clock: cfg.Clock, client: &http.Client{
		Timeout: min(webhookTimeout, cmp.Or(cfg.Timeout, webhookTimeout)),
		Transport: &http.Transport{
			// No proxy: it would dial for us, unchecked.
			Proxy: nil, DialContext: dialer.DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: cfg.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: webhookDial, MaxResponseHeaderBytes: webhookAnswerHead,
			DisableKeepAlives: true, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// refusal is an answer that is not 2xx.
type refusal int

func (r refusal) Error() string { return fmt.Sprintf("the server answered %d", int(r)) }

// lasting tells that the same message would be refused again.
func (r refusal) lasting() bool {
	return r < 500 && r != http.StatusTooManyRequests && r != http.StatusRequestTimeout && r != http.StatusTooEarly
}

// signedBody is what signed endpoints get.
type signedBody struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Title     string     `json:"title"`
	Text      string     `json:"text"`
	CreatedAt rooms.Time `json:"created_at"`
}

// body is a message in the form of its endpoint.
func body(m *webhooks.Message) ([]byte, error) {
	if m.To.Form == webhooks.Signed {
		return json.Marshal(signedBody{ID: m.ID, Kind: m.Kind, Title: m.Title, Text: m.Text, CreatedAt: m.CreatedAt})
	}
	text := []rune(m.Text)
	if len(text) > chatChars {
		text = append(text[:chatChars-1], '…')
	}
	return json.Marshal(map[string]string{"text": string(text)})
}

// Sign is the signature of a body that is sent at a time, in seconds of Unix: HMAC-SHA256
// with the endpoint's secret over the time, a point and the body, in hex.
func Sign(secret string, seconds int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", seconds) // a hash takes everything
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Post makes one attempt. No error tells the address, which may hold a key.
func (p *Poster) Post(ctx context.Context, m *webhooks.Message, to webhooks.Target) error {
	raw, err := body(m)
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(raw))
	if err != nil || req.URL.Scheme != "https" {
		return errors.New("the address is not one of https")
	}
	req.Header.Set("Content-Type", "application/json; charset=UTF-8")
	req.Header.Set("User-Agent", "Parley")
	req.Header.Set(headerMessage, m.ID)
	if m.To.Form == webhooks.Signed {
		now := p.clock().Unix()
		req.Header.Set(headerTimestamp, strconv.FormatInt(now, 10))
		req.Header.Set(headerSignature, "v1="+Sign(to.Secret, now, raw))
	}
	resp, err := p.client.Do(req)
	if err != nil {
		var telling *url.Error
		if errors.As(err, &telling) {
			err = telling.Err
		}
		return err
	}
	// What it says is not for us; reading some of it ends the exchange in order.
	_, _ = io.CopyN(io.Discard, resp.Body, webhookAnswer)
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return refusal(resp.StatusCode)
	}
	return nil
}
