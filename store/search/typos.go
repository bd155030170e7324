package search

import (
	"cmp"
	"context"
	"slices"
	"unicode/utf8"

	"parley/store"
)

// maxNear is how many terms a database proposes for a word.
const maxNear = 100

// meant finds the terms nearest to a word, the nearest first; none when the word is
// one itself or begins one, is too short to be told from others, or is like nothing. The database proposes terms that share
// trigrams with the word, and the number of mistakes judges them.
func (x *Index) meant(ctx context.Context, word string) ([]string, error) {
	allowed := maxMistakes(utf8.RuneCountInString(word))
	if allowed == 0 {
		return nil, nil
	}
	var proposed []string
	if err := x.form.near(x.db, word).Scan(ctx, &proposed); err != nil {
		return nil, store.ReadError("search terms", err)
	}
	type candidate struct {
		term     string
		mistakes int
		whole    int
	}
	var list []candidate
	for _, p := range proposed {
		for _, t := range split(p) {
			whole, beginning := mistakes(word, t)
			if beginning <= allowed && !slices.ContainsFunc(list, func(c candidate) bool { return c.term == t }) {
				list = append(list, candidate{t, beginning, whole})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.mistakes, b.mistakes), cmp.Compare(a.whole, b.whole), cmp.Compare(a.term, b.term))
	})
	if len(list) > 0 && list[0].mistakes == 0 {
		return nil, nil // it is there as it was typed
	}
	var terms []string
	for _, c := range list[:min(len(list), maxCorrections)] {
		terms = append(terms, c.term)
	}
	return terms, nil
}
