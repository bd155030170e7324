package audit_test

import (
	"go/ast"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/store/audit"
	"parley/store/storetest/source"
)

// Whatever package names an action: its area is one that the log can be filtered by, there
// is no area of nothing, and the app has words for it.
func TestEveryActionIsOfAKnownArea(t *testing.T) {
	words, err := os.ReadFile("../../frontend/src/strings/en/admin-pages.ts")
	if err != nil {
		t.Fatal(err)
	}
	found := map[audit.Area]bool{}
	actions := func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		typed := false
		switch kind := spec.Type.(type) {
		case *ast.Ident:
			typed = kind.Name == "Action"
		case *ast.SelectorExpr:
			typed = kind.Sel.Name == "Action"
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); typed && ok {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					found[audit.Action(text).Area()] = true
					if !strings.Contains(string(words), "\n    '"+text+"': '") {
						t.Errorf("the app has no words for %s", text)
					}
				}
			}
		}
		return true
	}
	source.Inspect(t, actions, "../..")
	known := audit.Areas()
	for area := range found {
		if !slices.Contains(known, area) {
			t.Errorf("actions of the area %q are noted, and it is not among the areas", area)
		}
	}
	for _, area := range known {
		if !found[area] {
			t.Errorf("no action is of the area %q", area)
		}
	}
}
