package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const twoAccounts = `{"room":"R1","seq":2,"sponsor_token":"a","influencer_token":"b"}

{"room":"R2","seq":3,"sponsor_token":"c","influencer_token":"d","admin_token":"e"}
`

func TestReadAccounts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accounts.jsonl")
	if err := os.WriteFile(file, []byte(twoAccounts), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		path, stdin string
		limit, want int
		err         string
	}{
		"all of a file":       {path: file, want: 2},
		"the first of a file": {path: file, limit: 1, want: 1},
		"standard input":      {path: "-", stdin: twoAccounts, limit: 2, want: 2},
		"too few":             {path: file, limit: 3, err: "3 rooms are asked for, the file has 2"},
		"none":                {path: "-", err: "none"},
		"no file":             {path: file + ".x", err: "no such file"},
		"no JSON":             {path: "-", stdin: "{", err: "line 1"},
		"no token":            {path: "-", stdin: `{"room":"R"}`, err: "line 1: room, sponsor_token"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAccounts(test.path, strings.NewReader(test.stdin), test.limit)
			if test.err == "" && (err != nil || len(got) != test.want || got[0].Room != "R1") {
				t.Fatalf("the accounts are %+v, %v", got, err)
			}
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Fatalf("the error is %v, want one with %q", err, test.err)
			}
		})
	}
}
