package api_test

import "slices"

// matrix are all rows. A slice of routes of its own gets a list of its own, here or
// beside its tests; the columns are
//
//	nobody, unapproved (a sponsor), sponsor A (whose things they are), sponsor B,
//	influencer A (in the room), influencer B, flagged (an influencer), admin
func matrix() []right {
	return slices.Concat(
		operatorRights, authRights, campaignRights, roomRights, adminRights, socketRights, noticeRights, profileRights,
		flagRights, insightRights, adminListRights, accountRights,
	)
}

var operatorRights = []right{
	{what: "GET /healthz", path: "/healthz", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /readyz", path: "/readyz", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /metrics", path: "/metrics", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /ws", want: "401 101 101 101 101 101 403 101"},
	{what: "GET /api/openapi.json", path: "/api/openapi.json", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /api/openapi.yaml", path: "/api/openapi.yaml", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /api/openapi-3.0.json", path: "/api/openapi-3.0.json", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /api/openapi-3.0.yaml", path: "/api/openapi-3.0.yaml", want: "200 200 200 200 200 200 200 200"},
}

var authRights = []right{
	{what: "POST /api/auth/register", path: "/api/auth/register",
		body: `{"email":"{id}@example.com","password":"correct horse battery","name":"N","role":"sponsor"}`,
		want: "201 201 201 201 201 201 201 201"},
	{what: "POST /api/auth/register", path: "/api/auth/register",
		body: `{"email":"{id}@example.com","password":"correct horse battery","name":"N","role":"admin"}`,
		want: "422 422 422 422 422 422 422 422"},
	{what: "POST /api/auth/login", path: "/api/auth/login", body: `{"email":"{sponsorA.email}","password":"wrong password"}`,
		want: "401 401 401 401 401 401 401 401"},
	{what: "POST /api/auth/login", path: "/api/auth/login", body: `{"email":"{flagged.email}","password":"correct horse battery"}`,
		want: "200 200 200 200 200 200 200 200"},
	{what: "POST /api/auth/logout", path: "/api/auth/logout", want: "401 204 204 204 204 204 204 204", ends: true},
	{what: "POST /api/auth/tokens", path: "/api/auth/tokens", body: `{"name":"x"}`, want: "401 201 201 201 201 201 403 201"},
	// Who is flagged logs in to read why.
	{what: "GET /api/me", path: "/api/me", want: "401 200 200 200 200 200 200 200"},
}

var campaignRights = []right{
	{what: "GET /api/campaigns", path: "/api/campaigns", want: "401 200 200 200 403 403 403 403"},
	{what: "POST /api/campaigns", path: "/api/campaigns",
		body: `{"name":"N","starts_on":"{today}","ends_on":"{later}","budget":{"amount":1,"currency":"EUR"}}`,
		want: "401 201 201 201 403 403 403 403"},
	{what: "POST /api/campaigns", path: "/api/campaigns",
		body: `{"name":"N","starts_on":"{today}","ends_on":"{later}","budget":{"amount":1,"currency":"EUR"},"visibility":"public"}`,
		want: "401 403 201 201 403 403 403 403"},
	{what: "GET /api/campaigns/:id", path: "/api/campaigns/{campaign}", want: "401 404 200 404 200 200 403 200"},
	{what: "GET /api/campaigns/:id", path: "/api/campaigns/{campaign}", set: (*stage).private, want: "401 404 200 404 200 404 403 200"},
	{what: "GET /api/campaigns/:id", path: "/api/campaigns/{unknown}", want: "401 404 404 404 404 404 403 404"},
	{what: "GET /api/campaigns/:id/tracking", path: "/api/campaigns/{campaign}/tracking", want: "401 404 200 404 404 404 403 200"},
	{what: "GET /api/campaigns/:id/tracking", path: "/api/campaigns/{unknown}/tracking", want: "401 404 404 404 404 404 403 404"},
	{what: "GET /api/overview", path: "/api/overview", want: "401 200 200 200 403 403 403 403"},
	{what: "GET /api/admin/statistics", path: "/api/admin/statistics", want: "401 403 403 403 403 403 403 200"},
	{what: "GET /api/admin/statistics/:table", path: "/api/admin/statistics/states", want: "401 403 403 403 403 403 403 200"},
	{what: "PATCH /api/campaigns/:id", path: "/api/campaigns/{campaign}", body: `{"name":"{id}"}`, want: "401 404 200 404 404 404 403 404"},
	{what: "POST /api/campaigns/:id/archive", path: "/api/campaigns/{campaign}/archive", want: "401 404 200 404 404 404 403 404"},
	{what: "GET /api/open-campaigns", path: "/api/open-campaigns", want: "401 403 403 403 200 200 403 200"},
	{what: "GET /api/influencers", path: "/api/influencers", want: "401 200 200 200 403 403 403 200"},
	{what: "GET /api/saved-searches", path: "/api/saved-searches", want: "401 200 200 200 200 200 403 403"},
	{what: "POST /api/saved-searches", path: "/api/saved-searches", body: `{"name":"N","query":"q=tea"}`,
		want: "401 201 201 201 201 201 403 403"},
	{what: "PATCH /api/saved-searches/:id", path: "/api/saved-searches/{unknown}", body: `{"name":"N"}`,
		want: "401 404 404 404 404 404 403 404"},
	{what: "DELETE /api/saved-searches/:id", path: "/api/saved-searches/{unknown}", want: "401 404 404 404 404 404 403 404"},
	{what: "GET /api/reports", path: "/api/reports", want: "401 200 200 200 403 403 403 403"},
	{what: "POST /api/reports", path: "/api/reports", body: `{"month":"{month}"}`, want: "401 202 202 202 403 403 403 403"},
	{what: "GET /api/reports/:month/file", path: "/api/reports/2026-10/file", want: "401 404 404 404 404 404 403 404"},
	{what: "GET /api/exports", path: "/api/exports", want: "401 200 200 200 200 200 403 200"},
	{what: "POST /api/exports", path: "/api/exports", body: `{"table":"deals"}`, want: "401 202 202 202 202 202 403 202"},
	{what: "POST /api/exports", path: "/api/exports", body: `{"table":"users"}`, want: "401 422 422 422 422 422 403 202"},
	{what: "GET /api/exports/:id/file", path: "/api/exports/{unknown}/file", want: "401 404 404 404 404 404 403 404"},
	{what: "DELETE /api/exports/:id", path: "/api/exports/{unknown}", want: "401 404 404 404 404 404 403 404"},
	{what: "POST /api/campaigns/:id/invitations/batch", path: "/api/campaigns/{campaign}/invitations/batch",
		body: `{"invitations":[{"id":"{id}","influencer":"{influencerB}"}]}`, want: "401 403 200 404 403 403 403 403"},
	{what: "POST /api/campaigns/:id/invitations", path: "/api/campaigns/{campaign}/invitations",
		body: `{"id":"{id}","influencer":"{influencerB}"}`, want: "401 403 201 404 403 403 403 403"},
	{what: "POST /api/campaigns/:id/invitations", path: "/api/campaigns/{campaign}/invitations",
		body: `{"id":"{id}","influencer":"{flagged}"}`, want: "401 422 422 422 403 403 403 403"},
	{what: "POST /api/campaigns/:id/applications", path: "/api/campaigns/{campaign}/applications",
		body: `{"id":"{id}"}`, want: "401 403 403 403 409 201 403 403"},
	{what: "POST /api/campaigns/:id/applications", path: "/api/campaigns/{campaign}/applications", set: (*stage).private,
		body: `{"id":"{id}"}`, want: "401 403 403 403 404 404 403 403"},
}

var roomRights = []right{
	{what: "GET /api/rooms", path: "/api/rooms", want: "401 200 200 200 200 200 403 200"},
	{what: "GET /api/rooms/campaigns", path: "/api/rooms/campaigns", want: "401 200 200 200 200 200 403 200"},
	{what: "GET /api/rooms/:id", path: "/api/rooms/{room}", want: "401 404 200 404 200 404 403 200"},
	{what: "GET /api/rooms/:id", path: "/api/rooms/{unknown}", want: "401 404 404 404 404 404 403 404"},
	{what: "GET /api/rooms/:id/deal.pdf", path: "/api/rooms/{room}/deal.pdf", set: (*stage).agreed,
		want: "401 404 200 404 200 404 403 200"},
	{what: "GET /api/rooms/:id/deal.pdf", path: "/api/rooms/{unknown}/deal.pdf", want: "401 404 404 404 404 404 403 404"},
	// There is no deal in the room yet.
	{what: "GET /api/rooms/:id/deal.pdf", path: "/api/rooms/{room}/deal.pdf", want: "401 404 404 404 404 404 403 404"},
	{what: "GET /api/rooms/:id/parties", path: "/api/rooms/{room}/parties", want: "401 404 200 404 200 404 403 200"},
	{what: "GET /api/rooms/:id/parties", path: "/api/rooms/{unknown}/parties", want: "401 404 404 404 404 404 403 404"},
	{what: "GET /api/rooms/:id/events", path: "/api/rooms/{room}/events", want: "401 404 200 404 200 404 403 200"},
	{what: "POST /api/rooms/:id/commands", path: "/api/rooms/{room}/commands",
		body: `{"id":"{id}","type":"message","text":"x"}`, want: "401 403 200 404 200 404 403 403"},
	{what: "POST /api/rooms/:id/commands", path: "/api/rooms/{room}/commands",
		body: `{"id":"{id}","type":"accept","offer_seq":2,"terms_hash":"{hash}"}`, want: "401 403 409 404 200 404 403 403"},
}

var adminRights = []right{
	{what: "GET /api/admin/feed", path: "/api/admin/feed", want: "401 403 403 403 403 403 403 200"},
	{what: "GET /api/admin/rooms/:id", path: "/api/admin/rooms/{room}", want: "401 403 403 403 403 403 403 200"},
	{what: "POST /api/admin/flags", path: "/api/admin/flags", body: `{"kind":"room","id":"{room}","reason":"look"}`,
		want: "401 403 403 403 403 403 403 204"},
	{what: "POST /api/admin/flags", path: "/api/admin/flags", body: `{"kind":"campaign","id":"{campaign}","reason":"look"}`,
		want: "401 403 403 403 403 403 403 204"},
}

var noticeRights = []right{
	{what: "GET /api/notices", path: "/api/notices", want: "401 200 200 200 200 200 403 200"},
	{what: "POST /api/notices/read", path: "/api/notices/read", body: `{}`, want: "401 204 204 204 204 204 403 204"},
}

var profileRights = []right{
	{what: "GET /i/:slug", path: "/i/{slug}", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /api/profiles/:slug", path: "/api/profiles/{slug}", want: "200 200 200 200 200 200 200 200"},
	{what: "GET /api/profiles/:slug", path: "/api/profiles/{flagged.slug}", want: "404 404 404 404 404 404 404 404"},
	{what: "GET /pictures/:file", path: "/pictures/0123456789abcdef0123456789abcdef-96", want: "404 404 404 404 404 404 404 404"},
	{what: "GET /api/profile", path: "/api/profile", want: "401 403 403 403 200 200 403 403"},
	{what: "PATCH /api/profile", path: "/api/profile", body: `{"bio":"{id}"}`, want: "401 403 403 403 200 200 403 403"},
	{what: "GET /api/profile/addresses/:slug", path: "/api/profile/addresses/{slug}", want: "401 403 403 403 200 200 403 403"},
	{what: "GET /api/card", path: "/api/card", want: "401 200 200 200 403 403 403 403"},
	{what: "PATCH /api/card", path: "/api/card", body: `{"about":"{id}"}`, want: "401 200 200 200 403 403 403 403"},
	{what: "GET /api/sponsors/:id", path: "/api/sponsors/{sponsorA}", want: "401 404 200 404 200 200 403 200"},
	{what: "PUT /api/picture", path: "/api/picture", body: "{jpeg}", want: "401 200 200 200 200 200 403 403"},
	{what: "DELETE /api/picture", path: "/api/picture", want: "401 204 204 204 204 204 403 404"},
}

var flagRights = []right{
	{what: "GET /api/admin/flags", path: "/api/admin/flags", want: "401 403 403 403 403 403 403 200"},
	{what: "POST /api/admin/flags/:kind/:id/lift", path: "/api/admin/flags/room/{room}/lift", set: (*stage).flagged,
		body: `{"note":"n"}`, want: "401 403 403 403 403 403 403 204"},
	{what: "POST /api/admin/flags/:flag/appeals/:user/uphold", path: "/api/admin/flags/{flag}/appeals/{sponsorA}/uphold",
		set: (*stage).appealed, body: `{"answer":"a"}`, want: "401 403 403 403 403 403 403 204"},
	{what: "GET /api/me/flags", path: "/api/me/flags", want: "401 200 200 200 200 200 200 200"},
	{what: "POST /api/me/flags/:flag/appeal", path: "/api/me/flags/{flag}/appeal", set: (*stage).flagged,
		body: `{"text":"t"}`, want: "401 404 204 404 204 404 404 404"},
}

var insightRights = []right{
	{what: "GET /api/overview", path: "/api/overview", want: "401 200 200 200 403 403 403 403"},
	{what: "GET /api/campaigns/:id/tracking", path: "/api/campaigns/{campaign}/tracking", want: "401 404 200 404 404 404 403 200"},
}

// onlyAdmins is what reads for admins answer.
const onlyAdmins = "401 403 403 403 403 403 403 200"

var adminListRights = []right{
	{what: "GET /api/admin/audit/verification", path: "/api/admin/audit/verification", want: onlyAdmins},
	{what: "GET /api/admin/users", path: "/api/admin/users", want: onlyAdmins},
	{what: "GET /api/admin/rooms", path: "/api/admin/rooms", want: onlyAdmins},
	{what: "GET /api/admin/feed/rooms", path: "/api/admin/feed/rooms?ids={room}", want: onlyAdmins},
	{what: "GET /api/admin/users.csv", path: "/api/admin/users.csv", want: onlyAdmins},
	{what: "GET /api/admin/flags.csv", path: "/api/admin/flags.csv", want: onlyAdmins},
	{what: "GET /api/admin/audit", path: "/api/admin/audit", want: onlyAdmins},
	{what: "GET /api/admin/audit.csv", path: "/api/admin/audit.csv", want: onlyAdmins},
	{what: "GET /api/admin/campaigns/:id", path: "/api/admin/campaigns/{campaign}", want: onlyAdmins},
	{what: "GET /api/admin/mail.csv", path: "/api/admin/mail.csv", want: onlyAdmins},
	{what: "GET /api/admin/campaigns", path: "/api/admin/campaigns", want: onlyAdmins},
	{what: "GET /api/admin/mail", path: "/api/admin/mail", want: onlyAdmins},
	{what: "GET /api/admin/rooms.csv", path: "/api/admin/rooms.csv", want: onlyAdmins},
	{what: "GET /api/admin/campaigns.csv", path: "/api/admin/campaigns.csv", want: onlyAdmins},
	{what: "GET /api/admin/jobs/kinds", path: "/api/admin/jobs/kinds", want: onlyAdmins},
	{what: "GET /api/admin/jobs", path: "/api/admin/jobs", want: onlyAdmins},
	{what: "POST /api/admin/jobs/kinds/:kind/pause", path: "/api/admin/jobs/kinds/weekly/pause", want: "401 403 403 403 403 403 403 204"},
	{what: "POST /api/admin/jobs/kinds/:kind/pause", path: "/api/admin/jobs/kinds/other/pause", want: "401 403 403 403 403 403 403 404"},
	{what: "POST /api/admin/jobs/kinds/:kind/resume", path: "/api/admin/jobs/kinds/weekly/resume", want: "401 403 403 403 403 403 403 204"},
	{what: "POST /api/admin/jobs/:id/retry", path: "/api/admin/jobs/999999/retry", want: "401 403 403 403 403 403 403 404"},
	{what: "POST /api/admin/jobs/:id/cancel", path: "/api/admin/jobs/999999/cancel", want: "401 403 403 403 403 403 403 404"},
	{what: "GET /api/admin/users/:id", path: "/api/admin/users/{sponsorA}", want: onlyAdmins},
	{what: "GET /api/admin/mail/:id", path: "/api/admin/mail/{unknown}", want: "401 403 403 403 403 403 403 404"},
	{what: "GET /api/admin/mail/:id/page", path: "/api/admin/mail/{unknown}/page", want: "401 403 403 403 403 403 403 404"},
	{what: "GET /api/admin/mail/:id/files/:number", path: "/api/admin/mail/{unknown}/files/0", want: "401 403 403 403 403 403 403 404"},
}

// The path of a command over the socket is its frame, but for the type.
var socketRights = []right{
	{what: "join inbox", path: "inbox", want: "401 200 200 200 200 200 403 200"},
	{what: "join feed", path: "feed", want: "401 403 403 403 403 403 403 200"},
	{what: "join room:", path: "room:{room}", want: "401 404 200 404 200 404 403 200"},
	{what: "join room:", path: "room:{unknown}", want: "401 404 404 404 404 404 403 404"},
	{what: "socket typing", path: `{"room":"{room}"}`, want: "401 404 200 404 200 404 403 403"},
	{what: "socket seen", path: `{"room":"{room}","seq":1}`, want: "401 404 200 404 200 404 403 403"},
	{what: "socket message", path: `{"room":"{room}","text":"x"}`, want: "401 403 200 404 200 404 403 403"},
	{what: "socket offer", path: `{"room":"{room}","terms":` + someTerms + `}`, set: (*stage).withdrawn,
		want: "401 403 200 404 200 404 403 403"},
	{what: "socket counter", path: `{"room":"{room}","offer_seq":2,"terms":{"note":"x"}}`, want: "401 403 409 404 200 404 403 403"},
	{what: "socket accept", path: `{"room":"{room}","offer_seq":2,"terms_hash":"{hash}"}`, want: "401 403 409 404 200 404 403 403"},
	{what: "socket decline", path: `{"room":"{room}","offer_seq":2,"reason":"fit"}`, want: "401 403 409 404 200 404 403 403"},
	{what: "socket withdraw", path: `{"room":"{room}","offer_seq":2}`, want: "401 403 200 404 409 404 403 403"},
	{what: "socket cancel", path: `{"room":"{room}"}`, want: "401 403 200 404 409 404 403 403"},
	{what: "socket reopen", path: `{"room":"{room}"}`, set: (*stage).declined, want: "401 403 409 404 200 404 403 403"},
	{what: "socket deliver", path: `{"room":"{room}","deal_seq":2,"deliverable":0,"links":["https://example.com/1"]}`,
		set: (*stage).agreed, want: "401 403 409 404 200 404 403 403"},
	{what: "socket confirm", path: `{"room":"{room}","delivery_seq":4}`, set: (*stage).delivered,
		want: "401 403 200 404 409 404 403 403"},
	{what: "socket return", path: `{"room":"{room}","delivery_seq":4,"reason":"once more"}`, set: (*stage).delivered,
		want: "401 403 200 404 409 404 403 403"},
	{what: "socket freeze", path: `{"room":"{room}","reason":"look"}`, want: "401 403 403 404 403 404 403 200"},
	{what: "socket unfreeze", path: `{"room":"{room}","reason":"seen"}`, set: (*stage).frozen, want: "401 403 403 404 403 404 403 200"},
	{what: "socket close", path: `{"room":"{room}","reason":"over"}`, want: "401 403 403 404 403 404 403 200"},
}

const someTerms = `{"fee":{"amount":900,"currency":"EUR"},"deliverables":[{"platform":"tiktok","format":"video","quantity":1}]}`

func (s *stage) private() {
	s.people["sponsorA"].call("PATCH", s.fill("/api/campaigns/{campaign}"), object{"visibility": "private"}).want(200)
}

func (s *stage) withdrawn() { s.do("sponsorA", `{"id":"{id}","type":"withdraw","offer_seq":2}`) }

func (s *stage) agreed() {
	s.do("influencerA", `{"id":"{id}","type":"accept","offer_seq":2,"terms_hash":"{hash}"}`)
}

func (s *stage) delivered() {
	s.agreed()
	s.do("influencerA", `{"id":"{id}","type":"deliver","deal_seq":2,"deliverable":0,"links":["https://example.com/1"]}`)
}

func (s *stage) declined() {
	s.do("influencerA", `{"id":"{id}","type":"decline","offer_seq":2,"reason":"fit"}`)
}

func (s *stage) frozen() { s.do("admin", `{"id":"{id}","type":"freeze","reason":"look"}`) }

// flagged puts the room under review.
func (s *stage) flagged() {
	s.w.t.Helper()
	admin := s.people["admin"]
	admin.call("POST", "/api/admin/flags", object{"kind": "room", "id": s.names["room"], "reason": "look"}).want(204)
	list := admin.call("GET", "/api/admin/flags?subject="+s.names["room"], nil).want(200).items()
	s.names["flag"] = at(list[0], "id").(string)
}

// appealed has sponsor A answer the review.
func (s *stage) appealed() {
	s.flagged()
	s.people["sponsorA"].call("POST", s.fill("/api/me/flags/{flag}/appeal"), object{"text": "why"}).want(204)
}
