package api_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"parley/api"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
)

// TestAdminsSteerJobs: a mail that failed is sent again by its job, one that waits is
// withdrawn with it, and a kind that is paused waits; each leaves an audit entry.
func TestAdminsSteerJobs(t *testing.T) {
	w := start(t, options{})
	admin := w.admin()
	_, err := store.Write(t.Context(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, outbox.Put(ctx, tx,
			outbox.Mail{Key: "a", Kind: "k", To: "a@example.test", Subject: "s", Text: "t"},
			outbox.Mail{Key: "b", Kind: "k", To: "b@example.test", Subject: "s", Text: "t"})
	})
	must(t, err)
	b, err := jobs.Claim(t.Context(), w.store, jobs.Mail, 1, time.Minute)
	must(t, err)
	failed := b.Jobs[0]
	_, err = store.Write(t.Context(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		if _, err := jobs.Finish(ctx, tx, b.Token, jobs.Result{ID: failed.ID, Failed: true, Outcome: "refused"}); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, outbox.Note(ctx, tx, outbox.GaveUp, failed.Period)
	})
	must(t, err)

	mailState := func(id string) string {
		return admin.call("GET", "/api/admin/mail/"+id, nil).want(200).text("mail.state")
	}
	list := admin.call("GET", "/api/admin/jobs?kind=mail&state=failed", nil).want(200).items()
	if len(list) != 1 || at(list[0], "outcome") != "refused" || mailState(failed.Period) != "failed" {
		t.Fatalf("failed: %v", list)
	}
	admin.call("POST", fmt.Sprintf("/api/admin/jobs/%d/retry", failed.ID), nil).want(204)
	admin.call("POST", fmt.Sprintf("/api/admin/jobs/%d/retry", failed.ID), nil).refused(404, "not_found", "")
	if state := mailState(failed.Period); state != "queued" {
		t.Errorf("after another try was asked for: %s", state)
	}
	admin.call("POST", fmt.Sprintf("/api/admin/jobs/%d/cancel", failed.ID), nil).want(204)
	if state := mailState(failed.Period); state != "withdrawn" {
		t.Errorf("after it was cancelled: %s", state)
	}

	admin.call("POST", "/api/admin/jobs/kinds/mail/pause", nil).want(204)
	kinds := admin.call("GET", "/api/admin/jobs/kinds", nil).want(200)
	all, _ := kinds.body["kinds"].([]any)
	if len(all) == 0 || at(all[0], "kind") != "mail" || at(all[0], "due") != 1.0 || at(all[0], "paused_at") == nil {
		t.Errorf("paused: %s", kinds.raw)
	}
	if kinds.text("runner.mode") != "elsewhere" {
		t.Errorf("runner: %s", kinds.raw)
	}
	admin.call("POST", "/api/admin/jobs/kinds/mail/resume", nil).want(204)
	entries := admin.call("GET", "/api/admin/audit?action=jobs.", nil).want(200).items()
	if len(entries) != 4 || at(entries[0], "action") != "jobs.resumed" || at(entries[3], "action") != "jobs.retried" {
		t.Errorf("audit: %v", entries)
	}
}

// TestAdminsSeeTheSharedQueueFromAnInstanceThatDoesNone: what carries out jobs, where it
// is, and that it is not here.
func TestAdminsSeeTheSharedQueueFromAnInstanceThatDoesNone(t *testing.T) {
	var away error
	w := start(t, options{config: func(c *api.Config) {
		c.Jobs = func(context.Context) (api.JobRunner, error) {
			if away != nil {
				return api.JobRunner{}, away
			}
			return api.JobRunner{Shared: true, Waiting: 3, Servers: []api.JobServer{{Host: "worker", PID: 7, Workers: 4, Busy: 2}}}, nil
		}
	}})
	admin := w.admin()
	ask := func() *reply { return admin.call("GET", "/api/admin/jobs/kinds", nil).want(200) }
	got := ask()
	servers, _ := at(got.body["runner"], "servers").([]any)
	if got.text("runner.mode") != "shared" || at(got.body["runner"], "here") != false || len(servers) != 1 || at(servers[0], "host") != "worker" {
		t.Errorf("it does not show the queue: %s", got.raw)
	}
	away = errors.New("redis is away")
	if got := ask(); got.text("runner.mode") != "unknown" || at(got.body["runner"], "here") != false {
		t.Errorf("without Redis: %s", got.raw)
	}
}
