package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"time"

	"parley/api"
	"parley/cmd/parley/internal/demo"
	"parley/rooms"
	"parley/store"
	"parley/store/audit"
)

// migrateCommand is for operators who run it apart from serve, which migrates
// by itself.
type migrateCommand struct {
	database
	logging
}

// Run migrates.
func (c *migrateCommand) Run(ctx context.Context) error {
	return store.Migrate(ctx, c.storeConfig(c.logger()))
}

// restoredCommand marks that the database was restored from a backup.
type restoredCommand struct {
	database
	logging
}

// Run gives the store a new epoch, so that clients start over.
func (c *restoredCommand) Run(ctx context.Context) error {
	if err := store.NewEpoch(ctx, c.storeConfig(c.logger())); err != nil {
		return err
	}
	fmt.Println("The store has a new epoch; start the instances again.")
	return nil
}

type seedCommand struct {
	database
	logging
	Seed  uint64 `default:"1" help:"The same number makes the same market."`
	Scale int    `default:"72" help:"About how many influencers; a tenth as many campaigns, ten times as many events."`
}

// Run fills the database if it has no users yet.
func (c *seedCommand) Run(ctx context.Context) error {
	if c.Scale < 1 || c.Scale > maxScale {
		return fmt.Errorf("--scale must be from 1 to %d", maxScale)
	}
	began := time.Now()
	told := began
	seeded, err := seedDemo(ctx, c.storeConfig(c.logger()), c.Seed, c.Scale, func(at time.Time, commands int) {
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "%s: %d commands, %.0f a second\n",
				at.Format(time.DateOnly), commands, float64(commands)/time.Since(began).Seconds())
		}
	})
	if err != nil {
		return err
	}
	if !seeded {
		fmt.Fprintln(os.Stderr, "The database has users already; nothing was changed.")
		return nil
	}
	printLogins()
	return nil
}

// maxScale bounds the market of seed.
const maxScale = 1_000_000

// seedDemo tells the demo's story into an empty store and reports whether it
// was empty. The story has a clock of its own, so the store is opened for it
// alone.
func seedDemo(ctx context.Context, cfg store.Config, seed uint64, scale int, progress func(time.Time, int)) (seeded bool, err error) {
	until := cfg.Clock()
	clock := demo.NewClock(until)
	cfg.Clock = clock.Now
	err = store.With(ctx, cfg, func(st *store.Store) error {
		users, _, err := st.ListUsers(ctx, store.UserFilter{Limit: 1})
		if err != nil || len(users) > 0 {
			return err
		}
		seeded = true
		seeder := demo.Seeder{
			Store: st, Clock: clock, Until: until, HashPassword: func(password string) (string, error) { return api.HashPassword(password) },
			Rand: mathrand.New(mathrand.NewPCG(seed, seed)), OfferLimit: 10, Scale: scale, Progress: progress,
		}
		return seeder.Run(ctx)
	})
	return seeded, err
}

func printLogins() {
	for _, l := range demo.Logins {
		fmt.Printf("  %-11s %-24s %s\n", l.Role, l.Email, demo.Password)
	}
}

type adminCommand struct {
	Create adminCreateCommand `cmd:"" help:"Create an admin; the password is read from standard input, or made and printed."`
}

type adminCreateCommand struct {
	database
	logging
	Email    string `required:"" help:"The admin's e-mail address."`
	Name     string `default:"Admin" help:"The admin's name."`
	Generate bool   `help:"Make a password and print it instead of reading one."`
}

// Run creates the admin.
func (c *adminCreateCommand) Run(ctx context.Context) error {
	password, err := c.password()
	if err != nil {
		return err
	}
	hash, err := api.HashPassword(password, c.Name, c.Email)
	if err != nil {
		return err
	}
	return store.With(ctx, c.storeConfig(c.logger()), func(st *store.Store) error {
		id, err := st.NewID()
		if err != nil {
			return err
		}
		// Who runs the server knows whose address it is.
		confirmed := rooms.At(time.Now())
		u, err := st.CreateUser(ctx, store.User{
			ID: id, VerifiedAt: &confirmed, Email: strings.ToLower(strings.TrimSpace(c.Email)), Name: c.Name,
			Role: rooms.Admin, PasswordHash: hash, Approved: true,
		}, audit.Also(audit.Entry{Action: audit.ActionAdminCreated, Subject: audit.Subject{Kind: "user", ID: id}}))
		if err != nil {
			return err
		}
		fmt.Printf("admin %s created\n", u.ID)
		if c.Generate {
			fmt.Printf("password: %s\n", password)
		}
		return nil
	})
}

func (c *adminCreateCommand) password() (string, error) {
	if c.Generate {
		var b [12]byte
		if _, err := rand.Read(b[:]); err != nil {
			return "", fmt.Errorf("make a password: %w", err)
		}
		return hex.EncodeToString(b[:]), nil
	}
	fmt.Fprint(os.Stderr, "Password: ")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return "", fmt.Errorf("no password on standard input (or use --generate): %w", err)
	}
	return password, nil
}

type verifyCommand struct {
	database
	logging
	Room      string `arg:"" optional:"" help:"One room's id; without it the whole log and the audit log."`
	AuditHead string `placeholder:"POS:HASH" help:"A head of the audit log that was printed before: checks that the log still leads through it."`
}

// Run checks the logs and exits with 1 when it finds a problem.
func (c *verifyCommand) Run(ctx context.Context) error {
	var known []audit.Head
	if c.AuditHead != "" {
		head, err := audit.ParseHead(c.AuditHead)
		if err != nil {
			return err
		}
		known = append(known, head)
	}
	return store.With(ctx, c.storeConfig(c.logger()), func(st *store.Store) error {
		report, err := st.Verify(ctx, c.Room, func(p store.Problem) {
			fmt.Printf("PROBLEM room=%s campaign=%s seq=%d: %s\n", p.Room, p.Campaign, p.Seq, p.What)
		})
		if err != nil {
			return err
		}
		fmt.Printf("%d rooms, %d events, %d campaigns checked: %d problems\n",
			report.Rooms, report.Events, report.Campaigns, report.Problems)
		if c.Room != "" {
			fmt.Printf("head %x\n", report.Head)
		}
		problems := int64(report.Problems)
		if c.Room == "" {
			log, err := audit.Verify(ctx, st, func(p audit.Problem) { fmt.Printf("PROBLEM %s\n", p) }, known...)
			if err != nil {
				return err
			}
			fmt.Printf("%d audit entries checked: %d problems\naudit head %s\n", log.Entries, log.Problems, log.Head)
			problems += log.Problems
		}
		if problems > 0 {
			return &exitError{code: 1}
		}
		return nil
	})
}
