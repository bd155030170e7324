package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"parley/store/outbox"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Updating tells whether the golden files are written anew, for tests that keep others.
func Updating() bool { return *update }

// Check compares a mail with testdata/NAME.html and testdata/NAME.txt; the text's file
// begins with the subject.
func Check(t *testing.T, name string, m outbox.Mail) {
	t.Helper()
	for ending, got := range map[string]string{".html": m.HTML, ".txt": "Subject: " + m.Subject + "\n\n" + m.Text} {
		path := filepath.Join("testdata", name+ending)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v; run the test with -update", err)
			continue
		}
		if got != string(want) {
			t.Errorf("%s differs; run the test with -update and look at what changed:\n%s", path, got)
		}
	}
}
