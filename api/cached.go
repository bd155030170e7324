package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/api/cache"
	"parley/rooms"
	"parley/store"
)

// What is kept for a while: read by many, changed by few. A lifetime bounds how old an
// answer can be where its change is none of a request's: a campaign that ends, a deal
// that is completed, a number in the statistics.
var (
	spaceProfiles   = cache.Space{Name: "profiles", TTL: 30 * time.Second}
	spaceCampaigns  = cache.Space{Name: "campaigns", TTL: 30 * time.Second}
	spaceStatistics = cache.Space{Name: "statistics", TTL: 15 * time.Second}
)

// cacheBytes bounds the cache in the process.
const cacheBytes = 32 << 20

// untrue says for each operation that may change something which spaces no longer hold
// after it. None for what is seen by its own people alone, by nobody, or what may be old
// for a lifetime: whoever may ask for such an operation must not be able to have
// everything loaded anew each time.
var untrue = map[string][]cache.Space{
	// What anybody can do.
	"register": nil, "login": nil, "logout": nil, "forgotPassword": nil, "resetPassword": nil, "verifyEmail": nil,
	"unsubscribe": nil,

	// The account. Names are shown with profiles and with campaigns.
	"changeAccount": {spaceProfiles, spaceCampaigns},
	"deleteAccount": {spaceProfiles, spaceCampaigns, spaceStatistics},
	"changeEmail":   nil, "changePassword": nil, "resendVerification": nil, "setOwnBudget": nil,
	"proposeFactor": nil, "confirmFactor": nil, "newRecoveryCodes": nil, "removeFactor": nil,
	"createToken": nil, "endSession": nil, "endOtherSessions": nil,
	"setPreferences": nil, "makeWebhook": nil, "deleteWebhook": nil, "switchWebhookOn": nil, "testWebhook": nil,
	"appeal": nil, "readNotices": nil,
	"askExport": nil, "removeExport": nil, "askReport": nil,
	"saveSearch": nil, "renameSavedSearch": nil, "deleteSavedSearch": nil,

	// What one shows of oneself.
	"editProfile":   {spaceProfiles},
	"editCard":      {spaceCampaigns},
	"setPicture":    {spaceProfiles},
	"removePicture": {spaceProfiles},

	// Campaigns and their rooms. Of commands, confirm is the one that is seen outside;
	// see confirmed.
	"createCampaign":  {spaceCampaigns, spaceStatistics},
	"updateCampaign":  {spaceCampaigns, spaceStatistics},
	"archiveCampaign": {spaceCampaigns, spaceStatistics},
	"invite":          nil, "inviteMany": nil, "apply": nil, "command": nil,

	// Admins.
	"flag":           {spaceProfiles, spaceCampaigns, spaceStatistics},
	"liftFlag":       {spaceProfiles, spaceCampaigns, spaceStatistics},
	"upholdFlag":     nil,
	"approveSponsor": {spaceCampaigns, spaceStatistics},
	"refuseSponsor":  {spaceCampaigns, spaceStatistics},
	"pauseJobs":      nil, "resumeJobs": nil, "retryJob": nil, "cancelJob": nil,
}

// changed forgets what an operation has made untrue, before its answer is sent: who
// changes something sees it changed.
func (s *Server) changed(ctx context.Context, op *huma.Operation) {
	s.forget(ctx, op.OperationID, untrue[op.OperationID])
}

// confirmed answers a command. One that may have completed a deal, which profiles count,
// is answered when the profiles are forgotten, in a goroutine of its own: the store's
// delivery waits for no cache. Where there is no room for that, the lifetime has to do.
func (s *Server) confirmed(body rooms.Command, r *store.Result, answer func()) {
	if _, ok := body.(rooms.Confirm); !ok || r.Err != nil || r.Duplicate {
		answer()
		return
	}
	forget := func(ctx context.Context) {
		defer answer()
		s.forget(ctx, body.Name(), []cache.Space{spaceProfiles})
	}
	if !s.chores.do(forget) {
		answer()
	}
}

// forget has what is kept in some spaces loaded anew. That the cache could not be told is
// no error of the request, which is committed; its backend makes up for it.
func (s *Server) forget(ctx context.Context, operation string, spaces []cache.Space) {
	if len(spaces) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.cache.Invalidate(ctx, spaces...); err != nil {
		s.log.Warn("answers that are kept may be old", "operation", operation, "err", err)
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
