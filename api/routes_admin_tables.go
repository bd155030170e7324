package api

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"parley/rooms"
	"parley/store/audit"
	"parley/store/tables"
)

const (
	mediaCSV = "text/csv; charset=utf-8"
	// streamPatience bounds the reading of one part of a download and its way to the client.
	streamPatience = 30 * time.Second
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

func (s *Server) adminTableRoutes(tags []string) {
	registerTable(s, tags, "users", "Users", func(in *usersTableInput) (tables.Table, bool) {
		return tables.Users(s.store, in.filter()), in.BOM
	})
	registerTable(s, tags, "campaigns", "Campaigns", func(in *campaignsTableInput) (tables.Table, bool) {
		return tables.Campaigns(s.store, rooms.At(s.cfg.Clock()), in.filter()), in.BOM
	})
	registerTable(s, tags, "rooms", "Rooms", func(in *roomsTableInput) (tables.Table, bool) {
		return tables.Rooms(s.store, in.filter()), in.BOM
	})
	registerTable(s, tags, "flags", "Flags", func(in *flagsTableInput) (tables.Table, bool) {
		return tables.Flags(s.store, in.filter()), in.BOM
	})
	registerTable(s, tags, "audit", "Audit", func(in *auditTableInput) (tables.Table, bool) {
		return tables.Audit(s.store, in.filter()), in.BOM
	})
	registerTable(s, tags, "mail", "Mail", func(in *mailTableInput) (tables.Table, bool) {
		return tables.Mail(s.store, in.filter()), in.BOM
	})
}

func registerTable[I any](s *Server, tags []string, name, title string, of func(*I) (t tables.Table, bom bool)) {
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
		t, bom := of(in)
		return s.download(ctx, r, t, bom)
	})
}

// download answers with a table. What is wrong with the filters is told before the first
// byte; who took it stands in the audit log, even if they go away before the end.
func (s *Server) download(ctx context.Context, r *request, t tables.Table, bom bool) (*huma.StreamResponse, error) {
	first, next, err := t.Page(ctx, "")
	if err != nil {
		return nil, err
	}
	if err := audit.Record(ctx, s.store, r.origin().entry(r.who, audit.ActionExport, "table", t.Name)); err != nil {
		return nil, err
	}
	return s.stream(r, mediaCSV, t.Name+"-"+s.cfg.Clock().UTC().Format("20060102-150405")+".csv", func(w *bufio.Writer, extend func() error) error {
		if err := t.WriteHead(w, bom); err != nil {
			return err
		}
		return s.writeTable(w, t, first, next, extend)
	}), nil
}

// stream answers with a file that write makes while it is sent. write calls extend before
// each part that may take its time. An end in due form would make half a file look whole,
// so an error ends the connection.
func (s *Server) stream(r *request, media, name string, write func(w *bufio.Writer, extend func() error) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humafiber.Unwrap(hc)
		c.Set(fiber.HeaderContentType, media)
		c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`"`)
		conn, id := c.Context().Conn(), r.id
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			err := error(goingDown())
			if s.requests.enter() {
				err = write(w, func() error { return conn.SetWriteDeadline(time.Now().Add(streamPatience)) })
				s.requests.leave()
			}
			if err != nil {
				s.log.Warn("a download broke off", "request_id", id, "err", err)
				_ = conn.Close()
			}
		})
	}}
}

// writeTable writes the first page and those that follow it, one after the other.
func (s *Server) writeTable(w *bufio.Writer, t tables.Table, rows [][]string, next string, extend func() error) error {
	for {
		if err := errors.Join(tables.Write(w, rows...), w.Flush()); err != nil || next == "" {
			return err
		}
		if err := extend(); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(s.ctx, streamPatience)
		var err error
		rows, next, err = t.Page(ctx, next)
		cancel()
		if err != nil {
			return err
		}
	}
}
