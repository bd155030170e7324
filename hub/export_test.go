package hub

// PresenceTopics counts the topics whose members the hub keeps.
func PresenceTopics(h *Hub) int {
	h.presence.mu.Lock()
	defer h.presence.mu.Unlock()
	return len(h.presence.known)
}
