package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"parley/store"
)

// database says which store a command works on.
type database struct {
	DatabaseURL string `name:"database" env:"PARLEY_DATABASE_URL" default:"sqlite://parley.db" help:"Where the store is: sqlite://FILE or postgres://…"`
}

// storeConfig is the part of the store's configuration that every command shares.
func (d database) storeConfig(log *slog.Logger) store.Config {
	return store.Config{URL: d.DatabaseURL, Clock: time.Now, Rand: rand.Reader, Logger: log}
}

// logging says how the program speaks to its operator.
type logging struct {
	LogFormat string     `env:"PARLEY_LOG_FORMAT" enum:"text,json" default:"text" help:"Form of the log: text or json."`
	LogLevel  slog.Level `env:"PARLEY_LOG_LEVEL" default:"info" help:"Least level that is logged: debug, info, warn, error."`
}

func (l logging) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: l.LogLevel}
	if l.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// limits are the caps that a load generator would meet; operators of normal
// servers leave them alone.
type limits struct {
	OfferLimit  int     `env:"PARLEY_OFFER_LIMIT" default:"10" help:"Offers that one side may put in a room."`
	CommandRate float64 `env:"PARLEY_COMMAND_RATE" default:"20" help:"Commands a second that one user may give on average."`
	RequestRate float64 `env:"PARLEY_REQUEST_RATE" default:"50" help:"Requests and joins a second that one user may make on average."`
	LoginRate   float64 `env:"PARLEY_LOGIN_RATE" default:"1" help:"Logins and registrations a second from one address on average."`
	UpgradeRate float64 `env:"PARLEY_UPGRADE_RATE" default:"50" help:"New sockets a second from one address on average."`
	MaxConns    int     `env:"PARLEY_MAX_CONNECTIONS" default:"50000" help:"Sockets that this instance takes."`
	MaxEach     int     `env:"PARLEY_MAX_CONNECTIONS_EACH" name:"max-connections-each" default:"32" help:"Sockets that this instance takes of one account."`
}

func (l limits) check() error {
	if l.OfferLimit < 1 || l.OfferLimit > 1_000_000_000 {
		return fmt.Errorf("PARLEY_OFFER_LIMIT must be from 1 to 1000000000, not %d", l.OfferLimit)
	}
	for name, v := range map[string]int{
		"PARLEY_MAX_CONNECTIONS": l.MaxConns, "PARLEY_MAX_CONNECTIONS_EACH": l.MaxEach,
	} {
		if v < 1 {
			return fmt.Errorf("%s must be at least 1, not %d", name, v)
		}
	}
	for name, v := range map[string]float64{
		"PARLEY_COMMAND_RATE": l.CommandRate, "PARLEY_REQUEST_RATE": l.RequestRate,
		"PARLEY_LOGIN_RATE": l.LoginRate, "PARLEY_UPGRADE_RATE": l.UpgradeRate,
	} {
		if v <= 0 {
			return fmt.Errorf("%s must be above 0, not %v", name, v)
		}
	}
	return nil
}

// trust says who may do what on this server.
type trust struct {
	RequireApproval bool   `env:"PARLEY_REQUIRE_APPROVAL" default:"true" negatable:"" help:"Have an admin approve new sponsors before they negotiate."`
	RequireVerified bool   `env:"PARLEY_REQUIRE_VERIFIED" help:"Have users confirm their e-mail address before they negotiate."`
	AdminTOTP       string `name:"admin-totp" env:"PARLEY_ADMIN_TOTP" enum:"on,off," default:"" help:"Whether admins must have a second factor: on or off; by default on, but for the demo."`
}

// adminSecondFactor tells whether admins must have a second factor.
func (t trust) adminSecondFactor(demo bool) bool {
	return t.AdminTOTP == "on" || t.AdminTOTP == "" && !demo
}

// splitList reads a comma-separated setting.
func splitList(s string) []string {
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
