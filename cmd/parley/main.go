package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"parley/cmd/parley/internal/bench"
)

// cli is the command line; every setting can also come from the environment.
type cli struct {
	Serve    serveCommand    `cmd:"" help:"Run the server."`
	Worker   workerCommand   `cmd:"" help:"Carry out jobs, apart from serve: mails, webhooks, reminders, reports."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database's schema up to this binary's."`
	Seed     seedCommand     `cmd:"" help:"Fill an empty database with demo data."`
	Admin    adminCommand    `cmd:"" help:"Manage admins."`
	Restored restoredCommand `cmd:"" help:"Tell the store that it was restored from a backup, before serve."`
	Bench    bench.Command   `cmd:"" help:"Drive running instances as many clients and check that they keep their promises."`
	Verify   verifyCommand   `cmd:"" help:"Check the event log against its hashes, the rooms and the ledgers."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var c cli
	parser := kong.Parse(&c,
		kong.Name("parley"),
		kong.Description("A real-time negotiation hub for sponsors and influencers."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	err := parser.Run()
	var exit *exitError
	if errors.As(err, &exit) {
		stop()
		os.Exit(exit.code)
	}
	parser.FatalIfErrorf(err)
}

// exitError ends the program with a code when everything has been said already.
type exitError struct{ code int }

func (e *exitError) Error() string { return "exit" }
