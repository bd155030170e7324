package api

// Hold keeps Shutdown at its first step, as a command that waits for its commit
// does, until released is closed.
func (s *Server) Hold(released <-chan struct{}) {
	s.commands.enter()
	go func() {
		<-released
		s.commands.leave()
	}()
}
