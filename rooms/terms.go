package rooms

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of the terms; docs/protocol.md shows them to clients.
const (
	maxDeliverables      = 20
	maxQuantity          = 100
	maxLengthSeconds     = 24 * 60 * 60
	maxLinks             = 5
	maxLinkChars         = 300
	maxMustShowChars     = 500
	maxFormatChars       = 40
	maxUsageMonths       = 120
	maxCategoryChars     = 80
	maxExclusivityDays   = 730
	maxRevisionRounds    = 20
	maxMilestones        = 6
	maxMilestoneChars    = 80
	maxNetDays           = 180
	maxRequirementsChars = 2000
	maxNoteChars         = 1000
)

// Platforms are the places where a deliverable can appear.
var Platforms = []string{
	"instagram", "tiktok", "youtube", "twitch", "x", "facebook",
	"linkedin", "pinterest", "snapchat", "podcast", "blog", "other",
}

// UsageScopes are how far a sponsor may use the content.
var UsageScopes = []string{"organic", "paid", "whitelisting"}

// Terms is everything an offer binds its author to. The order of the fields is
// the order of the sections and of the canonical bytes.
type Terms struct {
	Fee            Money         `json:"fee"`
	Deliverables   []Deliverable `json:"deliverables"`
	UsageRights    *UsageRights  `json:"usage_rights,omitempty"`
	Exclusivity    *Exclusivity  `json:"exclusivity,omitempty"`
	RevisionRounds *int          `json:"revision_rounds,omitempty" minimum:"0" maximum:"20"`
	Payment        []Milestone   `json:"payment,omitempty"`
	Requirements   string        `json:"requirements,omitempty" maxLength:"2000"`
	Note           string        `json:"note,omitempty" maxLength:"1000"`
	// Locked are the sections that only their first author may change.
	Locked Sections `json:"locked"`
}

// Deliverable is one kind of content to be made.
type Deliverable struct {
	Platform string `json:"platform"`
	Format   string `json:"format" maxLength:"40"`
	Quantity int    `json:"quantity" minimum:"1" maximum:"100"`
	// LengthSeconds is 0 where length means nothing, as for a picture.
	LengthSeconds int      `json:"length_seconds,omitempty" minimum:"0" maximum:"86400"`
	Due           Date     `json:"due,omitempty" format:"date"`
	MustShow      string   `json:"must_show,omitempty" maxLength:"500"`
	Links         []string `json:"links,omitempty"`
}

// UsageRights is what the sponsor may do with the content.
type UsageRights struct {
	Scope string `json:"scope" enum:"organic,paid,whitelisting"`
	// Months is how long; 0 is for ever.
	Months   int      `json:"months" minimum:"0" maximum:"120"`
	Channels []string `json:"channels,omitempty"`
}

// Exclusivity keeps the influencer from the sponsor's competitors.
type Exclusivity struct {
	Category string `json:"category" maxLength:"80"`
	Days     int    `json:"days" minimum:"1" maximum:"730"`
}

// Milestone is a part of the fee and when it is to be paid.
type Milestone struct {
	Milestone string `json:"milestone" maxLength:"80"`
	Percent   int    `json:"percent" minimum:"1" maximum:"100"`
	NetDays   int    `json:"net_days" minimum:"0" maximum:"180"`
}

// Date is a calendar date in the form 2027-01-15, or empty.
type Date string

// Time is the date's first instant in UTC.
func (d Date) Time() (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, string(d), time.UTC)
	if err != nil {
		return time.Time{}, fmt.Errorf("date %q: %w", string(d), err)
	}
	return t, nil
}

// Hash names terms by content. An accept must carry it.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes 64 hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("a hash has %d hexadecimal digits", hex.EncodedLen(len(h)))
	}
	if _, err := hex.Decode(h[:], text); err != nil {
		return fmt.Errorf("a hash has hexadecimal digits: %w", err)
	}
	return nil
}

// canonical are the bytes of the terms that are hashed and stored.
func (t *Terms) canonical() []byte { return t.appendJSON(make([]byte, 0, 512)) }

// section gives the comparable value of a section, nil when it is not set.
func (t *Terms) section(s Section) any {
	switch s {
	case SectionFee:
		if t.Fee != (Money{}) {
			return t.Fee
		}
	case SectionDeliverables:
		if len(t.Deliverables) > 0 {
			return t.Deliverables
		}
	case SectionUsageRights:
		if t.UsageRights != nil {
			return *t.UsageRights
		}
	case SectionExclusivity:
		if t.Exclusivity != nil {
			return *t.Exclusivity
		}
	case SectionRevisionRounds:
		if t.RevisionRounds != nil {
			return *t.RevisionRounds
		}
	case SectionPayment:
		if len(t.Payment) > 0 {
			return t.Payment
		}
	case SectionRequirements:
		if t.Requirements != "" {
			return t.Requirements
		}
	case SectionNote:
		if t.Note != "" {
			return t.Note
		}
	case sectionCount:
	}
	return nil
}

// equalSection compares one section of two terms by value.
func equalSection(a, b *Terms, s Section) bool {
	switch s {
	case SectionFee:
		return a.Fee == b.Fee
	case SectionDeliverables:
		return slices.EqualFunc(a.Deliverables, b.Deliverables, func(x, y Deliverable) bool { return x.equal(&y) })
	case SectionUsageRights:
		x, y := a.UsageRights, b.UsageRights
		return (x == nil) == (y == nil) && (x == nil ||
			x.Scope == y.Scope && x.Months == y.Months && slices.Equal(x.Channels, y.Channels))
	case SectionExclusivity:
		x, y := a.Exclusivity, b.Exclusivity
		return (x == nil) == (y == nil) && (x == nil || *x == *y)
	case SectionRevisionRounds:
		x, y := a.RevisionRounds, b.RevisionRounds
		return (x == nil) == (y == nil) && (x == nil || *x == *y)
	case SectionPayment:
		return slices.Equal(a.Payment, b.Payment)
	case SectionRequirements:
		return a.Requirements == b.Requirements
	case SectionNote:
		return a.Note == b.Note
	case sectionCount:
	}
	return true
}

func (d *Deliverable) equal(o *Deliverable) bool {
	return d.Platform == o.Platform && d.Format == o.Format && d.Quantity == o.Quantity &&
		d.LengthSeconds == o.LengthSeconds && d.Due == o.Due && d.MustShow == o.MustShow && slices.Equal(d.Links, o.Links)
}

// validate checks terms as a whole: what is required, every limit, the
// campaign's currency and end. It does not know who wrote them. Deliverables that
// an amendment takes over from the deal in force, nil for none, were checked when
// the deal was made: the campaign may end earlier now.
func (t *Terms) validate(c *Campaign, deal *Terms) *Refusal {
	for _, check := range []*Refusal{
		t.validateFee(c), t.validateDeliverables(c, deal), t.validateRights(), t.validatePayment(),
		textLimit("terms.requirements", t.Requirements, 0, maxRequirementsChars),
		textLimit("terms.note", t.Note, 0, maxNoteChars),
	} {
		if check != nil {
			return check
		}
	}
	return nil
}

func (t *Terms) validateFee(c *Campaign) *Refusal {
	switch {
	case t.Fee == (Money{}):
		return Invalid("terms.fee", Required())
	case t.Fee.Amount < 1:
		return Invalid("terms.fee.amount", AtLeast(1))
	case t.Fee.Amount > MaxAmountMinor:
		return Invalid("terms.fee.amount", AtMost(MaxAmountMinor))
	case t.Fee.Currency != c.Currency:
		return Invalid("terms.fee.currency", OneOf(string(c.Currency)))
	}
	return nil
}

func (t *Terms) validateDeliverables(c *Campaign, deal *Terms) *Refusal {
	const at = "terms.deliverables"
	if len(t.Deliverables) == 0 {
		return Invalid(at, Because("deliverable_missing", "must name at least one deliverable"))
	}
	if len(t.Deliverables) > maxDeliverables {
		return Invalid(at, ItemsAtMost(maxDeliverables))
	}
	for i := range t.Deliverables {
		if deal != nil && i < len(deal.Deliverables) && deal.Deliverables[i].equal(&t.Deliverables[i]) {
			continue
		}
		if r := t.Deliverables[i].validate(c); r != nil {
			return r.within(at, i)
		}
	}
	return nil
}

// validate names fields relative to the deliverable.
func (d *Deliverable) validate(c *Campaign) *Refusal {
	if !slices.Contains(Platforms, d.Platform) {
		return Invalid("platform", OneOf(Platforms...))
	}
	if r := textLimit("format", d.Format, 1, maxFormatChars); r != nil {
		return r
	}
	if r := numberLimit("quantity", d.Quantity, 1, maxQuantity); r != nil {
		return r
	}
	if r := numberLimit("length_seconds", d.LengthSeconds, 0, maxLengthSeconds); r != nil {
		return r
	}
	if d.Due != "" {
		due, err := d.Due.Time()
		if err != nil {
			return Invalid("due", NoDate())
		}
		if !due.Before(c.EndsAt.Time) {
			return Invalid("due", Because("past_campaign_end", "must not be past the campaign's end"))
		}
	}
	if r := textLimit("must_show", d.MustShow, 0, maxMustShowChars); r != nil {
		return r
	}
	if len(d.Links) > maxLinks {
		return Invalid("links", ItemsAtMost(maxLinks))
	}
	for i, link := range d.Links {
		if r := linkLimit(fmt.Sprintf("links[%d]", i), link); r != nil {
			return r
		}
	}
	return nil
}

func (t *Terms) validateRights() *Refusal {
	if u := t.UsageRights; u != nil {
		if !slices.Contains(UsageScopes, u.Scope) {
			return Invalid("terms.usage_rights.scope", OneOf(UsageScopes...))
		}
		if r := numberLimit("terms.usage_rights.months", u.Months, 0, maxUsageMonths); r != nil {
			return r
		}
		if len(u.Channels) > len(Platforms) {
			return Invalid("terms.usage_rights.channels", ItemsAtMost(len(Platforms)))
		}
		for i, ch := range u.Channels {
			if !slices.Contains(Platforms, ch) {
				return Invalid(channelField(i), OneOf(Platforms...))
			}
			if slices.Contains(u.Channels[:i], ch) {
				return Invalid(channelField(i), Twice("is named twice"))
			}
		}
	}
	if e := t.Exclusivity; e != nil {
		if r := textLimit("terms.exclusivity.category", e.Category, 1, maxCategoryChars); r != nil {
			return r
		}
		if r := numberLimit("terms.exclusivity.days", e.Days, 1, maxExclusivityDays); r != nil {
			return r
		}
	}
	if t.RevisionRounds != nil {
		return numberLimit("terms.revision_rounds", *t.RevisionRounds, 0, maxRevisionRounds)
	}
	return nil
}

// channelField is made only where something is wrong, as by within.
func channelField(i int) string { return fmt.Sprintf("terms.usage_rights.channels[%d]", i) }

func (t *Terms) validatePayment() *Refusal {
	if len(t.Payment) == 0 {
		return nil
	}
	if len(t.Payment) > maxMilestones {
		return Invalid("terms.payment", ItemsAtMost(maxMilestones))
	}
	sum := 0
	for i := range t.Payment {
		if r := t.Payment[i].validate(); r != nil {
			return r.within("terms.payment", i)
		}
		sum += t.Payment[i].Percent
	}
	if sum != 100 {
		return Invalid("terms.payment", Because("percent_sum", fmt.Sprintf("must have percents that sum to 100, not %d", sum)))
	}
	return nil
}

// validate names fields relative to the milestone.
func (m *Milestone) validate() *Refusal {
	if r := textLimit("milestone", m.Milestone, 1, maxMilestoneChars); r != nil {
		return r
	}
	if r := numberLimit("percent", m.Percent, 1, 100); r != nil {
		return r
	}
	return numberLimit("net_days", m.NetDays, 0, maxNetDays)
}

func numberLimit(field string, n, low, high int) *Refusal {
	if n < low || n > high {
		return Invalid(field, Between(low, high))
	}
	return nil
}

// textLimit bounds a text in characters and refuses control characters, which
// no field needs and some stores and readers cannot hold.
func textLimit(field, s string, low, high int) *Refusal {
	n := 0
	for i, r := range s {
		n++
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return Invalid(field, Form("must be UTF-8"))
			}
		}
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return Invalid(field, ControlCharacters())
		}
	}
	if n > high {
		return Invalid(field, CharsAtMost(high))
	}
	if low > 0 && strings.TrimSpace(s) == "" {
		return Invalid(field, Required())
	}
	return nil
}
