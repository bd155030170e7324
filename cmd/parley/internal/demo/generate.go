package demo

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

// DefaultScale is the market of `parley serve --demo`.
const DefaultScale = 72

// span is how far back the market's story begins.
const span = 240 * 24 * time.Hour

// Least sizes, so that a small market has something to show on every page.
const (
	minBrands    = 24
	minCampaigns = 64
	minTalks     = 620
	// eventsPerTalk is about how many events a talk leads to; a market is to have ten
	// events a creator.
	eventsPerTalk = 10
)

// The last of the brands wait for an admin, and have not waited for long.
const (
	leastWaiting = 3
	waitedMost   = 4 * 24 * time.Hour
)

// actor is a user of the market.
type actor struct {
	member
	id       string
	joined   time.Time
	approved bool
}

// run is a campaign of the market.
type run struct {
	plan
	id              string
	launched, ended time.Time
}

// fate is what a talk comes to, as far as its people decide it beforehand.
type fate uint8

const (
	bargains fate = iota
	ignored       // nobody answers the first offer
	refused       // declined at once
	recalled      // taken back by who opened it
	lapses        // somebody forgets to answer in the middle
)

// meeting is a talk of the market: who, when and how.
type meeting struct {
	run, creator int
	applied      bool
	percent      int64 // the first fee, of a tenth of the budget
	start        time.Time
	stopAfter    int // offers in all; 0: plays to its end
	fate         fate
	temper       int
	slow         bool // days between the moves
}

// market is everything that is known before the story is told.
type market struct {
	brands, creators []actor
	runs             []run
	meetings         []meeting // by start
}

// maker draws a market.
type maker struct {
	rand    *rand.Rand
	entropy io.Reader
	until   time.Time
	market

	byTheme [][]int // creators of each theme
	names   map[string]bool
	titles  map[string]bool // brand and campaign
	pairs   map[[2]int]bool // run and creator
}

// newMarket draws a market of about scale creators. The people and campaigns that
// the demo's logins know come first and are always the same.
func newMarket(random *rand.Rand, entropy io.Reader, until time.Time, scale int) *market {
	m := &maker{
		rand: random, entropy: entropy, until: until, byTheme: make([][]int, len(themes)),
		names: make(map[string]bool), titles: make(map[string]bool), pairs: make(map[[2]int]bool),
	}
	m.cast()
	m.drawBrands(max(minBrands, scale/40))
	m.drawCreators(scale)
	m.drawRuns(max(minCampaigns, scale/10))
	m.drawMeetings(max(minTalks, int(float64(scale)*10/eventsPerTalk)))
	m.join()
	return &m.market
}

// cast takes over the people, campaigns and talks that were thought up.
func (m *maker) cast() {
	for _, b := range brands {
		m.names[b.name] = true
		m.brands = append(m.brands, actor{member: b, approved: true})
	}
	for i, c := range creators {
		m.names[c.name] = true
		m.creators = append(m.creators, actor{member: c, approved: true})
		t := themeOf(c.category)
		m.byTheme[t] = append(m.byTheme[t], i)
	}
	for _, p := range plans {
		m.titles[titleKey(p.brand, p.name)] = true
		m.runs = append(m.runs, run{
			plan: p, launched: m.until.AddDate(0, 0, -25).Add(-11 * time.Hour),
			ended: m.until.AddDate(0, 0, p.days).UTC().Truncate(24 * time.Hour),
		})
	}
	for _, t := range talks {
		mt := meeting{
			run: t.plan, creator: t.creator, applied: t.applied, percent: t.percent, stopAfter: t.stopAfter, temper: t.creator + t.plan,
			start: m.until.AddDate(0, 0, -t.daysAgo).Add(-time.Duration(m.rand.IntN(600)) * time.Minute),
		}
		if t.ignored {
			mt.fate = ignored
		}
		m.pairs[[2]int{mt.run, mt.creator}] = true
		m.meetings = append(m.meetings, mt)
	}
}

func themeOf(category string) int {
	return max(0, slices.IndexFunc(themes, func(t theme) bool { return t.category == category }))
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// named makes a name that nobody has, by trying longer ones.
func (m *maker) named(draw func(length int) string) string {
	for try := 0; ; try++ {
		name := draw(try / 4)
		if !m.names[name] {
			m.names[name] = true
			return name
		}
	}
}

func (m *maker) drawBrands(n int) {
	for i := len(m.brands); i < n; i++ {
		t := &themes[i%len(themes)]
		name := m.named(func(length int) string {
			parts := []string{pick(m.rand, brandFirst), pick(m.rand, brandSecond), pick(m.rand, t.goods)}
			if length > 2 {
				parts = append(parts, fmt.Sprint(2+m.rand.IntN(length)))
			}
			return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
		})
		m.brands = append(m.brands, actor{
			member: member{email: brandEmail(i), name: name, category: t.category},
			// The last few wait for an admin.
			approved: i < n-max(leastWaiting, n/30),
		})
	}
}

func (m *maker) drawCreators(n int) {
	for i := len(m.creators); i < n; i++ {
		k := m.rand.IntN(len(themes))
		t := &themes[k]
		name := m.named(func(length int) string {
			handle := pick(m.rand, handleFirst) + "." + pick(m.rand, handleSecond)
			if length > 0 {
				handle += "." + pick(m.rand, handleThird)
			}
			if length > 1 {
				handle += fmt.Sprint(2 + m.rand.IntN(40*length))
			}
			return handle
		})
		// Most have few followers, some very many.
		reach := int64(4_000 * (1 + 400*m.rand.ExpFloat64()*m.rand.Float64()*m.rand.Float64()))
		m.creators = append(m.creators, actor{
			member: member{
				email: creatorEmail(i), name: name, category: t.category,
				niche: pick(m.rand, t.niches), reach: reach / 100 * 100,
			},
			approved: true,
		})
		m.byTheme[k] = append(m.byTheme[k], i)
	}
}

// The addresses of the market's people, by their place in it.
func brandEmail(i int) string   { return fmt.Sprintf("brand.%d@example.com", i) }
func creatorEmail(i int) string { return fmt.Sprintf("creator.%d@example.com", i) }

// ago is an instant in the story's span, later ones being more frequent, in the
// hours in which people work.
func (m *maker) ago(from, to time.Time) time.Time {
	share := max(m.rand.Float64(), m.rand.Float64())
	at := from.Add(time.Duration(share * float64(to.Sub(from))))
	switch at.Weekday() { // most of what would be a weekend's comes two days later
	case time.Saturday, time.Sunday:
		if m.rand.IntN(3) > 0 {
			at = at.AddDate(0, 0, 2)
		}
	}
	at = at.UTC().Truncate(24 * time.Hour).Add(time.Duration(7*60+m.rand.IntN(12*60)) * time.Minute)
	if at.After(to) {
		at = to.Add(-time.Duration(1+m.rand.IntN(8*60)) * time.Minute)
	}
	if at.Before(from) {
		at = from
	}
	return at
}

var currencies = []struct {
	currency rooms.Currency
	unit     int64 // minor units of about one euro
}{{"EUR", 100}, {"EUR", 100}, {"EUR", 100}, {"EUR", 100}, {"USD", 110}, {"USD", 110}, {"GBP", 90}, {"JPY", 160}}

func (m *maker) drawRuns(n int) {
	begin := m.until.Add(-span)
	for i := len(m.runs); i < n; i++ {
		brand := m.rand.IntN(len(m.brands))
		if i < len(plans)+5 {
			brand = 0 // the login has a past
		}
		if !m.brands[brand].approved {
			brand = m.rand.IntN(len(brands))
		}
		b := &m.brands[brand]
		t := &themes[themeOf(b.category)]
		k := m.rand.IntN(len(t.titles))
		money := pick(m.rand, currencies)
		where := pick(m.rand, t.places)
		launched := m.ago(begin, m.until.AddDate(0, 0, -3))
		if i < len(plans)+5 {
			launched = m.until.AddDate(0, 0, -210+40*(i-len(plans))).Add(-5 * time.Hour)
		}
		ended := launched.AddDate(0, 0, 35+m.rand.IntN(70)).Truncate(24 * time.Hour)
		title := m.title(brand, t.titles[k])
		m.runs = append(m.runs, run{
			plan: plan{
				brand: brand, name: title, category: b.category, currency: money.currency,
				description: strings.ToUpper(t.products[k][:1]) + t.products[k][1:] + ". " + pick(m.rand, t.scenes) + ".",
				goals:       pick(m.rand, goals), niches: []string{pick(m.rand, t.niches)},
				budget: round(money.unit * int64(4_000+m.rand.IntN(44_000))), public: m.rand.IntN(4) > 0,
				platform: where.platform, format: where.format, length: where.seconds,
			},
			launched: launched, ended: ended,
		})
	}
}

func titleKey(brand int, title string) string { return fmt.Sprint(brand, " ", title) }

// title makes a name that the brand has not given to another campaign.
func (m *maker) title(brand int, base string) string {
	title := base
	for n := 1; m.titles[titleKey(brand, title)]; n++ {
		title = fmt.Sprintf("%s, edition %d", base, n+1)
		if n <= len(editions) {
			title = base + ", " + editions[n-1]
		}
	}
	m.titles[titleKey(brand, title)] = true
	return title
}

// talksOfLogin is how many talks that are under way the influencer's login finds.
const talksOfLogin = 8

// drawOpen gives the logins talks that are under way, with either side to move.
func (m *maker) drawOpen() {
	count := 0
	add := func(i, creator, daysAgo int) bool {
		r := &m.runs[i]
		start := m.until.AddDate(0, 0, -daysAgo).Add(-time.Duration(60+m.rand.IntN(600)) * time.Minute)
		pair := [2]int{i, creator}
		if m.pairs[pair] || start.Before(r.launched) || r.ended.Before(m.until.AddDate(0, 0, 10)) {
			return false
		}
		m.pairs[pair] = true
		m.meetings = append(m.meetings, meeting{
			run: i, creator: creator, applied: r.public && count%3 == 0, percent: int64(30 + m.rand.IntN(50)),
			start: start, stopAfter: 1 + count%4, temper: m.rand.IntN(1 << 16), slow: true,
		})
		count++
		return true
	}
	mine := 0
	for i := len(plans); i < len(m.runs) && mine < talksOfLogin; i++ {
		if m.runs[i].brand != 0 && add(i, 0, 1+m.rand.IntN(4)) {
			mine++
		}
	}
	for i := len(plans); i < len(m.runs); i++ {
		for range 5 {
			if m.runs[i].brand == 0 {
				add(i, 1+m.rand.IntN(len(m.creators)-1), 1+m.rand.IntN(6))
			}
		}
	}
}

func (m *maker) drawMeetings(n int) {
	m.drawOpen()
	// Campaigns that have run longer have more talks behind them.
	weights := make([]float64, len(m.runs))
	total := 0.0
	for i := range m.runs {
		r := &m.runs[i]
		last := r.ended
		if last.After(m.until) {
			last = m.until
		}
		if i >= len(plans) || r.brand != 0 { // the login's own are as they were thought up
			total += 12 + last.Sub(r.launched).Hours()/24
		}
		weights[i] = total
	}
	for tries := 20 * n; len(m.meetings) < n && tries > 0; tries-- {
		i, _ := slices.BinarySearch(weights, m.rand.Float64()*total)
		i = min(i, len(m.runs)-1)
		r := &m.runs[i]
		creator := m.partner(i)
		if creator < 0 {
			continue
		}
		last := r.ended.AddDate(0, 0, -10)
		if last.After(m.until) {
			last = m.until.Add(-3 * time.Hour)
		}
		first := r.launched.Add(20 * time.Hour)
		if !first.Before(last) {
			first = r.launched.Add(time.Hour)
		}
		if !first.Before(last) {
			continue
		}
		// Early in a campaign more is asked for than late.
		start := m.ago(first, last)
		if m.rand.IntN(2) == 0 {
			start = first.Add(last.Sub(start))
		}
		m.meetings = append(m.meetings, meeting{
			run: i, creator: creator, applied: r.public && m.rand.IntN(3) == 0, percent: int64(30 + m.rand.IntN(65)),
			start: start, fate: m.fate(), temper: m.rand.IntN(1 << 16), slow: m.rand.IntN(4) == 0,
		})
	}
	slices.SortStableFunc(m.meetings, func(a, b meeting) int { return a.start.Compare(b.start) })
}

// partner finds a creator for a campaign, mostly of its theme, whom it has not met;
// -1 where chance found none.
func (m *maker) partner(i int) int {
	for range 4 {
		creator := m.rand.IntN(len(m.creators))
		if list := m.byTheme[themeOf(m.runs[i].category)]; len(list) > 0 && m.rand.IntN(10) < 7 {
			creator = pick(m.rand, list)
		}
		// The login is somebody that brands know.
		if len(m.creators) < 1000 && m.rand.IntN(16) == 0 {
			creator = 0
		}
		if pair := [2]int{i, creator}; !m.pairs[pair] {
			m.pairs[pair] = true
			return creator
		}
	}
	return -1
}

func (m *maker) fate() fate {
	switch n := m.rand.IntN(100); {
	case n < 11:
		return ignored
	case n < 20:
		return refused
	case n < 26:
		return recalled
	case n < 34:
		return lapses
	default:
		return bargains
	}
}

// join gives everybody an id and a day on which they came, before anything that
// they do.
func (m *maker) join() {
	begin := m.until.Add(-span - 30*24*time.Hour)
	seen := func(at *time.Time, first time.Time) {
		if first = first.Add(-2 * time.Hour); at.After(first) {
			*at = first
		}
	}
	for _, list := range [][]actor{m.brands, m.creators} {
		for i := range list {
			since := begin
			if !list[i].approved {
				since = m.until.Add(-waitedMost)
			}
			list[i].joined = m.ago(since, m.until)
		}
	}
	for i := range m.runs {
		seen(&m.brands[m.runs[i].brand].joined, m.runs[i].launched)
	}
	for i := range m.meetings {
		seen(&m.creators[m.meetings[i].creator].joined, m.meetings[i].start)
	}
	for _, list := range [][]actor{m.brands, m.creators} {
		for i := range list {
			list[i].id = m.newID(list[i].joined)
		}
	}
	for i := range m.runs {
		m.runs[i].id = m.newID(m.runs[i].launched)
	}
}

func (m *maker) newID(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), m.entropy).String()
}
