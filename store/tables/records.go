package tables

import (
	"context"
	"strconv"
	"strings"

	"parley/store"
	"parley/store/jobs"
)

// Deals is every deal that was made, with both sides and how far the work has got, in the
// order of the ad requests.
func Deals(s *store.Store) Table {
	type row struct {
		SponsorID, Sponsor, InfluencerID string
		dealRow
	}
	const from = "ad_request_rows AS r JOIN campaigns AS c ON c.id = r.campaign_id WHERE r.deal_seq > 0"
	query := "SELECT r.sponsor_id, (SELECT u.name FROM users AS u WHERE u.id = r.sponsor_id) AS sponsor, r.influencer_id, " +
		strings.TrimPrefix(strings.Replace(dealColumns, "%party%", "influencer_id", 1), "SELECT ") + from +
		" AND r.id > ? ORDER BY r.id LIMIT ?"
	return Table{Name: "deals", Columns: []string{
		"campaign_id", "campaign", "currency", "sponsor_id", "sponsor", "influencer_id",
		"room_id", "influencer", "status", "last_fee_minor", "deal_fee_minor", "deliverables", "confirmed", "updated_at",
	}, Count: counter(s, from), Page: func(ctx context.Context, cursor string) ([][]string, string, error) {
		return scan(ctx, s, query, []any{cursor}, func(r *row) string { return text(r.Room) }, func(r *row) []string {
			return append([]string{r.CampaignID, r.Campaign, r.Currency, r.SponsorID, r.Sponsor, r.InfluencerID}, r.request()...)
		})
	}}
}

// Jobs is all jobs that are kept, newest first, without what a worker needs for them.
func Jobs(s *store.Store, f jobs.Filter) Table {
	return Table{Name: "jobs", Columns: []string{
		"id", "kind", "user_id", "period", "state", "attempts", "due_at", "outcome", "created_at", "finished_at",
	}, Count: counter(s, "jobs"), Page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]jobs.Job, string, error) {
		return jobs.List(ctx, s, f)
	}, func(j *jobs.Job) []string {
		return []string{
			digits(j.ID), j.Kind, j.User, j.Period, string(j.State), strconv.Itoa(j.Attempts), instant(j.RunAt), j.Outcome,
			instant(&j.CreatedAt), instant(j.FinishedAt),
		}
	})}
}

// Webhooks is all endpoints, with the host alone: the rest of an address may be a secret.
func Webhooks(s *store.Store) Table {
	type row struct {
		ID, UserID, Form, Name, Host string
		Failures                     int64
		FailingSince, OffAt          *int64
		OffReason                    string
		CreatedAt                    int64
	}
	const query = "SELECT id, user_id, form, name, host, failures, failing_since, off_at, off_reason, created_at" +
		" FROM webhooks WHERE id > ? ORDER BY id LIMIT ?"
	return Table{Name: "webhooks", Columns: []string{
		"id", "user_id", "form", "name", "host", "failures", "failing_since", "off_at", "off_reason", "created_at",
	}, Count: counter(s, "webhooks"), Page: func(ctx context.Context, cursor string) ([][]string, string, error) {
		return scan(ctx, s, query, []any{cursor}, func(r *row) string { return r.ID }, func(r *row) []string {
			return []string{
				r.ID, r.UserID, r.Form, r.Name, r.Host, digits(r.Failures), instant(store.TimeOrNil(r.FailingSince)),
				instant(store.TimeOrNil(r.OffAt)), r.OffReason, at(r.CreatedAt),
			}
		})
	}}
}

// Reports is which months were reported to whom.
func Reports(s *store.Store) Table {
	type row struct {
		UserID, Month string
		MadeAt        int64
		Complete      bool
	}
	const query = "SELECT user_id, month, made_at, complete FROM reports" +
		" WHERE user_id >= ? AND (user_id > ? OR month > ?) ORDER BY user_id, month LIMIT ?"
	return Table{Name: "reports", Columns: []string{
		"user_id", "month", "made_at", "complete",
	}, Count: counter(s, "reports"), Page: func(ctx context.Context, cursor string) ([][]string, string, error) {
		user, month, _ := strings.Cut(cursor, " ")
		return scan(ctx, s, query, []any{user, user, month}, func(r *row) string { return r.UserID + " " + r.Month }, func(r *row) []string {
			return []string{r.UserID, r.Month, at(r.MadeAt), yes(r.Complete)}
		})
	}}
}
