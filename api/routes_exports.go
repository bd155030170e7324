package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/exports"
	"parley/store/tables"
)

// exportView is a table that somebody asked for.
type exportView struct {
	ID        string      `json:"id"`
	Table     string      `json:"table" doc:"deals; for admins also users, campaigns, rooms, flags, audit, mail, events"`
	BOM       bool        `json:"bom"`
	State     string      `json:"state" enum:"waiting,running,ready,failed,cancelled,expired"`
	Rows      int64       `json:"rows" doc:"Written so far"`
	Total     int64       `json:"total" doc:"As counted when the work began; 0 before"`
	Bytes     int64       `json:"bytes" doc:"Of the file so far"`
	CreatedAt rooms.Time  `json:"created_at"`
	ReadyAt   *rooms.Time `json:"ready_at,omitempty"`
	ExpiresAt *rooms.Time `json:"expires_at,omitempty" doc:"Until when the file is there"`
}

type (
	askExportInput struct {
		Body struct {
			Table string `json:"table" maxLength:"20" doc:"deals: for sponsors the campaigns with their ad requests and deals, for influencers the ad requests and deals. For admins: users, campaigns, rooms, flags, audit, mail, events"`
			BOM   bool   `json:"bom,omitempty" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
		}
	}
	exportOutput     struct{ Body exportView }
	listExportsInput struct {
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200"`
	}
	listExportsOutput struct {
		Body struct {
			Items      []exportView `json:"items" nullable:"false" doc:"The newest first"`
			NextCursor string       `json:"next_cursor,omitempty"`
			Tables     []string     `json:"tables" nullable:"false" doc:"What one may ask for"`
		}
	}
	exportInput struct {
		ID string `path:"id" maxLength:"40"`
	}
)

func (s *Server) exportRoutes() {
	tags := []string{"exports"}
	handle(s, huma.Operation{
		OperationID: "listExports", Method: http.MethodGet, Path: "/api/exports", Tags: tags, Security: signedIn,
		Summary: "One's exports, also those whose files are gone",
	}, s.listExports)
	handle(s, huma.Operation{
		OperationID: "askExport", Method: http.MethodPost, Path: "/api/exports", Tags: tags, Security: signedIn,
		Summary: "Have a whole table written; its progress is told as pings of the kind export", DefaultStatus: http.StatusAccepted,
	}, s.askExport)
	handle(s, huma.Operation{
		OperationID: "downloadExport", Method: http.MethodGet, Path: "/api/exports/{id}/file", Tags: tags, Security: signedIn,
		Summary: "The file of an export, for a day after it is ready",
		Responses: map[string]*huma.Response{"200": {
			Description: "UTF-8, lines end with CR LF. A cell that a spreadsheet would take for a formula has a ' before it",
			Content:     map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, s.downloadExport)
	handle(s, huma.Operation{
		OperationID: "removeExport", Method: http.MethodDelete, Path: "/api/exports/{id}", Tags: tags, Security: signedIn,
		Summary: "Call an export off, or remove its file", DefaultStatus: http.StatusNoContent,
	}, s.removeExport)
}

func viewExport(e *exports.Export) exportView {
	return exportView{
		ID: e.ID, Table: e.Name, BOM: e.BOM, State: string(e.State), Rows: e.Rows, Total: e.Total, Bytes: e.Bytes,
		CreatedAt: e.CreatedAt, ReadyAt: e.ReadyAt, ExpiresAt: e.ExpiresAt,
	}
}

func (s *Server) listExports(ctx context.Context, r *request, in *listExportsInput) (*listExportsOutput, error) {
	list, next, err := exports.List(ctx, s.store, r.who.id, rooms.At(s.cfg.Clock()), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listExportsOutput{}
	out.Body.Items, out.Body.NextCursor, out.Body.Tables = views(list, viewExport), next, tables.Names(r.who.role)
	return out, nil
}

func (s *Server) askExport(ctx context.Context, r *request, in *askExportInput) (*exportOutput, error) {
	name := in.Body.Table
	if !slices.Contains(tables.Names(r.who.role), name) {
		return nil, invalid("table", rooms.Form("is not one that you can take away"))
	}
	var also []store.Also
	if r.who.role == rooms.Admin {
		also = append(also, audit.Also(r.origin().entry(r.who, audit.ActionExport, "table", name)))
	}
	e, err := exports.Ask(ctx, s.store, r.who.id, name, in.Body.BOM, also...)
	if err != nil {
		return nil, err
	}
	return &exportOutput{Body: viewExport(&e)}, nil
}

func (s *Server) downloadExport(ctx context.Context, r *request, in *exportInput) (*huma.StreamResponse, error) {
	e, err := exports.Get(ctx, s.store, r.who.id, in.ID, rooms.At(s.cfg.Clock()))
	if err != nil {
		return nil, err
	}
	if e.State != exports.Ready {
		return nil, store.ErrNotFound
	}
	return s.stream(r, mediaCSV, "parley-"+e.Name+"-"+e.ReadyAt.Format("20060102-150405")+".csv", func(w *bufio.Writer, extend func() error) error {
		for n := range e.Parts {
			if err := extend(); err != nil {
				return err
			}
			if err := s.writePart(w, e.ID, n); err != nil {
				return err
			}
		}
		return w.Flush()
	}), nil
}

func (s *Server) writePart(w io.Writer, id string, n int64) error {
	ctx, cancel := context.WithTimeout(s.ctx, streamPatience)
	defer cancel()
	data, err := exports.Part(ctx, s.store, id, n)
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("unpack part %d: %w", n, err)
	}
	// The parts are the server's own, and of a bounded size.
	if _, err := io.Copy(w, z); err != nil {
		return fmt.Errorf("send part %d: %w", n, err)
	}
	return nil
}

func (s *Server) removeExport(ctx context.Context, r *request, in *exportInput) (*struct{}, error) {
	return nil, exports.Remove(ctx, s.store, r.who.id, in.ID)
}
