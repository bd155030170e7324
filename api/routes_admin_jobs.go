package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/jobs"
	"parley/store/outbox"
)

// JobRunner tells what carries out jobs, for Config.Jobs.
type JobRunner struct {
	// Shared says that the instances share a queue; else each has its own, and this is
	// the one of the instance asked.
	Shared bool
	// Here says that this instance carries out jobs. It is told also with an error.
	Here bool
	// Waiting and Running are tasks, each of which does many jobs.
	Waiting, Running int
	Servers          []JobServer
}

// JobServer is a process that carries out jobs.
type JobServer struct {
	Host          string
	PID           int
	Workers, Busy int
	StartedAt     time.Time
}

type (
	jobView struct {
		ID         int64       `json:"id"`
		Kind       string      `json:"kind"`
		User       string      `json:"user" doc:"Whom it is for; empty for nobody"`
		Period     string      `json:"period" doc:"Which one of its kind: a day, a month, an id"`
		State      string      `json:"state" enum:"due,running,done,failed,cancelled"`
		RunAt      *rooms.Time `json:"run_at,omitempty" doc:"When it is due, or until when it is claimed"`
		Attempts   int         `json:"attempts"`
		Outcome    string      `json:"outcome" doc:"What came of it, or why the last attempt failed"`
		CreatedAt  rooms.Time  `json:"created_at"`
		FinishedAt *rooms.Time `json:"finished_at,omitempty"`
	}
	listJobsInput struct {
		Kind   string `query:"kind" maxLength:"40" pattern:"^[a-z_]*$"`
		State  string `query:"state" enum:"due,running,done,failed,cancelled"`
		User   string `query:"user" maxLength:"40"`
		Cursor string `query:"cursor" maxLength:"20"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	listJobsOutput struct {
		Body struct {
			Items      []jobView `json:"items" nullable:"false"`
			NextCursor string    `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	jobKindView struct {
		Kind      string      `json:"kind"`
		Due       int         `json:"due" doc:"Could be taken now"`
		Later     int         `json:"later" doc:"Come by themselves"`
		Running   int         `json:"running"`
		Failed    int         `json:"failed" doc:"Are not tried again by themselves"`
		OldestDue *rooms.Time `json:"oldest_due,omitempty"`
		PausedAt  *rooms.Time `json:"paused_at,omitempty"`
	}
	jobServerView struct {
		Host      string     `json:"host"`
		PID       int        `json:"pid"`
		Workers   int        `json:"workers"`
		Busy      int        `json:"busy"`
		StartedAt rooms.Time `json:"started_at"`
	}
	jobRunnerView struct {
		Mode    string          `json:"mode" enum:"shared,here,elsewhere,unknown" doc:"unknown: what the instances share does not answer"`
		Here    bool            `json:"here" doc:"Whether the instance asked carries out jobs itself"`
		Waiting int             `json:"waiting" doc:"Tasks, each of which does many jobs"`
		Running int             `json:"running" doc:"Tasks"`
		Servers []jobServerView `json:"servers" nullable:"false"`
	}
	jobKindsOutput struct {
		Body struct {
			Kinds  []jobKindView `json:"kinds" nullable:"false"`
			Runner jobRunnerView `json:"runner"`
		}
	}
	jobKindInput struct {
		Kind string `path:"kind" maxLength:"40" pattern:"^[a-z_]+$"`
	}
	jobInput struct {
		ID int64 `path:"id" minimum:"1"`
	}
)

func (s *Server) adminJobRoutes(tags []string) {
	handle(s, huma.Operation{
		OperationID: "jobKinds", Method: http.MethodGet, Path: "/api/admin/jobs/kinds", Tags: tags, Security: signedIn,
		Summary: "How each kind of job stands, and what carries them out",
	}, s.jobKinds)
	handle(s, huma.Operation{
		OperationID: "pauseJobs", Method: http.MethodPost, Path: "/api/admin/jobs/kinds/{kind}/pause", Tags: tags, Security: signedIn,
		Summary: "Let the jobs of a kind wait; what runs goes on", DefaultStatus: http.StatusNoContent,
	}, s.pauseJobs)
	handle(s, huma.Operation{
		OperationID: "resumeJobs", Method: http.MethodPost, Path: "/api/admin/jobs/kinds/{kind}/resume", Tags: tags, Security: signedIn,
		Summary: "Let the jobs of a kind go on", DefaultStatus: http.StatusNoContent,
	}, s.resumeJobs)
	handle(s, huma.Operation{
		OperationID: "listJobs", Method: http.MethodGet, Path: "/api/admin/jobs", Tags: tags, Security: signedIn,
		Summary: "Jobs, newest first",
	}, s.listJobs)
	handle(s, huma.Operation{
		OperationID: "retryJob", Method: http.MethodPost, Path: "/api/admin/jobs/{id}/retry", Tags: tags, Security: signedIn,
		Summary: "Have a job that failed or was cancelled done again", DefaultStatus: http.StatusNoContent,
	}, s.retryJob)
	handle(s, huma.Operation{
		OperationID: "cancelJob", Method: http.MethodPost, Path: "/api/admin/jobs/{id}/cancel", Tags: tags, Security: signedIn,
		Summary: "End a job that is not over", DefaultStatus: http.StatusNoContent,
	}, s.cancelJob)
}

func (s *Server) jobKinds(ctx context.Context, r *request, _ *struct{}) (*jobKindsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, err := jobs.Overview(ctx, s.store, rooms.At(s.cfg.Clock()), jobs.Kinds())
	if err != nil {
		return nil, err
	}
	out := &jobKindsOutput{}
	out.Body.Kinds = views(list, func(c *jobs.Counts) jobKindView {
		return jobKindView{
			Kind: c.Kind, Due: c.Due, Later: c.Later, Running: c.Running, Failed: c.Failed,
			OldestDue: c.OldestDue, PausedAt: c.PausedAt,
		}
	})
	out.Body.Runner = s.jobRunner(ctx)
	return out, nil
}

// jobRunner is empty rather than an error where the queue does not answer: the page
// is wanted most then.
func (s *Server) jobRunner(ctx context.Context) jobRunnerView {
	view := jobRunnerView{Mode: "elsewhere", Servers: []jobServerView{}}
	if s.cfg.Jobs == nil {
		return view
	}
	state, err := s.cfg.Jobs(ctx)
	view.Here = state.Here
	if err != nil {
		s.log.Warn("look at the queue of jobs", "err", err)
		view.Mode = "unknown"
		return view
	}
	view.Mode = "here"
	if state.Shared {
		view.Mode = "shared"
	}
	view.Waiting, view.Running = state.Waiting, state.Running
	view.Servers = views(state.Servers, func(v *JobServer) jobServerView {
		return jobServerView{Host: v.Host, PID: v.PID, Workers: v.Workers, Busy: v.Busy, StartedAt: rooms.At(v.StartedAt)}
	})
	return view
}

func (s *Server) pauseJobs(ctx context.Context, r *request, in *jobKindInput) (*struct{}, error) {
	return s.steerJobs(ctx, r, in.Kind, jobs.Pause, audit.ActionJobsPaused)
}

func (s *Server) resumeJobs(ctx context.Context, r *request, in *jobKindInput) (*struct{}, error) {
	return s.steerJobs(ctx, r, in.Kind, jobs.Resume, audit.ActionJobsResumed)
}

func (s *Server) steerJobs(
	ctx context.Context, r *request, kind string, steer func(context.Context, *store.Tx, string) error, action audit.Action,
) (*struct{}, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	if !slices.Contains(jobs.Kinds(), kind) {
		return nil, notFound("kind of job")
	}
	_, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		if err := steer(ctx, t, kind); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, audit.Append(ctx, t, r.origin().entry(r.who, action, "jobs", kind))
	})
	return nil, err
}

func (s *Server) listJobs(ctx context.Context, r *request, in *listJobsInput) (*listJobsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := jobs.List(ctx, s.store, jobs.Filter{
		Kind: in.Kind, User: in.User, State: jobs.State(in.State), Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &listJobsOutput{}
	out.Body.NextCursor = next
	out.Body.Items = views(list, func(j *jobs.Job) jobView {
		return jobView{
			ID: j.ID, Kind: j.Kind, User: j.User, Period: j.Period, State: string(j.State), RunAt: j.RunAt,
			Attempts: j.Attempts, Outcome: j.Outcome, CreatedAt: j.CreatedAt, FinishedAt: j.FinishedAt,
		}
	})
	return out, nil
}

func (s *Server) retryJob(ctx context.Context, r *request, in *jobInput) (*struct{}, error) {
	return s.changeJob(ctx, r, in.ID, jobs.Retry, outbox.Again, audit.ActionJobRetried)
}

func (s *Server) cancelJob(ctx context.Context, r *request, in *jobInput) (*struct{}, error) {
	withdraw := func(ctx context.Context, t *store.Tx, id string) error {
		return outbox.Note(ctx, t, outbox.Withdrawn, id)
	}
	return s.changeJob(ctx, r, in.ID, jobs.Cancel, withdraw, audit.ActionJobCancelled)
}

// changeJob changes a job and, if it is a mail's, the mail.
func (s *Server) changeJob(
	ctx context.Context, r *request, id int64, change func(context.Context, *store.Tx, int64) error,
	mail func(context.Context, *store.Tx, string) error, action audit.Action,
) (*struct{}, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	_, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		j, err := jobs.ByID(ctx, t, id)
		if err != nil {
			return struct{}{}, err
		}
		if err := change(ctx, t, id); err != nil {
			return struct{}{}, err
		}
		if j.Kind == jobs.Mail {
			if err := mail(ctx, t, j.Period); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, audit.Append(ctx, t, r.origin().entry(r.who, action, "job", strconv.FormatInt(id, 10)))
	})
	if err != nil {
		return nil, found(err, "job")
	}
	return nil, nil
}
