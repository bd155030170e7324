package main

import (
	"slices"
	"testing"

	"parley/api"
	"parley/store/jobs"
	"parley/store/storetest/forms"
)

// TestAllKindsOfJobsAreDoneAndShown: what admins see and pause are the kinds that are
// carried out.
func TestAllKindsOfJobsAreDoneAndShown(t *testing.T) {
	c := &sending{MailFrom: "parley@example.test", KeepDays: 30}
	kinds, err := c.kinds(forms.SQLite(t).Store, api.NewMetrics(), "https://parley.example.test")
	if err != nil {
		t.Fatal(err)
	}
	done := make([]string, len(kinds))
	for i := range kinds {
		done[i] = kinds[i].Name
	}
	shown := jobs.Kinds()
	slices.Sort(done)
	slices.Sort(shown)
	if !slices.Equal(done, shown) {
		t.Errorf("done are %v, shown are %v", done, shown)
	}
}
