package search

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxWords bounds the words of a search; what follows is left out.
	maxWords = 8
	// maxWordChars bounds a word, as in the index of PostgreSQL, whose lexemes are
	// bounded in bytes.
	maxWordChars = 64
)

// fold takes accents and case from a text, as the indexes do: what is decomposed and
// loses its combining diacritical marks is composed again, so that other scripts stay
// what they are.
func fold(text string) string {
	text = strings.Map(func(r rune) rune {
		if '\u0300' <= r && r <= '\u036f' {
			return -1
		}
		return r
	}, norm.NFD.String(strings.ToLower(strings.ToValidUTF8(text, " "))))
	return norm.NFC.String(text)
}

// split finds the words of a text, each once, in their order. Whatever is neither a
// letter nor a number parts words, so that no operator of a query language is left.
func split(text string) []string {
	var list []string
	for w := range strings.FieldsFuncSeq(fold(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	}) {
		if !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			continue // marks alone
		}
		if runes := []rune(w); len(runes) > maxWordChars {
			w = string(runes[:maxWordChars])
		}
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
		if len(list) == maxWords {
			break
		}
	}
	return list
}

// typedSoFar reports whether a word stands for all that begin with it. One or two ASCII
// characters would stand for a good part of everything; two do in the last word, which
// may not be typed to its end yet.
func typedSoFar(word string, last bool) bool { return len(word) > 2 || last && len(word) > 1 }

// maxMistakes is how many slips of the keyboard a word may hold and still be meant:
// none in short words, which are too near to each other.
func maxMistakes(chars int) int {
	switch {
	case chars < 4:
		return 0
	case chars < 8:
		return 1
	default:
		return 2
	}
}

// mistakes counts the letters that were left out, added, changed or swapped with their
// neighbour between what was typed and the term, or the beginning of the term where
// that is nearer. (Optimal string alignment; the last row's minimum is that of the
// beginnings.)
func mistakes(typed, term string) (whole, beginning int) {
	a, b := []rune(typed), []rune(term)
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)], slices.Min(last)
}
