package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/compress"
)

// readyTimeout bounds the question whether the database answers.
const readyTimeout = 2 * time.Second

// routes puts everything in its place. The order counts: what is not the API's
// belongs to the app in the browser.
func (s *Server) routes() {
	s.app.Use(s.guard)
	s.app.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) })
	s.app.Get("/readyz", s.ready)
	s.app.Get("/metrics", adaptor.HTTPHandler(s.metrics.Handler()))
	s.app.Get("/ws", s.upgrade)
	s.apiRoutes()
	s.app.Use("/api", func(*fiber.Ctx) error { return notFound("route") })
	s.app.Get(picturesPath+":file", s.servePicture)
	s.app.Get("/i/:slug", compress.New(), s.profilePage)
	s.assetRoutes()
}

// ready tells a load balancer whether to send clients here.
func (s *Server) ready(c *fiber.Ctx) error {
	status := fiber.Map{"status": "ready", "store": "ok", "bus": "up"}
	code := http.StatusOK
	if !s.cfg.BusUp() {
		// Slower, but all promises hold: still ready.
		status["bus"] = "down"
	}
	ctx, cancel := context.WithTimeout(s.ctx, readyTimeout)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		status["status"], status["store"] = "unavailable", "unavailable"
		code = http.StatusServiceUnavailable
	}
	if s.Draining() {
		status["status"] = "draining"
		code = http.StatusServiceUnavailable
	}
	raw, err := json.Marshal(status)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, mediaJSON)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(code).Send(raw)
}
