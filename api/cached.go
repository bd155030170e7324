package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/api/cache"
	"parley/rooms"
)

// What is kept for a while: read by many, changed by few. A lifetime bounds how old an
// answer can be where its change is none of a request's: a campaign that ends, a deal
// that is completed, a number in the statistics.
var (
	spaceProfiles   = cache.Space{Name: "profiles", TTL: 30 * time.Second}
	spaceCampaigns  = cache.Space{Name: "campaigns", TTL: 30 * time.Second}
	spaceStatistics = cache.Space{Name: "statistics", TTL: 15 * time.Second}
)

// spaces are all of them.
var spaces = []cache.Space{spaceProfiles, spaceCampaigns, spaceStatistics}

// cacheBytes bounds the cache in the process.
const cacheBytes = 32 << 20

// leavesCached are the operations after which everything that is kept still holds.
// Every other one that may change something is taken to change all of it: they are
// rare, and what is forgotten in vain costs one query.
var leavesCached = map[string]bool{
	"login": true, "logout": true, "createToken": true, "readNotices": true,
	// What these change is seen by the parties alone, or may be old for a lifetime.
	"command": true, "invite": true, "apply": true, "appeal": true,
	"inviteMany": true, "saveSearch": true, "renameSavedSearch": true, "deleteSavedSearch": true,
}

// changed forgets what an operation has made untrue, before its answer is sent: who
// changes something sees it changed. That the cache could not be told is no error of
// the request, which is committed; its backend makes up for it.
func (s *Server) changed(ctx context.Context, op *huma.Operation) {
	if safeMethod(op.Method) || leavesCached[op.OperationID] {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.cache.Invalidate(ctx, spaces...); err != nil {
		s.log.Warn("answers that are kept may be old", "operation", op.OperationID, "err", err)
	}
}

// cachedFor answers from what is kept for an audience, or loads. The parts tell the
// answers of a space apart.
func cachedFor[T any](ctx context.Context, s *Server, space cache.Space, audience cache.Audience,
	load func(context.Context) (T, error), parts ...string,
) (T, error) {
	return cache.Get(ctx, s.cache, cache.KeyOf(space, audience, parts...), load)
}

// cachedStatistics answers with figures that only admins see, which are the same for
// all of them.
func cachedStatistics[T any](ctx context.Context, s *Server, r *request, load func(context.Context) (T, error), parts ...string) (T, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		var none T
		return none, err
	}
	return cachedFor(ctx, s, spaceStatistics, cache.Only("admins"), load, parts...)
}
