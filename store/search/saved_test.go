package search_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/search"
	"parley/store/storetest/forms"
)

func TestSavedSearches(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		x, ctx := search.New(e.Store), t.Context()
		user, other := e.User(t, rooms.Influencer), e.User(t, rooms.Influencer)
		list := func(user store.User, kind search.Kind) (names []string) {
			t.Helper()
			saved, err := x.SavedSearches(ctx, user.ID, kind)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range saved {
				names = append(names, s.Name+"?"+s.Query)
			}
			return names
		}
		save := func(user store.User, name string) (search.Saved, error) {
			e.Clock.Advance(time.Millisecond)
			return x.Save(ctx, user.ID, search.Saved{Kind: search.KindCampaigns, Name: name, Query: "q=" + name})
		}
		first, err := save(user, "tea")
		if err != nil || first.ID == "" || first.CreatedAt.IsZero() {
			t.Fatalf("%+v, %v", first, err)
		}
		if _, err := save(user, "cake"); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(list(user, search.KindCampaigns)); got != "[cake?q=cake tea?q=tea]" {
			t.Errorf("saved %s", got)
		}
		if list(user, search.KindInfluencers) != nil || list(other, search.KindCampaigns) != nil {
			t.Error("a search of another kind or user is listed")
		}
		if s, err := x.RenameSaved(ctx, user.ID, first.ID, "green tea"); err != nil || s.Name != "green tea" || s.Query != "q=tea" {
			t.Errorf("renamed: %+v, %v", s, err)
		}
		if _, err := x.RenameSaved(ctx, other.ID, first.ID, "mine"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another's search is renamed: %v", err)
		}
		if err := x.DeleteSaved(ctx, other.ID, first.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another's search is deleted: %v", err)
		}
		if err := x.DeleteSaved(ctx, user.ID, first.ID); err != nil {
			t.Error(err)
		}
		for range search.MaxSaved - 1 {
			if _, err := save(user, "more"); err != nil {
				t.Fatal(err)
			}
		}
		var refusal *rooms.Refusal
		if _, err := save(user, "one too many"); !errors.As(err, &refusal) || refusal.Code != rooms.CodeNotAllowed {
			t.Errorf("one too many: %v", err)
		}
		if _, err := save(other, "others still may"); err != nil {
			t.Error(err)
		}
	})
}
