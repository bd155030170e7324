package rooms_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"parley/rooms"
)

const minimal = `"deliverables":[{"platform":"x","format":"post","quantity":1}]`

// TestBadTerms: each input is refused for exactly the named field, whether the
// parser or the check of the whole finds it.
func TestBadTerms(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	deliverable := func(s string) string {
		return `{"fee":{"amount":1,"currency":"EUR"},"deliverables":[{"platform":"x","format":"post","quantity":1},` + s + `]}`
	}
	with := func(s string) string { return `{"fee":{"amount":1,"currency":"EUR"},` + minimal + `,` + s + `}` }
	for _, c := range []struct{ name, raw, field string }{
		{"no fee", `{` + minimal + `}`, "terms.fee"},
		{"no deliverables", `{"fee":{"amount":1,"currency":"EUR"}}`, "terms.deliverables"},
		{"empty deliverables", `{"fee":{"amount":1,"currency":"EUR"},"deliverables":[]}`, "terms.deliverables"},
		{"not an object", `[1]`, "terms"},
		{"null", `null`, "terms"},
		{"malformed", `{"fee":`, "terms"},
		{"unknown section", with(`"bonus":1`), "terms.bonus"},
		{"unknown field in a section", `{"fee":{"amount":1,"currency":"EUR","tax":1},` + minimal + `}`, "terms.fee.tax"},
		{"unknown field in a list", deliverable(`{"platform":"x","format":"post","quantity":1,"color":"red"}`), "terms.deliverables[1].color"},
		{"negative money", `{"fee":{"amount":-5,"currency":"EUR"},` + minimal + `}`, "terms.fee.amount"},
		{"zero money", `{"fee":{"amount":0,"currency":"EUR"},` + minimal + `}`, "terms.fee.amount"},
		{"fractional money", `{"fee":{"amount":10.5,"currency":"EUR"},` + minimal + `}`, "terms.fee.amount"},
		{"exponent money", `{"fee":{"amount":1e3,"currency":"EUR"},` + minimal + `}`, "terms.fee.amount"},
		{"money as text", `{"fee":{"amount":"10","currency":"EUR"},` + minimal + `}`, "terms.fee.amount"},
		{"10^18", `{"fee":{"amount":1000000000000000000,"currency":"EUR"},` + minimal + `}`, "terms.fee.amount"},
		{"10^30", `{"fee":{"amount":1000000000000000000000000000000,"currency":"EUR"},` + minimal + `}`, "terms.fee.amount"},
		{"other currency", `{"fee":{"amount":1,"currency":"USD"},` + minimal + `}`, "terms.fee.currency"},
		{"no currency", `{"fee":{"amount":1},` + minimal + `}`, "terms.fee.currency"},
		{"fee removed", `{"fee":null,` + minimal + `}`, "terms.fee"},
		{"platform", deliverable(`{"platform":"myspace","format":"post","quantity":1}`), "terms.deliverables[1].platform"},
		{"format", deliverable(`{"platform":"x","format":" ","quantity":1}`), "terms.deliverables[1].format"},
		{"long format", deliverable(`{"platform":"x","format":"` + long(41) + `","quantity":1}`), "terms.deliverables[1].format"},
		{"quantity", deliverable(`{"platform":"x","format":"post","quantity":0}`), "terms.deliverables[1].quantity"},
		{"many", deliverable(`{"platform":"x","format":"post","quantity":101}`), "terms.deliverables[1].quantity"},
		{"fractional quantity", deliverable(`{"platform":"x","format":"post","quantity":1.5}`), "terms.deliverables[1].quantity"},
		{"length", deliverable(`{"platform":"x","format":"post","quantity":1,"length_seconds":-1}`), "terms.deliverables[1].length_seconds"},
		{"due", deliverable(`{"platform":"x","format":"post","quantity":1,"due":"2027-02-30"}`), "terms.deliverables[1].due"},
		{"due late", deliverable(`{"platform":"x","format":"post","quantity":1,"due":"2028-01-01"}`), "terms.deliverables[1].due"},
		{"must show", deliverable(`{"platform":"x","format":"post","quantity":1,"must_show":"` + long(501) + `"}`), "terms.deliverables[1].must_show"},
		{"link", deliverable(`{"platform":"x","format":"post","quantity":1,"links":["https://example.com","javascript:alert(1)"]}`), "terms.deliverables[1].links[1]"},
		{"links", deliverable(`{"platform":"x","format":"post","quantity":1,"links":["","","","","",""]}`), "terms.deliverables[1].links"},
		{"too many deliverables", `{"fee":{"amount":1,"currency":"EUR"},"deliverables":[` + strings.TrimSuffix(strings.Repeat(`{"platform":"x","format":"post","quantity":1},`, 21), ",") + `]}`, "terms.deliverables"},
		{"scope", with(`"usage_rights":{"scope":"all","months":1}`), "terms.usage_rights.scope"},
		{"months", with(`"usage_rights":{"scope":"paid","months":121}`), "terms.usage_rights.months"},
		{"channel", with(`"usage_rights":{"scope":"paid","months":1,"channels":["tv"]}`), "terms.usage_rights.channels[0]"},
		{"channel twice", with(`"usage_rights":{"scope":"paid","months":1,"channels":["x","x"]}`), "terms.usage_rights.channels[1]"},
		{"exclusivity", with(`"exclusivity":{"category":"","days":1}`), "terms.exclusivity.category"},
		{"exclusive days", with(`"exclusivity":{"category":"soda","days":0}`), "terms.exclusivity.days"},
		{"rounds", with(`"revision_rounds":21`), "terms.revision_rounds"},
		{"fractional rounds", with(`"revision_rounds":0.5`), "terms.revision_rounds"},
		{"percents", with(`"payment":[{"milestone":"a","percent":60,"net_days":0}]`), "terms.payment"},
		{"percent", with(`"payment":[{"milestone":"a","percent":0,"net_days":0}]`), "terms.payment[0].percent"},
		{"net days", with(`"payment":[{"milestone":"a","percent":100,"net_days":181}]`), "terms.payment[0].net_days"},
		{"milestone", with(`"payment":[{"milestone":"","percent":100,"net_days":0}]`), "terms.payment[0].milestone"},
		{"payment not a list", with(`"payment":{}`), "terms.payment"},
		{"requirements", with(`"requirements":"` + long(2001) + `"`), "terms.requirements"},
		{"requirements not a text", with(`"requirements":5`), "terms.requirements"},
		{"control characters", with(`"note":"a\u0000b"`), "terms.note"},
		{"note", with(`"note":"` + long(1001) + `"`), "terms.note"},
		{"locked", with(`"locked":["fee","price"]`), "terms.locked[1]"},
		{"locked not a list", with(`"locked":true`), "terms.locked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			p, refusal := rooms.ParsePatch([]byte(c.raw))
			if refusal == nil {
				_, refusal = w.try(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10})
			}
			if refusal == nil {
				t.Fatalf("%s passes", c.raw)
			}
			if refusal.Code != rooms.CodeInvalid || refusal.Field != c.field {
				t.Fatalf("refused with %v, want invalid %s", refusal, c.field)
			}
			if len(w.log) != 0 {
				t.Fatal("something changed")
			}
		})
	}
}

func TestTextAtItsLimitPasses(t *testing.T) {
	p := patch(t, fmt.Sprintf(`{"fee":{"amount":%d,"currency":"EUR"},%s,"note":"%s"}`,
		rooms.MaxAmountMinor, minimal, strings.Repeat("é", 1000)))
	w := newWorld(t)
	w.campaign.Budget = rooms.MaxAmountMinor
	w.do(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10})
}

func TestDiff(t *testing.T) {
	a, b := termsOf(100), termsOf(200)
	b.Note = "new"
	b.Deliverables = []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 1, Links: []string{"https://example.com"}}}
	got, err := json.Marshal(rooms.Diff(&a, &b))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"section":"fee","from":{"amount":100,"currency":"EUR"},"to":{"amount":200,"currency":"EUR"}},` +
		`{"section":"deliverables","from":[{"platform":"instagram","format":"reel","quantity":1}],` +
		`"to":[{"platform":"instagram","format":"reel","quantity":1,"links":["https://example.com"]}]},` +
		`{"section":"note","from":null,"to":"new"}]`
	if string(got) != want {
		t.Fatalf("diff is\n%s\nwant\n%s", got, want)
	}
	if d := rooms.Diff(&a, &a); len(d) != 0 {
		t.Fatalf("terms differ from themselves: %v", d)
	}
	if d := rooms.Diff(nil, &a); len(d) != 2 {
		t.Fatalf("diff from nothing is %v", d)
	}
}

func TestCurrencies(t *testing.T) {
	for code, digits := range map[rooms.Currency]int{"EUR": 2, "JPY": 0, "KWD": 3, "USD": 2, "INR": 2} {
		if !code.Valid() || code.MinorDigits() != digits {
			t.Errorf("%s: valid %v, digits %d", code, code.Valid(), code.MinorDigits())
		}
	}
	for _, code := range []rooms.Currency{"", "EU", "eur", "XXX", "BTC"} {
		if code.Valid() {
			t.Errorf("%q is a currency", code)
		}
	}
}

// FuzzParsePatch: whatever comes in, the parser returns; what it accepts can be
// written as a command and read again with the same fingerprint, and a refusal
// names a field.
func FuzzParsePatch(f *testing.F) {
	for _, seed := range []string{
		`{"fee":{"amount":125000,"currency":"EUR"},` + minimal + `}`,
		`{"usage_rights":{"scope":"organic","months":6,"channels":["x"]},"exclusivity":null,"locked":["fee"]}`,
		`{"payment":[{"milestone":"a","percent":50,"net_days":14},{"milestone":"b","percent":50,"net_days":0}],"revision_rounds":2}`,
		`{"fee":{"amount":1e400,"currency":"EUR"}}`, `{"fee":null}`, `[]`, `{"note":"\ud800"}`, `{"a":{"a":{"a":{}}}}`,
	} {
		f.Add([]byte(seed))
	}
	campaign := rooms.Campaign{ID: campaignID, Sponsor: sponsorID, Currency: "EUR", Public: true,
		EndsAt: rooms.At(noon.AddDate(1, 0, 0)), Budget: rooms.MaxAmountMinor}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, refusal := rooms.ParsePatch(raw)
		if refusal != nil {
			if refusal.Field == "" || refusal.Code != rooms.CodeInvalid {
				t.Fatalf("refusal without a field: %v", refusal)
			}
			return
		}
		cmd := rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10}
		again, refusal := rooms.ParsePatch(raw)
		if refusal != nil {
			t.Fatalf("refused when read again: %v", refusal)
		}
		same := cmd
		same.Terms = &again
		if rooms.Fingerprint(sponsor, cmd) != rooms.Fingerprint(sponsor, same) {
			t.Fatal("the fingerprint is not stable")
		}
		d, refusal := rooms.Decide(&rooms.State{}, &campaign, cmd, sponsor, noon)
		if refusal != nil {
			return
		}
		for i := range d.Events {
			bytes := d.Events[i].AppendCanonical(nil)
			parsed, err := rooms.ParseEvent(bytes)
			if err != nil {
				t.Fatalf("%s: %v", bytes, err)
			}
			if again := parsed.AppendCanonical(nil); string(again) != string(bytes) {
				t.Fatalf("bytes differ:\n%s\n%s", bytes, again)
			}
		}
	})
}
