package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	mathrand "math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"parley/api/cache"
	"parley/hub"
	"parley/store"
	"parley/store/insight"
)

// Config says what a server works with. Store, Hub and Relay are required; zero
// values choose the defaults named.
type Config struct {
	Store *store.Store
	Hub   *hub.Hub
	// Relay is the one that feeds Hub from Store.
	Relay *Relay
	// Metrics is the one that Store and Hub report to. Default: a new one.
	Metrics *Metrics

	Clock func() time.Time
	// Rand makes tokens and ids. Default crypto/rand.
	Rand io.Reader
	// Jitter returns a random number in [0, n), to spread pings.
	Jitter func(n int64) int64
	Logger *slog.Logger

	// PublicURL is where people reach the server, for example
	// https://parley.example. With https, cookies are Secure and browsers are told
	// to stay with it. Empty: whatever host a request names.
	PublicURL string
	// Origins are further origins whose pages may use the API.
	Origins []string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Limits         Limits
	// Passwords is the cost of a password's hash. Default: PasswordParams.
	Passwords *argon2id.Params

	// TermSheet makes the PDF of a room's deal; store.ErrNotFound without one. Nil: there
	// are no term sheets.
	TermSheet func(ctx context.Context, room string) ([]byte, error)
	// SendsMail says that a mail server takes the mails. Then nobody but their receivers
	// has a use for the secrets in them, and admins do not see those; without one admins
	// pass them on.
	SendsMail bool
	// Cache keeps what many read. Default: in the process, which is for one instance.
	Cache cache.Backend

	// Assets is the built app with index.html at its root; nil or without it, a
	// page says how to build it.
	Assets fs.FS

	// Heartbeat is the time between two pings. Default 20 s.
	Heartbeat time.Duration
	// RecheckEvery is how often an instance looks whether somebody's session was taken
	// away or somebody was flagged, and closes what sockets they have here, should
	// nobody have told it. Default 500 ms.
	RecheckEvery time.Duration
	// WriteTimeout bounds one write to a client, Linger the wait for its answer to
	// a close frame. Default 10 s and 1 s.
	WriteTimeout, Linger time.Duration
	// ReadTimeout bounds the arrival of a request, its body included. Default 15 s.
	ReadTimeout time.Duration
	// IdleTimeout bounds the wait for a connection's next request, the first one
	// included. Default 75 s.
	IdleTimeout time.Duration
	// SessionTTL is how long a login lasts, TokenTTL how long a program's token
	// does if it does not say less. Default 30 and 90 days.
	SessionTTL, TokenTTL time.Duration
	// OffersPerSide is how many offers a side may put in a room. Default 10.
	OffersPerSide int
	// RequireApproval has an admin approve new sponsors before they negotiate.
	RequireApproval bool
	// Activity, if set, notes who is here. Who made it runs it.
	Activity *insight.Activity
	// RequireVerified has users confirm their address before they negotiate.
	RequireVerified bool
	// AdminSecondFactor has admins set up a second factor before anything else.
	AdminSecondFactor bool
	// Secret seals what must be read again, such as the secrets of second factors.
	// Empty: they are stored as they are.
	Secret string
	// LinkURL is what links in mails begin with. Default: PublicURL, and without it
	// http://localhost:8080; never what a request says, which anyone may write.
	LinkURL string
	// Jobs tells what carries out jobs. Default: nothing here, others do.
	Jobs func(context.Context) (JobRunner, error)
	// BusUp tells whether the bus between instances works. Default: it does.
	BusUp func() bool
}

func (c *Config) setDefaults() error {
	if c.Store == nil || c.Hub == nil || c.Relay == nil {
		return errors.New("api: Config needs Store, Hub and Relay")
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Jitter == nil {
		c.Jitter = mathrand.Int64N
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.BusUp == nil {
		c.BusUp = func() bool { return true }
	}
	if c.Cache == nil {
		c.Cache = cache.NewMemory(cacheBytes, c.Clock)
	}
	c.Limits.setDefaults()
	c.Heartbeat = cmp.Or(c.Heartbeat, 20*time.Second)
	c.RecheckEvery = cmp.Or(c.RecheckEvery, 500*time.Millisecond)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.Linger = cmp.Or(c.Linger, time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 15*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 75*time.Second)
	c.SessionTTL = cmp.Or(c.SessionTTL, 30*24*time.Hour)
	c.TokenTTL = cmp.Or(c.TokenTTL, 90*24*time.Hour)
	c.OffersPerSide = cmp.Or(c.OffersPerSide, 10)
	c.LinkURL = strings.TrimRight(cmp.Or(c.LinkURL, c.PublicURL, "http://localhost:8080"), "/")
	return nil
}
