package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store/preferences"
	"parley/store/reports"
)

// reportView is what lists show of a report.
type reportView struct {
	Month     string     `json:"month" doc:"Such as 2026-10"`
	MadeAt    rooms.Time `json:"made_at"`
	Complete  bool       `json:"complete" doc:"The month was over when it was made"`
	Opened    int        `json:"opened" doc:"Ad requests"`
	Offers    int        `json:"offers" doc:"Of both sides"`
	Made      int        `json:"made" doc:"Deals"`
	Completed int        `json:"completed" doc:"Deals"`
}

type (
	listReportsOutput struct {
		Body struct {
			Items []reportView `json:"items" nullable:"false" doc:"The newest month first"`
			First string       `json:"first" doc:"The first month that can be asked for"`
			Last  string       `json:"last" doc:"The month that it is"`
		}
	}
	askReportInput struct {
		Body struct {
			Month string `json:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"Such as 2026-10"`
		}
	}
	reportInput struct {
		Month string `path:"month" maxLength:"7"`
	}
	dealSheetInput struct {
		ID string `path:"id" maxLength:"40"`
	}
	pdfFile struct {
		Type        string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Body        []byte
	}
)

const mediaPDF = "application/pdf"

func (s *Server) reportRoutes() {
	tags := []string{"reports"}
	handle(s, huma.Operation{
		OperationID: "listReports", Method: http.MethodGet, Path: "/api/reports", Tags: tags, Security: signedIn,
		Summary: "A sponsor's reports, one a month",
	}, s.listReports)
	handle(s, huma.Operation{
		OperationID: "askReport", Method: http.MethodPost, Path: "/api/reports", Tags: tags, Security: signedIn,
		Summary:       "Have the report on a month made, anew where there is one; a notice says when it is there",
		DefaultStatus: http.StatusAccepted,
	}, s.askReport)
	handle(s, huma.Operation{
		OperationID: "downloadDeal", Method: http.MethodGet, Path: "/api/rooms/{id}/deal.pdf", Tags: []string{"rooms"}, Security: signedIn,
		Summary:   "The terms of the room's deal as PDF, with the head of the log's chain at its acceptance",
		Responses: pdfAnswer("The term sheet"),
	}, s.downloadDeal)
	handle(s, huma.Operation{
		OperationID: "downloadReport", Method: http.MethodGet, Path: "/api/reports/{month}/file", Tags: tags, Security: signedIn,
		Summary:   "A report as PDF",
		Responses: pdfAnswer("The report"),
	}, s.downloadReport)
}

func pdfAnswer(what string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: what,
		Content:     map[string]*huma.MediaType{mediaPDF: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
}

func attachedPDF(name string, data []byte) *pdfFile {
	return &pdfFile{Type: mediaPDF, Disposition: `attachment; filename="` + name + `.pdf"`, Body: data}
}

// downloadDeal is for the parties and admins.
func (s *Server) downloadDeal(ctx context.Context, r *request, in *dealSheetInput) (*pdfFile, error) {
	if err := s.mayRead(ctx, r.who, in.ID); err != nil {
		return nil, err
	}
	if s.cfg.TermSheet == nil {
		return nil, notFound("deal")
	}
	pdf, err := s.cfg.TermSheet(ctx, in.ID)
	if err != nil {
		return nil, found(err, "deal")
	}
	return attachedPDF("deal-"+in.ID, pdf), nil
}

// monthsOf are the first and the last month on which a sponsor can have a report, by the
// clock of their zone.
func (s *Server) monthsOf(ctx context.Context, r *request) (first, last string, err error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return "", "", err
	}
	wants, err := preferences.Get(ctx, s.store, r.who.id)
	if err != nil {
		return "", "", err
	}
	zone := preferences.Location(wants.Zone)
	u, err := s.store.UserByID(ctx, r.who.id)
	if err != nil {
		return "", "", err
	}
	const month = "2006-01"
	return u.CreatedAt.In(zone).Format(month), s.cfg.Clock().In(zone).Format(month), nil
}

func (s *Server) listReports(ctx context.Context, r *request, _ *struct{}) (*listReportsOutput, error) {
	out := &listReportsOutput{}
	var err error
	if out.Body.First, out.Body.Last, err = s.monthsOf(ctx, r); err != nil {
		return nil, err
	}
	list, err := reports.List(ctx, s.store, r.who.id)
	if err != nil {
		return nil, err
	}
	out.Body.Items = views(list, func(r *reports.Report) reportView {
		return reportView{
			Month: r.Month, MadeAt: r.MadeAt, Complete: r.Complete,
			Opened: r.Summary.Opened, Offers: r.Summary.Offers, Made: r.Summary.Made, Completed: r.Summary.Completed,
		}
	})
	return out, nil
}

func (s *Server) askReport(ctx context.Context, r *request, in *askReportInput) (*struct{}, error) {
	first, last, err := s.monthsOf(ctx, r)
	if err != nil {
		return nil, err
	}
	switch month := in.Body.Month; {
	case month < first:
		return nil, invalid("month", rooms.Because("before_account", "is before your account was made"))
	case month > last:
		return nil, invalid("month", rooms.Because("not_begun", "has not begun yet"))
	}
	return nil, reports.Ask(ctx, s.store, r.who.id, in.Body.Month)
}

func (s *Server) downloadReport(ctx context.Context, r *request, in *reportInput) (*pdfFile, error) {
	report, err := reports.Get(ctx, s.store, r.who.id, in.Month)
	if err != nil {
		return nil, err
	}
	return attachedPDF("parley-"+report.Month, report.PDF), nil
}
