package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/rooms"
)

const (
	someID   = "01JDZ3V6C2Q8R4T6V8X0Z2B4D6"
	someRoom = "01JDZ3V6C2Q8R4T6V8X0Z2B4D7"
)

func TestFramesThatAreRefused(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	fee := `"fee":{"amount":100,"currency":"EUR"}`
	cases := map[string]struct{ frame, code, field string }{
		"nothing":           {``, "malformed", ""},
		"half an object":    {`{"id":"x"`, "malformed", ""},
		"a list":            {`[1,2]`, "malformed", ""},
		"a text":            {`"join"`, "malformed", ""},
		"two objects":       {`{} {}`, "malformed", ""},
		"wrong UTF-8":       {"{\"id\":\"\xff\"}", "malformed", ""},
		"a bare number":     {`7`, "malformed", ""},
		"no type":           {`{"id":"x"}`, "invalid", "type"},
		"type of number":    {`{"id":"x","type":7}`, "invalid", "type"},
		"unknown type":      {`{"id":"x","type":"buy"}`, "invalid", "type"},
		"system's command":  {`{"id":"` + someID + `","type":"expire","room":"` + someRoom + `","offer_seq":2}`, "invalid", "type"},
		"opening over it":   {`{"id":"` + someID + `","type":"open"}`, "invalid", "type"},
		"unknown field":     {`{"id":"x","type":"join","topic":"inbox","colour":"red"}`, "invalid", "colour"},
		"other kind's":      {`{"id":"x","type":"join","topic":"inbox","room":"` + someRoom + `"}`, "invalid", "room"},
		"field twice":       {`{"id":"x","type":"join","topic":"inbox","topic":"feed"}`, "invalid", "topic"},
		"escaped twice":     {`{"id":"x","type":"join","topic":"inbox","\u0074opic":"feed"}`, "invalid", "topic"},
		"no topic":          {`{"id":"x","type":"join"}`, "invalid", "topic"},
		"no id":             {`{"type":"join","topic":"inbox"}`, "invalid", "id"},
		"id of number":      {`{"id":1,"type":"join","topic":"inbox"}`, "invalid", "id"},
		"id too long":       {`{"id":"` + strings.Repeat("x", 65) + `","type":"join","topic":"inbox"}`, "invalid", "id"},
		"id for typing":     {`{"id":"x","type":"typing","room":"` + someRoom + `"}`, "invalid", "id"},
		"negative after":    {`{"id":"x","type":"join","topic":"inbox","after":-1}`, "invalid", "after"},
		"fractional after":  {`{"id":"x","type":"join","topic":"inbox","after":1.5}`, "invalid", "after"},
		"after as text":     {`{"id":"x","type":"join","topic":"inbox","after":"1"}`, "invalid", "after"},
		"after null":        {`{"id":"x","type":"join","topic":"inbox","after":null}`, "invalid", "after"},
		"seen too high":     {`{"type":"seen","room":"` + someRoom + `","seq":9223372036854775808}`, "invalid", "seq"},
		"cmid is no ULID":   {`{"id":"1","type":"reopen","room":"` + someRoom + `"}`, "invalid", "id"},
		"cmid lower case":   {`{"id":"` + strings.ToLower(someID) + `","type":"reopen","room":"` + someRoom + `"}`, "invalid", "id"},
		"room is no ULID":   {`{"id":"` + someID + `","type":"reopen","room":"a"}`, "not_found", ""},
		"hash too short":    {command("accept", `"offer_seq":2,"terms_hash":"ab"`), "invalid", "terms_hash"},
		"hash no hex":       {command("accept", `"offer_seq":2,"terms_hash":"`+strings.Repeat("zz", 32)+`"`), "invalid", "terms_hash"},
		"no hash":           {command("accept", `"offer_seq":2`), "invalid", "terms_hash"},
		"no offer_seq":      {command("accept", `"terms_hash":"`+hash+`"`), "invalid", "offer_seq"},
		"offer_seq 0":       {command("withdraw", `"offer_seq":0`), "invalid", "offer_seq"},
		"offer_seq -1":      {command("withdraw", `"offer_seq":-1`), "invalid", "offer_seq"},
		"offer_seq 2.0":     {command("withdraw", `"offer_seq":2.0`), "invalid", "offer_seq"},
		"offer_seq 1e3":     {command("withdraw", `"offer_seq":1e3`), "invalid", "offer_seq"},
		"expires_in 0":      {command("offer", `"terms":{`+fee+`},"expires_in":0`), "invalid", "expires_in"},
		"no terms":          {command("offer", `"expires_in":7200`), "invalid", "terms"},
		"terms a list":      {command("offer", `"terms":[]`), "invalid", "terms"},
		"terms null":        {command("offer", `"terms":null`), "invalid", "terms"},
		"unknown section":   {command("offer", `"terms":{"price":1}`), "invalid", "terms.price"},
		"unknown fee field": {command("offer", `"terms":{"fee":{"amount":1,"currency":"EUR","tax":1}}`), "invalid", "terms.fee.tax"},
		"fractional fee":    {command("offer", `"terms":{"fee":{"amount":1.5,"currency":"EUR"}}`), "invalid", "terms.fee.amount"},
		"fee as text":       {command("offer", `"terms":{"fee":{"amount":"1","currency":"EUR"}}`), "invalid", "terms.fee.amount"},
		"fee over 64 bits":  {command("offer", `"terms":{"fee":{"amount":100000000000000000000,"currency":"EUR"}}`), "invalid", "terms.fee.amount"},
		"fee removed":       {command("counter", `"offer_seq":2,"terms":{"fee":null}`), "invalid", "terms.fee"},
		"no deal_seq":       {command("deliver", `"deliverable":0,"links":[]`), "invalid", "deal_seq"},
		"no deliverable":    {command("deliver", `"deal_seq":2,"links":[]`), "invalid", "deliverable"},
		"deliverable -1":    {command("deliver", `"deal_seq":2,"deliverable":-1,"links":[]`), "invalid", "deliverable"},
		"deliverable 2^40":  {command("deliver", `"deal_seq":2,"deliverable":1099511627776,"links":[]`), "invalid", "deliverable"},
		"no links":          {command("deliver", `"deal_seq":2,"deliverable":0`), "invalid", "links"},
		"links no list":     {command("deliver", `"deal_seq":2,"deliverable":0,"links":"https://example.com"`), "invalid", "links"},
		"links of numbers":  {command("deliver", `"deal_seq":2,"deliverable":0,"links":[1]`), "invalid", "links"},
		"delivery_seq 0":    {command("confirm", `"delivery_seq":0`), "invalid", "delivery_seq"},
		"no reason":         {command("return", `"delivery_seq":2`), "invalid", "reason"},
		"text of number":    {command("message", `"text":5`), "invalid", "text"},
		"no text":           {command("message", ``), "invalid", "text"},
		"extra in reopen":   {command("reopen", `"note":"x"`), "invalid", "note"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := decodeFrame([]byte(c.frame))
			if err == nil {
				t.Fatalf("%s was taken", c.frame)
			}
			if string(err.Info.Code) != c.code || err.Info.Field != c.field {
				t.Errorf("%s: %s (%s), want %s (%s)", c.frame, err.Info.Code, err.Info.Field, c.code, c.field)
			}
			if c.field != "" && !strings.HasPrefix(err.Info.Message, c.field+" ") {
				t.Errorf("the message does not name the field: %q", err.Info.Message)
			}
		})
	}
}

// command writes a durable command's frame.
func command(kind, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	return `{"id":"` + someID + `","type":"` + kind + `","room":"` + someRoom + `"` + rest + `}`
}

func TestFramesThatAreTaken(t *testing.T) {
	hash := strings.Repeat("0b", 32)
	var sum rooms.Hash
	for i := range sum {
		sum[i] = 0x0b
	}
	commands := map[string]struct {
		frame string
		want  rooms.Command
	}{
		"accept":   {command("accept", `"offer_seq":2,"terms_hash":"`+hash+`"`), rooms.Accept{OfferSeq: 2, TermsHash: sum}},
		"decline":  {command("decline", `"reason":"fit"`), rooms.Decline{Reason: "fit"}},
		"with all": {command("decline", `"reason":"fit","offer_seq":7,"note":"no"`), rooms.Decline{OfferSeq: 7, Reason: "fit", Note: "no"}},
		"withdraw": {command("withdraw", `"offer_seq":9`), rooms.Withdraw{OfferSeq: 9}},
		"cancel":   {command("cancel", ``), rooms.Cancel{}},
		"reopen":   {command("reopen", ``), rooms.Reopen{}},
		"message":  {command("message", `"text":"caf\u00e9 \"x\""`), rooms.Say{Text: `café "x"`}},
		"freeze":   {command("freeze", `"reason":"r"`), rooms.Freeze{Source: rooms.SourceRoom, Reason: "r"}},
		"unfreeze": {command("unfreeze", `"reason":"r"`), rooms.Unfreeze{Source: rooms.SourceRoom, Reason: "r"}},
		"close":    {command("close", `"reason":"r"`), rooms.Close{Reason: "r"}},
		"deliver": {
			command("deliver", `"deal_seq":4,"deliverable":0,"links":["https://example.com/1","https:\/\/example.com/2"]`),
			rooms.Deliver{DealSeq: 4, Links: []string{"https://example.com/1", "https://example.com/2"}},
		},
		"deliver with a note": {
			command("deliver", `"note":"n","links":[],"deliverable":2,"deal_seq":4`),
			rooms.Deliver{DealSeq: 4, Deliverable: 2, Links: []string{}, Note: "n"},
		},
		"confirm": {command("confirm", `"delivery_seq":9`), rooms.Confirm{DeliverySeq: 9}},
		"return":  {command("return", `"delivery_seq":9,"reason":"r"`), rooms.Return{DeliverySeq: 9, Reason: "r"}},
	}
	for name, c := range commands {
		t.Run(name, func(t *testing.T) {
			f, err := decodeFrame([]byte(c.frame))
			if err != nil {
				t.Fatal(err)
			}
			if f.id != someID || f.room != someRoom || !reflect.DeepEqual(f.command, c.want) || !f.durable() {
				t.Errorf("got %+v, want %+v", f, c.want)
			}
			// Over REST the room stands in the path.
			body := strings.Replace(c.frame, `,"room":"`+someRoom+`"`, "", 1)
			rest, err := decodeCommand(someRoom, []byte(body))
			if err != nil || !reflect.DeepEqual(rest.command, c.want) || rest.room != someRoom {
				t.Errorf("over REST: %+v, %v", rest, err)
			}
			if _, err := decodeCommand(someRoom, []byte(c.frame)); err == nil || err.Info.Field != "room" {
				t.Errorf("a body that names the room: %v", err)
			}
		})
	}
	f, err := decodeFrame([]byte(" {\n \"id\" : \"j\\u00e9\" , \"type\":\"join\",\t\"topic\":\"feed\",\"after\": 12 ,\"epoch\":\"E\"} "))
	if err != nil || f.id != "jé" || f.topic != "feed" || *f.after != 12 || f.epoch != "E" || f.durable() {
		t.Errorf("join: %+v, %v", f, err)
	}
	if _, err := decodeCommand(someRoom, []byte(`{"type":"typing"}`)); err == nil || err.Info.Field != "type" {
		t.Errorf("typing over REST: %v", err)
	}
}

func TestAnswersAreJSONWhateverTheIDHolds(t *testing.T) {
	for _, id := range []string{"", "plain", `quo"te`, `back\slash`, "new\nline", "é", "\u2028", "\x00"} {
		raw := appendError(nil, id, invalid("terms.fee", rooms.Form("is <odd> & \"quoted\"")), "r")
		var got struct {
			ID    string    `json:"id"`
			Error ErrorInfo `json:"error"`
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if got.ID != id || got.Error.Field != "terms.fee" {
			t.Errorf("%s came back as %+v", raw, got)
		}
	}
}

func TestTheSocketSaysWhatIsWrongWithAnInput(t *testing.T) {
	raw := appendError(nil, "1", invalid("terms.fee.amount", rooms.Between(1, 9)), "r")
	if want := `"problem":{"code":"between","min":1,"max":9}`; !strings.Contains(string(raw), want) {
		t.Errorf("%s is without %s", raw, want)
	}
}

func TestEncodeFrameWritesEveryLengthOfHeader(t *testing.T) {
	for _, c := range []struct{ size, header int }{{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}} {
		payload := []byte(strings.Repeat("x", c.size))
		frame := EncodeFrame(payload)
		if len(frame) != c.size+c.header || frame[0] != 0x81 {
			t.Errorf("%d bytes: frame of %d beginning with %x", c.size, len(frame), frame[0])
		}
	}
	if got := EncodeFrame(pingFrame); &got[0] != &pingFrame[0] {
		t.Error("a control frame was framed again")
	}
}

// FuzzFrame holds the decoder to what it promises of any input: no panic, every
// refusal is clear and is JSON, and what it takes is what a reader of JSON sees.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		`{"id":"j","type":"join","topic":"inbox","after":3}`,
		command("offer", `"terms":{"fee":{"amount":100,"currency":"EUR"},"deliverables":[]},"expires_in":7200`),
		command("counter", `"offer_seq":2,"terms":{"note":null,"locked":["fee"]}`),
		command("deliver", `"deal_seq":4,"deliverable":0,"links":["https://example.com"],"note":"n"`),
		command("return", `"delivery_seq":9,"reason":"r"`),
		`{"type":"typing","room":"` + someRoom + `"}`, `{"a":{"b":[1,{"c":"}"}]},"type":"x"}`, `{"":0}`, `[`, "{\"\xff\":1}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, refusal := decodeFrame(raw)
		if refusal != nil {
			if refusal.Info.Code == "" || refusal.Info.Message == "" {
				t.Fatalf("refused without a word: %+v", refusal)
			}
			if answer := appendError(nil, got.id, refusal, "r"); !json.Valid(answer) {
				t.Fatalf("the answer is not JSON: %s", answer)
			}
			return
		}
		var plain struct {
			ID   string `json:"id"`
			Type string `json:"type"`
			Room string `json:"room"`
		}
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatalf("taken, but it is not JSON: %v", err)
		}
		if plain.ID != got.id || plain.Type != got.kind || plain.Room != got.room {
			t.Fatalf("read as %+v, a plain reader sees %+v", got, plain)
		}
		if got.durable() && !isULID(got.id) {
			t.Fatalf("a command without an id: %+v", got)
		}
	})
}

// FuzzTerms holds the way of terms from the wire to an offer: what is taken has
// passed every limit and reads back from its own bytes.
func FuzzTerms(f *testing.F) {
	for _, seed := range []string{
		`{"fee":{"amount":125000,"currency":"EUR"},"deliverables":[{"platform":"instagram","format":"reel","quantity":2}]}`,
		`{"fee":{"amount":1000000000000000000,"currency":"EUR"},"deliverables":[{"platform":"x","format":"f","quantity":1}]}`,
		`{"fee":{"amount":-1,"currency":"EUR"}}`, `{"usage_rights":{"scope":"organic","months":0},"exclusivity":null}`,
		`{"payment":[{"milestone":"m","percent":100,"net_days":0}],"revision_rounds":2,"locked":["fee"]}`, `{}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	ends := rooms.FromMicros(1_900_000_000_000_000)
	now := rooms.FromMicros(1_800_000_000_000_000)
	f.Fuzz(func(t *testing.T, raw []byte) {
		frame, refusal := decodeFrame([]byte(command("offer", `"terms":`+string(raw))))
		if refusal != nil {
			return
		}
		put, ok := frame.command.(rooms.PutOffer)
		if !ok { // the input closed the object and began another field
			return
		}
		campaign := rooms.Campaign{ID: "c", Sponsor: "s", Currency: "EUR", EndsAt: ends, Budget: rooms.MaxAmountMinor}
		open := rooms.Open{ID: someRoom, Campaign: "c", Influencer: "i", Terms: &put.Terms, Limit: 10}
		d, no := rooms.Decide(&rooms.State{}, &campaign, open, rooms.Actor{ID: "s", Role: rooms.Sponsor}, now.Time)
		if no != nil {
			if no.Code != rooms.CodeInvalid && no.Code != rooms.CodeBudgetExceeded {
				t.Fatalf("refused with %v", no)
			}
			return
		}
		offer := d.After.Standing()
		if a := offer.Terms.Fee.Amount; a < 1 || a > rooms.MaxAmountMinor || d.Move.Held != a {
			t.Fatalf("an offer of %d that holds %d", a, d.Move.Held)
		}
		body := d.Events[len(d.Events)-1].AppendCanonical(nil)
		if !utf8.Valid(body) {
			t.Fatalf("an event that is not UTF-8: %q", body)
		}
		if _, err := rooms.ParseEvent(body); err != nil {
			t.Fatalf("the event does not read back: %v\n%s", err, body)
		}
	})
}
