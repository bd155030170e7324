package api_test

import (
	"encoding/json"
	"testing"

	"parley/rooms"
)

// TestQueriesAreText: what no database compares is refused by name, on every route that
// takes a text in its query.
func TestQueriesAreText(t *testing.T) {
	w := start(t, options{})
	var description struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Schema   struct{ Type string }
			}
		}
	}
	raw, err := w.server.OpenAPI()
	must(t, err)
	must(t, json.Unmarshal(raw, &description))
	people, asked := []*person{w.admin(), w.join(rooms.Sponsor), w.join(rooms.Influencer)}, 0
	for path, operations := range description.Paths {
		for _, p := range operations["get"].Parameters {
			if p.In != "query" || p.Schema.Type != "string" {
				continue
			}
			for _, who := range people {
				for _, bad := range []string{"a%00b", "%ff"} {
					who.call("GET", path+"?"+p.Name+"="+bad, nil).refused(422, "invalid", p.Name)
					asked++
				}
			}
		}
	}
	if asked < 50 {
		t.Errorf("only %d queries were asked", asked)
	}
}
