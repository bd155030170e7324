package api_test

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/rooms"
	"parley/store/storetest/source"
)

// What any layer says of an input is described, and nothing is described that is never said.
func TestEveryProblemIsDescribed(t *testing.T) {
	said := map[rooms.ProblemCode]bool{}
	note := func(e ast.Expr) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return
		}
		if code, err := strconv.Unquote(lit.Value); err == nil {
			said[rooms.ProblemCode(code)] = true
		}
	}
	find := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := n.Fun
			if s, ok := name.(*ast.SelectorExpr); ok {
				name = s.Sel
			}
			if id, ok := name.(*ast.Ident); ok && id.Name == "Because" {
				note(n.Args[0])
			}
		case *ast.CompositeLit:
			if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Problem" {
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Code" {
						note(kv.Value)
					}
				}
			}
		}
		return true
	}
	inSource(t, find)
	raw, err := os.ReadFile("openapi.json")
	must(t, err)
	var description struct {
		Components struct {
			Schemas struct {
				Problem struct {
					Properties struct {
						Code struct{ Enum []rooms.ProblemCode }
					}
				}
			}
		}
	}
	must(t, json.Unmarshal(raw, &description))
	described := description.Components.Schemas.Problem.Properties.Code.Enum
	for code := range said {
		if !slices.Contains(described, code) {
			t.Errorf("%q is said of inputs, and not described", code)
		}
	}
	for _, code := range described {
		if !said[code] {
			t.Errorf("%q is described, and never said", code)
		}
	}
	if len(said) < 40 {
		t.Errorf("only %d problems were found: the search for them is broken", len(said))
	}
}

// inSource shows all Go code but the tests'.
func inSource(t *testing.T, find func(ast.Node) bool) {
	t.Helper()
	source.Inspect(t, find, "../api", "../digest", "../rooms", "../store")
}

// Each reason why something is not allowed has its sentence in the app.
func TestEveryReasonHasASentence(t *testing.T) {
	texts, err := os.ReadFile("../frontend/src/strings/en/shell.ts")
	must(t, err)
	found := 0
	inSource(t, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := call.Fun
		if s, ok := name.(*ast.SelectorExpr); ok {
			name = s.Sel
		}
		if id, ok := name.(*ast.Ident); !ok || id.Name != "NotAllowed" {
			return true
		}
		lit, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			t.Error("a reason is not written where it is given")
			return true
		}
		reason, err := strconv.Unquote(lit.Value)
		must(t, err)
		if !strings.Contains(string(texts), "\n    "+reason+": '") {
			t.Errorf("%q has no sentence", reason)
		}
		found++
		return true
	})
	if found < 15 {
		t.Errorf("only %d reasons were found: the search for them is broken", found)
	}
}

// The library that checks requests by their schemas gives words; each that a person can
// cause has a code.
func TestWhatASchemaRefusesHasItsProblem(t *testing.T) {
	w := start(t, options{})
	type want struct {
		field, code string
		min, max    float64
	}
	long := strings.Repeat("x", 300)
	for name, tc := range map[string]struct {
		body object
		want want
	}{
		"missing": {object{"password": nil}, want{field: "password", code: "required"}},
		"short":   {object{"password": "x"}, want{field: "password", code: "chars_at_least", min: 10}},
		"long":    {object{"password": long}, want{field: "password", code: "chars_at_most", max: 200}},
		"empty":   {object{"name": ""}, want{field: "name", code: "required"}},
		"choice":  {object{"role": "king"}, want{field: "role", code: "one_of"}},
		"address": {object{"email": "nobody"}, want{field: "email", code: "email"}},
		"unknown": {object{"king": true}, want{field: "king", code: "form"}},
	} {
		t.Run(name, func(t *testing.T) {
			body := object{"email": "a@example.com", "name": "A", "role": "sponsor", "password": "long enough 1"}
			maps.Copy(body, tc.body)
			maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
			answer := w.send("POST", "/api/auth/register", body, nil).refused(422, "invalid", tc.want.field)
			problem, _ := at(answer.body, "error.problem").(map[string]any)
			if problem["code"] != tc.want.code {
				t.Fatalf("problem is %v, want %s", problem, tc.want.code)
			}
			if tc.want.min != 0 && problem["min"] != tc.want.min || tc.want.max != 0 && problem["max"] != tc.want.max {
				t.Errorf("bounds are %v, want %v and %v", problem, tc.want.min, tc.want.max)
			}
			if tc.want.code == "one_of" && len(problem["allowed"].([]any)) < 2 {
				t.Errorf("nothing is allowed: %v", problem)
			}
		})
	}
}
