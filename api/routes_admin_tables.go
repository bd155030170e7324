package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"parley/rooms"
	"parley/store/admin"
	"parley/store/audit"
	"parley/store/flags"
	"parley/store/outbox"
)

const (
	mediaCSV = "text/csv; charset=utf-8"
	// tablePage is how many rows of a download are in memory at a time.
	tablePage = 200
	// tablePatience bounds the reading of one page and its way to the client.
	tablePatience = 30 * time.Second
)

// The filters of the lists under names that can be part of another struct.
type (
	// UsersQuery selects users.
	UsersQuery = adminUsersInput
	// CampaignsQuery selects campaigns.
	CampaignsQuery = adminCampaignsInput
	// RoomsQuery selects rooms.
	RoomsQuery = adminRoomsInput
	// FlagsQuery selects flags.
	FlagsQuery = listFlagsInput
	// AuditQuery selects entries of the audit log.
	AuditQuery = listAuditInput
	// MailQuery selects mail.
	MailQuery = listMailInput
)

type (
	usersTableInput struct {
		UsersQuery
		BOM bool `query:"bom" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
	}
	campaignsTableInput struct {
		CampaignsQuery
		BOM bool `query:"bom" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
	}
	roomsTableInput struct {
		RoomsQuery
		BOM bool `query:"bom" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
	}
	flagsTableInput struct {
		FlagsQuery
		BOM bool `query:"bom" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
	}
	auditTableInput struct {
		AuditQuery
		BOM bool `query:"bom" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
	}
	mailTableInput struct {
		MailQuery
		BOM bool `query:"bom" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
	}
)

// table is a list as a download: its columns, and its rows a page after the other.
type table struct {
	name    string
	columns []string
	bom     bool
	// page reads the rows after a cursor and gives the next, empty at the end.
	page func(ctx context.Context, cursor string) (rows [][]string, next string, err error)
}

func (s *Server) adminTableRoutes(tags []string) {
	registerTable(s, tags, "users", "Users", func(in *usersTableInput) table {
		f := in.filter()
		return table{bom: in.BOM, columns: []string{
			"id", "name", "email", "role", "state", "verified", "category", "niche", "reach", "kind", "industry", "created_at",
		}, page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]admin.User, string, error) {
			return admin.Users(ctx, s.store, f)
		}, func(u *admin.User) []string {
			return []string{
				u.ID, u.Name, u.Email, string(u.Role), u.State, strconv.FormatBool(u.Verified), u.Category, u.Niche,
				digits(u.Reach), u.Kind, u.Industry, instant(&u.CreatedAt),
			}
		})}
	})
	registerTable(s, tags, "campaigns", "Campaigns", func(in *campaignsTableInput) table {
		f, now := in.filter(), rooms.At(s.cfg.Clock())
		return table{bom: in.BOM, columns: []string{
			"id", "name", "sponsor_id", "sponsor", "category", "state", "public", "flagged", "currency",
			"budget_minor", "committed_minor", "held_minor", "starts_at", "ends_at", "created_at",
		}, page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]admin.Campaign, string, error) {
			return admin.Campaigns(ctx, s.store, now, f)
		}, func(c *admin.Campaign) []string {
			return []string{
				c.ID, c.Name, c.Sponsor, c.SponsorName, c.Category, c.State, strconv.FormatBool(c.Public),
				strconv.FormatBool(c.Flagged), string(c.Currency), digits(c.Budget), digits(c.Committed), digits(c.Held),
				instant(&c.StartsAt), instant(&c.EndsAt), instant(&c.CreatedAt),
			}
		})}
	})
	registerTable(s, tags, "rooms", "Rooms", func(in *roomsTableInput) table {
		f := in.filter()
		return table{bom: in.BOM, columns: []string{
			"id", "campaign_id", "campaign", "sponsor_id", "sponsor", "influencer_id", "influencer", "status", "frozen",
			"currency", "fee_minor", "events", "updated_at",
		}, page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]admin.Room, string, error) {
			return admin.Rooms(ctx, s.store, f)
		}, func(r *admin.Room) []string {
			return []string{
				r.ID, r.Campaign, r.CampaignName, r.Sponsor, r.SponsorName, r.Influencer, r.InfluencerName, string(r.Status),
				strconv.FormatBool(r.Frozen), string(r.Currency), digits(r.Fee), digits(r.Seq), instant(&r.UpdatedAt),
			}
		})}
	})
	registerTable(s, tags, "flags", "Flags", func(in *flagsTableInput) table {
		f := in.filter()
		return table{bom: in.BOM, columns: []string{
			"id", "kind", "subject_id", "subject", "reason", "begun_at", "begun_by", "ended_at", "ended_by", "note", "appeals",
		}, page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]flags.Flag, string, error) {
			return flags.List(ctx, s.store, f)
		}, func(f *flags.Flag) []string {
			appeals := 0
			for _, p := range f.Parties {
				if p.AppealedAt != nil {
					appeals++
				}
			}
			return []string{
				f.ID, string(f.Kind), f.Subject, f.Name, f.Reason, instant(&f.BegunAt), f.BegunBy.Name, instant(f.EndedAt),
				f.EndedBy.Name, f.Note, strconv.Itoa(appeals),
			}
		})}
	})
	registerTable(s, tags, "audit", "Audit", func(in *auditTableInput) table {
		f := in.filter()
		return table{bom: in.BOM, columns: []string{
			"pos", "at", "actor_id", "actor", "action", "subject_kind", "subject_id", "details", "network", "request_id", "hash",
		}, page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]auditView, string, error) {
			return s.auditPage(ctx, f)
		}, func(e *auditView) []string {
			return []string{
				digits(e.Pos), instant(&e.At), e.Actor.ID, e.Actor.Name, e.Action, e.SubjectKind, e.SubjectID,
				string(e.Details), e.Addr, e.RequestID, e.Hash,
			}
		})}
	})
	registerTable(s, tags, "mail", "Mail", func(in *mailTableInput) table {
		f := in.filter()
		return table{bom: in.BOM, columns: []string{
			"id", "kind", "user_id", "to", "subject", "state", "attempts", "last_error", "created_at", "sent_at",
		}, page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]outbox.Mail, string, error) {
			return outbox.List(ctx, s.store, f)
		}, func(m *outbox.Mail) []string {
			return []string{
				m.ID, m.Kind, m.User, m.To, m.Subject, string(m.State), strconv.Itoa(m.Attempts), m.LastError,
				instant(&m.CreatedAt), instant(m.SentAt),
			}
		})}
	})
}

// pages reads a list a page at a time. cursor and limit are those of the filter that
// list works with.
func pages[T any](cursor *string, limit *int, list func(context.Context) ([]T, string, error), row func(*T) []string,
) func(context.Context, string) ([][]string, string, error) {
	return func(ctx context.Context, at string) ([][]string, string, error) {
		*cursor, *limit = at, tablePage
		items, next, err := list(ctx)
		return views(items, row), next, err
	}
}

func registerTable[I any](s *Server, tags []string, name, title string, of func(*I) table) {
	handle(s, huma.Operation{
		OperationID: "download" + title, Method: http.MethodGet, Path: "/api/admin/" + name + ".csv", Tags: tags, Security: signedIn,
		Summary: title + " as CSV, with the filters of the list; the whole list, whatever cursor and limit say",
		Responses: map[string]*huma.Response{"200": {
			Description: "UTF-8, lines end with CR LF. A cell that a spreadsheet would take for a formula has a ' before it",
			Content:     map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, func(ctx context.Context, r *request, in *I) (*huma.StreamResponse, error) {
		if err := r.who.need(rooms.Admin); err != nil {
			return nil, err
		}
		t := of(in)
		t.name = name
		return s.download(ctx, r, t)
	})
}

// download answers with a table. What is wrong with the filters is told before the first
// byte; who took it stands in the audit log, even if they go away before the end.
func (s *Server) download(ctx context.Context, r *request, t table) (*huma.StreamResponse, error) {
	first, next, err := t.page(ctx, "")
	if err != nil {
		return nil, err
	}
	if err := audit.Record(ctx, s.store, r.origin().entry(r.who, audit.ActionExport, "table", t.name)); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humafiber.Unwrap(hc)
		c.Set(fiber.HeaderContentType, mediaCSV)
		c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+t.name+`-`+s.cfg.Clock().UTC().Format("20060102-150405")+`.csv"`)
		conn, id := c.Context().Conn(), r.id
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			err := error(goingDown())
			if s.requests.enter() {
				err = s.writeTable(w, t, first, next, func() error { return conn.SetWriteDeadline(time.Now().Add(tablePatience)) })
				s.requests.leave()
			}
			if err != nil {
				s.log.Warn("a download broke off", "request_id", id, "err", err)
				// An end in due form would make half a table look whole.
				_ = conn.Close()
			}
		})
	}}, nil
}

// writeTable writes the first page and those that follow it, one after the other.
func (s *Server) writeTable(w *bufio.Writer, t table, rows [][]string, next string, extend func() error) error {
	if t.bom {
		if _, err := w.WriteString("\uFEFF"); err != nil {
			return err
		}
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(t.columns); err != nil {
		return err
	}
	for {
		for _, row := range rows {
			for i, cell := range row {
				row[i] = guarded(cell)
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		out.Flush()
		if err := errors.Join(out.Error(), w.Flush()); err != nil || next == "" {
			return err
		}
		if err := extend(); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(s.ctx, tablePatience)
		var err error
		rows, next, err = t.page(ctx, next)
		cancel()
		if err != nil {
			return err
		}
	}
}

// guarded keeps a spreadsheet from taking a cell for a formula: one that begins like one
// gets an apostrophe before it.
func guarded(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }

func instant(t *rooms.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
