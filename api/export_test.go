package api

import (
	"maps"
	"slices"

	"github.com/gofiber/fiber/v2"

	"parley/rooms"
	"parley/store/outbox/letter"
)

// Hold keeps Shutdown at its first step, as a command that waits for its commit
// does, until released is closed.
func (s *Server) Hold(released <-chan struct{}) {
	s.commands.enter()
	go func() {
		<-released
		s.commands.leave()
	}()
}

// Routes lists every route that the server answers, as "GET /api/campaigns/:id".
func (s *Server) Routes() []string {
	var list []string
	for _, r := range s.app.GetRoutes(true) {
		if r.Method != fiber.MethodHead { // comes with each GET
			list = append(list, r.Method+" "+r.Path)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// ChangingOperations lists the operations of which it is known what they make untrue.
func ChangingOperations() []string { return slices.Sorted(maps.Keys(untrue)) }

// FrameKinds lists what a client can ask for over the socket.
func FrameKinds() []string {
	var list []string
	for _, known := range shapes {
		list = append(list, known.kind)
	}
	return list
}

// TopicKinds lists what can be joined; after a colon follows an id.
func TopicKinds() []string { return topicKinds[:] }

// StatusOf is the HTTP status of an error's code.
func StatusOf(code string) int { return statusOf(rooms.Code(code)) }

// Letters are all mails about accounts, with a secret that is always the same.
func (s *Server) Letters() []letter.Letter {
	const token = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	return []letter.Letter{
		s.verifyLetter(token), s.resetLetter(token), s.newAddressLetter(token), s.oldAddressLetter(), s.passwordLetter(),
		s.factorLetter(true), s.factorLetter(false), s.approvedLetter(), s.refusedLetter("We could not find your company."),
	}
}
