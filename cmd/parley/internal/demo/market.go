package demo

import "parley/rooms"

// Password is that of every demo login; the demo says so aloud.
const Password = "parley-demo"

// Login is one person that somebody at the demo can play.
type Login struct{ Role, Email string }

// Logins are the people that are not played by a Persona.
var Logins = []Login{
	{"sponsor", "sponsor@example.com"},
	{"influencer", "influencer@example.com"},
	{"admin", "admin@example.com"},
}

// member is one user of the demo market. Creators go by handles and brands by
// made-up names; the addresses are of the domain reserved for examples.
type member struct {
	email, name, category, niche string
	reach                        int64
	played                       bool // by a person
}

var brands = []member{
	{email: "sponsor@example.com", name: "Harbor & Pine Coffee", category: "food", played: true},
	{email: "brand.1@example.com", name: "Lumen Lamps", category: "home"},
	{email: "brand.2@example.com", name: "Trailstep Boots", category: "outdoor"},
	{email: "brand.3@example.com", name: "Mellow Skincare", category: "beauty"},
	{email: "brand.4@example.com", name: "Pocket Piano", category: "music"},
	{email: "brand.5@example.com", name: "Greenbox Meals", category: "food"},
}

var creators = []member{
	{email: "influencer@example.com", name: "slow.mornings", category: "lifestyle", niche: "coffee", reach: 84_000, played: true},
	{email: "creator.1@example.com", name: "trail.and.lens", category: "outdoor", niche: "hiking", reach: 212_000},
	{email: "creator.2@example.com", name: "tiny.kitchen.lab", category: "food", niche: "cooking", reach: 540_000},
	{email: "creator.3@example.com", name: "softglow", category: "beauty", niche: "skincare", reach: 130_000},
	{email: "creator.4@example.com", name: "keys.at.night", category: "music", niche: "piano", reach: 47_000},
	{email: "creator.5@example.com", name: "the.flat.diaries", category: "home", niche: "interiors", reach: 98_000},
	{email: "creator.6@example.com", name: "two.wheels.west", category: "outdoor", niche: "cycling", reach: 61_000},
	{email: "creator.7@example.com", name: "roast.notes", category: "food", niche: "coffee", reach: 33_000},
	{email: "creator.8@example.com", name: "paper.and.ink", category: "art", niche: "stationery", reach: 76_000},
	{email: "creator.9@example.com", name: "weekend.grower", category: "home", niche: "gardening", reach: 151_000},
}

// plan is one campaign of the market.
type plan struct {
	brand                              int // index into brands
	name, description, goals, category string
	niches                             []string
	currency                           rooms.Currency
	budget                             int64 // minor units
	days                               int   // until its end
	public                             bool
	platform, format                   string
	length                             int
}

var plans = []plan{
	{0, "Cold brew summer", "A ready-to-drink cold brew in three flavours, launched city by city.", "Awareness in the first two weeks; saves and shares over likes.", "food", []string{"coffee", "lifestyle"}, "EUR", 18_000_00, 70, true, "instagram", "reel", 30},
	{0, "Beans by post", "A subscription that sends freshly roasted beans every fortnight.", "Subscriptions with a code.", "food", []string{"coffee"}, "EUR", 9_000_00, 45, false, "youtube", "integration", 60},
	{1, "Light for small rooms", "A lamp series for flats under 40 square metres.", "Show the before and after.", "home", []string{"interiors"}, "EUR", 12_000_00, 60, true, "tiktok", "video", 45},
	{2, "A hundred kilometres", "Boots tested over one hundred kilometres on the trail.", "Honest reviews from real hikes.", "outdoor", []string{"hiking", "cycling"}, "USD", 25_000_00, 90, true, "youtube", "review", 480},
	{3, "Three steps", "A skincare routine of three steps without perfume.", "Routine videos, mornings and evenings.", "beauty", []string{"skincare"}, "EUR", 14_000_00, 50, true, "instagram", "story set", 15},
	{4, "Learn one song", "A pocket keyboard with a song that everyone can learn in a day.", "Playable clips.", "music", []string{"piano"}, "JPY", 1_500_000, 80, true, "tiktok", "video", 60},
	{5, "Dinner in a box", "Meal boxes from local growers.", "Cook one box on camera.", "food", []string{"cooking", "gardening"}, "EUR", 16_000_00, 65, true, "youtube", "integration", 90},
}

// talk is one ad request: whose campaign, with whom, who asked, at which fee
// (in percent of a tenth of the budget), how long ago, and after how many
// offers the script leaves it to whoever's turn it is.
type talk struct {
	plan, creator int
	applied       bool
	percent       int64
	daysAgo       int
	stopAfter     int // offers in all; 0 plays to the end
	ignored       bool
}

var talks = []talk{
	// What the sponsor's login finds.
	{plan: 0, creator: 7, percent: 90, daysAgo: 12},
	{plan: 0, creator: 2, percent: 160, daysAgo: 9},
	{plan: 0, creator: 5, percent: 80, daysAgo: 8, ignored: true},
	{plan: 0, creator: 1, applied: true, percent: 150, daysAgo: 1, stopAfter: 1},
	{plan: 0, creator: 9, percent: 110, daysAgo: 1, stopAfter: 2},
	{plan: 1, creator: 7, percent: 100, daysAgo: 4},
	{plan: 1, creator: 4, applied: false, percent: 70, daysAgo: 1, stopAfter: 2},
	// What the influencer's login finds.
	{plan: 2, creator: 0, percent: 100, daysAgo: 1, stopAfter: 1},
	{plan: 6, creator: 0, percent: 120, daysAgo: 1, stopAfter: 3},
	{plan: 4, creator: 0, percent: 75, daysAgo: 15},
	{plan: 0, creator: 0, applied: true, percent: 95, daysAgo: 20},
	// The rest of the market, for the feed.
	{plan: 3, creator: 1, percent: 130, daysAgo: 18},
	{plan: 3, creator: 6, percent: 90, daysAgo: 16},
	{plan: 4, creator: 3, percent: 140, daysAgo: 14},
	{plan: 5, creator: 4, percent: 100, daysAgo: 11},
	{plan: 2, creator: 5, percent: 110, daysAgo: 10},
	{plan: 2, creator: 8, applied: true, percent: 90, daysAgo: 7, ignored: true},
	{plan: 6, creator: 2, percent: 150, daysAgo: 6},
	{plan: 6, creator: 9, applied: true, percent: 120, daysAgo: 5},
	{plan: 5, creator: 8, percent: 60, daysAgo: 3},
}
