package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/oklog/ulid/v2"

	"parley/api/cache"
	"parley/api/picture"
	"parley/hub"
	"parley/store"
	"parley/store/flags"
	"parley/store/seal"
	"parley/store/search"
)

// Server is the edge. New makes it, Listen runs it, Shutdown ends it.
type Server struct {
	cfg     Config
	store   *store.Store
	hub     *hub.Hub
	relay   *Relay
	metrics *Metrics
	log     *slog.Logger

	app       *fiber.App
	api       huma.API
	origins   origins
	limits    limits
	sealer    *seal.Sealer // of second factors
	hooks     *seal.Sealer // of webhooks
	passwords *passwords
	cache     *cache.Cache
	pictures  *picture.Maker
	upgrader  fiber.Handler
	watch     *watch
	csp       string
	// verification is the last look at the audit log.
	verification verification
	flags        *flags.Book
	search       *search.Index

	// buffers and inputs are shared by all connections.
	buffers, inputs sync.Pool

	// ctx ends when Shutdown gives up on what still runs.
	ctx  context.Context
	stop context.CancelFunc
	// requests, commands and sockets are under way.
	requests, commands, sockets gate
	newcomers                   newcomers
	chores                      *chores
	listening                   listening
	ids                         idSource
}

// idSource makes ULIDs; a monotonic entropy would be shared state for nothing.
type idSource struct {
	mu     sync.Mutex
	random io.Reader
}

func (s *idSource) next(now time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(now), s.random)
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}

// New makes a server. It serves nothing before Listen.
func New(cfg Config) (*Server, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, store: cfg.Store, hub: cfg.Hub, relay: cfg.Relay, metrics: cfg.Metrics, log: cfg.Logger,
		limits: newLimits(cfg.Limits, cfg.Clock),
		ids:    idSource{random: cfg.Rand}, newcomers: newcomers{patience: cfg.IdleTimeout}, pictures: picture.NewMaker(picturesAtOnce),
		cache:  cache.New(cache.Config{Backend: cfg.Cache, Jitter: cfg.Jitter, Observe: cfg.Metrics.observeCache}),
		flags:  &flags.Book{Store: cfg.Store, PublicURL: cfg.LinkURL},
		search: search.New(cfg.Store),
	}
	var err error
	if s.origins, err = newOrigins(cfg.PublicURL, cfg.Origins); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if s.sealer, err = seal.New(cfg.Secret, seal.Factors, cfg.Rand); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if s.hooks, err = seal.New(cfg.Secret, seal.Webhooks, cfg.Rand); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if s.passwords, err = newPasswords(cfg.Passwords); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if err := s.metrics.registry.Register(newHubCollector(s.hub)); err != nil {
		return nil, fmt.Errorf("api: register the hub's metrics: %w", err)
	}
	if err := s.metrics.registry.Register(brokenRooms(s.store)); err != nil {
		return nil, fmt.Errorf("api: register the store's metrics: %w", err)
	}
	s.buffers.New = func() any { b := make([]byte, 0, chunkBytes); return &b }
	s.inputs.New = func() any { return new(input) }
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.chores = newChores(s.ctx)
	s.upgrader = s.newUpgrader()
	s.csp = contentPolicy(&s.origins)
	s.watch = newWatch(s)
	s.app = fiber.New(fiber.Config{
		AppName:               "parley",
		DisableStartupMessage: true,
		ReduceMemoryUsage:     true,
		// Above our own limit, so that most who are over it read why.
		BodyLimit:      16 * maxBodyBytes,
		ReadBufferSize: 8 << 10, // headers over it are 431
		ReadTimeout:    cfg.ReadTimeout,
		WriteTimeout:   30 * time.Second,
		IdleTimeout:    cfg.IdleTimeout,
		ErrorHandler:   s.errorHandler,
		StrictRouting:  false,
		CaseSensitive:  true,
	})
	s.app.Server().KeepHijackedConns = true
	s.app.Server().HeaderReceived = bodyLimits
	s.app.Server().ConnState = s.newcomers.state
	s.routes()
	s.watch.start()
	return s, nil
}

// maxBodyBytes bounds a REST body; a command's is bounded like its frame.
const maxBodyBytes = 64 << 10

// OpenAPI is the description of the REST API as JSON.
func (s *Server) OpenAPI() ([]byte, error) {
	raw, err := s.api.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("api: encode the OpenAPI document: %w", err)
	}
	return raw, nil
}

// Listen serves connections from ln until Shutdown, which makes it return nil, also
// when it comes first.
func (s *Server) Listen(ln net.Listener) error {
	if !s.listening.begin(ln) {
		return nil
	}
	if err := s.app.Listener(ln); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("api: serve: %w", err)
	}
	return nil
}

// Shutdown refuses what is new, lets commands that wait be committed and
// answered, tells the clients of sockets when to come back, and waits for all of
// it. What has not ended with ctx is cut. The hub is drained, but neither it nor
// the store is closed: that is for who made them, afterwards.
func (s *Server) Shutdown(ctx context.Context) error {
	s.requests.close()
	s.commands.close()
	var errs []error
	note := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	note("commands under way", s.commands.wait(ctx))
	s.sockets.close()
	note("drain", s.hub.Drain(ctx))
	note("sockets", s.sockets.wait(ctx))
	note("requests under way", s.requests.wait(ctx))
	note("what they left to be done", s.chores.close(ctx))
	s.watch.close()
	s.newcomers.close()
	note("listener", s.app.ShutdownWithContext(ctx))
	s.listening.end()
	s.stop()
	note("cache", s.cache.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("api: shutdown: %w", err)
	}
	return nil
}

// listening is what a server accepts connections from. The library forgets a
// shutdown that comes before it has begun to serve, so the listener is closed here.
type listening struct {
	mu    sync.Mutex
	ln    net.Listener
	ended bool
}

// begin tells whether to serve ln; if not, ln is closed.
func (l *listening) begin(ln net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ln = ln
	if l.ended {
		_ = ln.Close() // nobody was served from it
	}
	return !l.ended
}

func (l *listening) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.ln != nil {
		_ = l.ln.Close() // as a rule the library has
	}
}

// Draining tells whether Shutdown has begun.
func (s *Server) Draining() bool { return s.requests.closed() }

// errorHandler is the one place where errors of handlers become answers.
func (s *Server) errorHandler(c *fiber.Ctx, err error) error {
	var fiberErr *fiber.Error
	if errors.As(err, &fiberErr) {
		return s.sendError(c, humaError(fiberErr.Code, fiberErr.Message))
	}
	return s.sendError(c, asError(err))
}

func (s *Server) sendError(c *fiber.Ctx, e *Error) error {
	answer := *e
	answer.Info.RequestID = requestIDOf(c)
	if e.status >= http.StatusInternalServerError && e.cause != nil {
		s.log.Error("request failed", "request_id", answer.Info.RequestID, "method", c.Method(), "err", e.cause)
	}
	for name, values := range e.GetHeaders() {
		c.Set(name, values[0])
	}
	return c.Status(e.status).JSON(&answer)
}

// guard is the outermost handler: it names the request, keeps a panic from
// ending the program, logs and counts.
func (s *Server) guard(c *fiber.Ctx) (err error) {
	start := s.cfg.Clock()
	id, err := s.ids.next(start)
	if err != nil {
		return err
	}
	c.Locals(localRequestID, id)
	c.Set(fiber.HeaderXRequestID, id)
	s.securityHeaders(c)
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic in a request", "request_id", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = s.sendError(c, fail(codeInternal, "Something went wrong on our side."))
		}
		s.logRequest(c, id, s.cfg.Clock().Sub(start))
	}()
	if s.requests.enter() {
		defer s.requests.leave()
	} else if !stillServed(c.Path()) {
		c.Set(fiber.HeaderConnection, "close")
		return s.sendError(c, goingDown())
	}
	if err := c.Next(); err != nil {
		return s.errorHandler(c, err)
	}
	return nil
}

// stillServed are the paths that operators ask while the server goes down.
func stillServed(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics"
}

// logRequest leaves out everything that a person may have written: the route is
// logged, not the path.
func (s *Server) logRequest(c *fiber.Ctx, id string, took time.Duration) {
	status := c.Response().StatusCode()
	route := c.Route().Path
	s.metrics.requests.WithLabelValues(methodLabel(c.Method()), route, fmt.Sprint(status)).Observe(took.Seconds())
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if s.log.Enabled(s.ctx, level) {
		s.log.Log(s.ctx, level, "request", "request_id", id, "method", c.Method(), "route", route,
			"status", status, "ms", took.Milliseconds())
	}
}

// methodLabel is a method's name as a label, which is kept: Fiber's own text is a
// view of a buffer that the next request overwrites.
func methodLabel(method string) string {
	for _, known := range [...]string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		if method == known {
			return known
		}
	}
	return "other"
}

const localRequestID = "request_id"

func requestIDOf(c *fiber.Ctx) string {
	id, _ := c.Locals(localRequestID).(string)
	return id
}
