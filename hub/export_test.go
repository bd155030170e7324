package hub

// PresenceTopics counts the topics whose members the hub keeps.
func PresenceTopics(h *Hub) int {
	h.presence.mu.Lock()
	defer h.presence.mu.Unlock()
	return len(h.presence.known)
}

// HeadsAwaited counts the topics whose heads are being asked for or are to be.
func HeadsAwaited(h *Hub) int {
	h.heads.mu.Lock()
	defer h.heads.mu.Unlock()
	return len(h.heads.waiting) + h.heads.asking
}
