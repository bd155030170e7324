package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may happen: PerSecond on average, Burst at once.
// The zero Rate allows nothing.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits are what one client may ask for. Zero values choose the defaults named.
type Limits struct {
	// Commands bounds the durable commands of one user. Default 20/s, burst 60.
	Commands Rate
	// Signals bounds typing and seen of one user; what is over it is dropped.
	// Default 5/s, burst 20.
	Signals Rate
	// Requests bounds joins, leaves and REST requests of one user. Default 50/s,
	// burst 200.
	Requests Rate
	// Visits bounds the requests of one address to what is open to everybody: profiles,
	// their pages and pictures, links from mails, logging in. Default 100/s, burst 1000:
	// many may be behind one address.
	Visits Rate
	// Flood bounds everything one user sends over the socket; over it the
	// connection is closed. Default 100/s, burst 400.
	Flood Rate
	// Logins bounds logins and registrations of one address. LoginsPerAccount bounds
	// logins to one account: those of each browser that has logged in to it before,
	// and else those of each address. Default 1/s burst 10, and 0.1/s burst 10.
	Logins, LoginsPerAccount Rate
	// LoginsOfStrangers bounds logins to one account from all browsers together that
	// have not logged in to it before. Default 100/h, burst 100.
	LoginsOfStrangers Rate
	// Codes bounds the codes of one user's second factor. Default one in 30 s, burst 10.
	Codes Rate
	// Mails bounds the mails to one account that anyone can cause. Default 10/h, burst 3.
	Mails Rate
	// WebhookTests bounds the messages by which one user tries webhooks: each has the
	// server call an address of their choice. Default 20/h, burst 5.
	WebhookTests Rate
	// Upgrades bounds new connections of one address. Default 50/s, burst 500.
	Upgrades Rate
	// Pictures bounds the uploads of one user. Default 0.1/s, burst 10.
	Pictures Rate
	// InFlight bounds the commands of one connection that wait for their commit.
	// Default 64.
	InFlight int
	// Keys bounds the users or addresses that one limit remembers. Default 65,536.
	Keys int
}

func (l *Limits) setDefaults() {
	set := func(r *Rate, perSecond float64, burst int) {
		if *r == (Rate{}) {
			*r = Rate{PerSecond: perSecond, Burst: burst}
		}
	}
	set(&l.Commands, 20, 60)
	set(&l.Signals, 5, 20)
	set(&l.Requests, 50, 200)
	set(&l.Visits, 100, 1000)
	set(&l.Flood, 100, 400)
	set(&l.Logins, 1, 10)
	set(&l.LoginsPerAccount, 0.1, 10)
	set(&l.LoginsOfStrangers, 100./3600, 100)
	set(&l.Codes, 1./30, 10)
	set(&l.Mails, 10./3600, 3)
	set(&l.WebhookTests, 20./3600, 5)
	set(&l.Upgrades, 50, 500)
	set(&l.Pictures, 0.1, 10)
	if l.InFlight == 0 {
		l.InFlight = 64
	}
	if l.Keys == 0 {
		l.Keys = 1 << 16
	}
}

// limiter holds one Rate for each key in bounded memory. When it is full, keys
// that have not been used for as long as their bucket takes to fill are
// forgotten, which changes nothing for them; when none is, a new key is refused.
type limiter struct {
	rate Rate
	keys int
	now  func() time.Time
	// idle is how long an empty bucket takes to fill.
	idle time.Duration

	mu      sync.Mutex
	buckets map[string]*bucket
	// swept is when keys were forgotten last: a flood of new ones must not cost a
	// walk over all each time.
	swept time.Time
}

type bucket struct {
	tokens *rate.Limiter
	used   time.Time
}

func newLimiter(r Rate, keys int, now func() time.Time) *limiter {
	idle := time.Hour
	if r.PerSecond > 0 {
		idle = time.Duration(float64(r.Burst) / r.PerSecond * float64(time.Second))
	}
	return &limiter{rate: r, keys: keys, now: now, idle: idle, buckets: make(map[string]*bucket)}
}

// allow takes one from the key's bucket. If there is none, it tells when there
// will be.
func (l *limiter) allow(key string) (ok bool, retry time.Duration) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= l.keys && !l.sweep(now) {
			return false, time.Second
		}
		b = &bucket{tokens: rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)}
		l.buckets[key] = b
	}
	b.used = now
	if b.tokens.AllowN(now, 1) {
		return true, 0
	}
	if l.rate.PerSecond <= 0 {
		return false, l.idle
	}
	missing := 1 - b.tokens.TokensAt(now)
	return false, time.Duration(missing / l.rate.PerSecond * float64(time.Second))
}

// sweep forgets idle keys and tells whether there is room for one more.
func (l *limiter) sweep(now time.Time) bool {
	if now.Sub(l.swept) < time.Second {
		return false
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.used) >= l.idle {
			delete(l.buckets, key)
		}
	}
	return len(l.buckets) < l.keys
}

// check is allow as an error.
func (l *limiter) check(key string) error {
	if ok, retry := l.allow(key); !ok {
		return rateLimited(retry)
	}
	return nil
}

// limits are a server's limiters.
type limits struct {
	commands, signals, requests, flood *limiter
	logins, accounts, upgrades         *limiter
	strangers, codes, mails            *limiter
	pictures, hookTests, visits        *limiter
}

func newLimits(l Limits, now func() time.Time) limits {
	return limits{
		commands: newLimiter(l.Commands, l.Keys, now),
		signals:  newLimiter(l.Signals, l.Keys, now),
		requests: newLimiter(l.Requests, l.Keys, now),
		flood:    newLimiter(l.Flood, l.Keys, now),
		logins:   newLimiter(l.Logins, l.Keys, now),
		accounts: newLimiter(l.LoginsPerAccount, l.Keys, now),
		upgrades: newLimiter(l.Upgrades, l.Keys, now),

		strangers: newLimiter(l.LoginsOfStrangers, l.Keys, now),
		codes:     newLimiter(l.Codes, l.Keys, now),
		mails:     newLimiter(l.Mails, l.Keys, now),
		pictures:  newLimiter(l.Pictures, l.Keys, now),
		hookTests: newLimiter(l.WebhookTests, l.Keys, now),
		visits:    newLimiter(l.Visits, l.Keys, now),
	}
}
