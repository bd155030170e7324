package api_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"parley/store/outbox/letter/golden"
)

// openapi.json is what clients are generated from: it must be that of the
// routes. "go test ./api -run TestOpenAPIFile -update" writes it.
func TestOpenAPIFileIsCurrent(t *testing.T) {
	raw, err := start(t, options{}).server.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if golden.Updating() {
		if err := os.WriteFile("openapi.json", pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, pretty.Bytes()) {
		t.Error("openapi.json is not what the routes say: run go test ./api -run TestOpenAPIFile -update")
	}
}
