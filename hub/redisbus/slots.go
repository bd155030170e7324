package redisbus

import (
	"hash/fnv"
	"strconv"

	"parley/hub"
)

// slotCount is how many channels the topics of Config.Shared are spread over. All
// instances must agree on it. Many would pay only where an instance wants fewer topics
// than there are channels; few keep messages together when batches are small.
const slotCount = 4

// slotBytes is where a message that carries others ends and the next begins, as one
// that is kept keeps them all. A larger one travels alone.
const slotBytes = 64 << 10

// slot is a channel that topics share.
type slot struct {
	channel string
	// wanted are those of its topics that the hub wants to hear, by name. The bus's
	// lock guards it.
	wanted map[string]string
	// waiting are the messages of the Send under way.
	waiting []*hub.Message
}

func (b *Bus) makeSlots(prefix string) {
	b.byChannel = make(map[string]*slot, slotCount)
	for i := range b.slots {
		s := &b.slots[i]
		s.channel, s.wanted = prefix+strconv.Itoa(i), make(map[string]string)
		b.byChannel[s.channel] = s
	}
}

// slotOf returns where a topic is shared, nil for one with a channel of its own. It
// is 32-bit FNV-1a, as all instances must find the same.
func (b *Bus) slotOf(topic string) *slot {
	if !b.cfg.Shared(topic) {
		return nil
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(topic)) // it never fails
	return &b.slots[hash.Sum32()%slotCount]
}

// channelOf returns the channel that carries a topic.
func (b *Bus) channelOf(topic string) string {
	if s := b.slotOf(topic); s != nil {
		return s.channel
	}
	return b.prefix + topic
}

// wantedWith are the wanted topics of a slot or, for nil, those with a channel of
// their own.
func (b *Bus) wantedWith(s *slot) map[string]string {
	if s == nil {
		return b.wanted
	}
	return s.wanted
}

// wantedOf lists the topics of a slot that the hub wants to hear.
func (b *Bus) wantedOf(s *slot) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	topics := make([]string, 0, len(s.wanted))
	for topic := range s.wanted {
		topics = append(topics, topic)
	}
	return topics
}

// wants tells whether the hub wants a topic of a slot, and its name.
func (b *Bus) wants(s *slot, topic []byte) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name, wanted := s.wanted[string(topic)]
	return name, wanted
}
