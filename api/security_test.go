package api_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	securityRow = regexp.MustCompile(`^\| (\d+\.\d+\.\d+) \| ([12]) \| ([a-z/ ]+) \| (.*) \|$`)
	namedTest   = regexp.MustCompile("`([\\w/.-]+_test\\.go):((?:Test|Fuzz)\\w+)`")
	namedSpec   = regexp.MustCompile(`frontend/[\w/.-]+\.spec\.ts`)
)

// docs/security.md speaks of every item of levels 1 and 2, once, and the tests that
// it names exist.
func TestSecurityIsAccountedFor(t *testing.T) {
	levels := make(map[string]string)
	list, err := os.ReadFile("testdata/asvs-5.0.0.txt")
	must(t, err)
	for line := range strings.Lines(string(list)) {
		id, level, _ := strings.Cut(strings.TrimSpace(line), " ")
		levels[id] = level
	}
	if len(levels) != 253 {
		t.Fatalf("the list has %d items, levels 1 and 2 have 253", len(levels))
	}
	doc, err := os.Open("../docs/security.md")
	must(t, err)
	defer doc.Close()
	seen := make(map[string]bool)
	lines := bufio.NewScanner(doc)
	for lines.Scan() {
		row := securityRow.FindStringSubmatch(lines.Text())
		checkNamedTests(t, lines.Text())
		if row == nil {
			continue
		}
		id, level, state, words := row[1], row[2], row[3], row[4]
		switch {
		case levels[id] != level:
			t.Errorf("%s is not an item of level %s", id, level)
		case seen[id]:
			t.Errorf("%s is there twice", id)
		case words == "":
			t.Errorf("%s says nothing", id)
		}
		seen[id] = true
		shown := namedTest.MatchString(words) || namedSpec.MatchString(words)
		switch state {
		case "held":
			if !shown {
				t.Errorf("%s is held, but by no test", id)
			}
		case "by design", "operator", "n/a", "missing":
		default:
			t.Errorf("%s is %q, which is no state", id, state)
		}
	}
	must(t, lines.Err())
	for id := range levels {
		if !seen[id] {
			t.Errorf("%s is not there", id)
		}
	}
}

func checkNamedTests(t *testing.T, line string) {
	t.Helper()
	for _, m := range namedTest.FindAllStringSubmatch(line, -1) {
		raw, err := os.ReadFile(filepath.Join("..", m[1]))
		if err != nil || !strings.Contains(string(raw), "\nfunc "+m[2]+"(") {
			t.Errorf("there is no test %s in %s", m[2], m[1])
		}
	}
	for _, file := range namedSpec.FindAllString(line, -1) {
		if _, err := os.Stat(filepath.Join("..", file)); err != nil {
			t.Errorf("there is no %s", file)
		}
	}
}
