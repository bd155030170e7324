package preferences

// Topic is something that a person can be told about, or choose not to be.
type Topic string

// The topics. What concerns the account itself is none: everybody is told that.
const (
	// Daily is the reminder in the evening, Weekly the digest for admins, Monthly the
	// report for sponsors.
	Daily   Topic = "daily"
	Weekly  Topic = "weekly"
	Monthly Topic = "monthly"
	// Requests are new ad requests, Offers are offers while one is away, Deals are deals
	// struck and what becomes of them.
	Requests Topic = "requests"
	Offers   Topic = "offers"
	Deals    Topic = "deals"
)

// Topics are all of them. The place of each is its bit in the column muted: the order
// never changes, and new ones come at the end.
func Topics() []Topic { return []Topic{Daily, Weekly, Monthly, Requests, Offers, Deals} }

// bit is 0 for what is no topic.
func (t Topic) bit() int {
	for i, known := range Topics() {
		if t == known {
			return 1 << i
		}
	}
	return 0
}

// Known tells whether it is a topic.
func (t Topic) Known() bool { return t.bit() != 0 }

// Muted is a set of topics that are not wanted.
type Muted int

// Has tells whether a topic is not wanted.
func (m Muted) Has(t Topic) bool { return int(m)&t.bit() != 0 }

// With adds a topic.
func (m Muted) With(t Topic) Muted { return m | Muted(t.bit()) }
