package search

import "strings"

// field is a part of what is indexed.
type field uint8

const (
	anywhere field = iota
	inName
	inCategory
	inNiches
	inPlatforms
)

// term is a word that is looked for in a field.
type term struct {
	in     field
	word   string
	prefix bool
}

// match is what the text of a row must hold: one of the terms of each group, and not
// all that not asks for. The zero match is fulfilled by every row.
type match struct {
	all [][]term
	not *match
}

func (m match) empty() bool { return len(m.all) == 0 }

// and adds a filter: all words of a text, in one field.
func (m match) and(in field, text string) match {
	for _, w := range split(text) {
		m.all = append(m.all[:len(m.all):len(m.all)], []term{{in: in, word: w}})
	}
	return m
}

// typed is a match of the words as somebody typed them.
func typed(words []string, in field) match {
	var m match
	for i, w := range words {
		m.all = append(m.all, []term{{in: in, word: w, prefix: typedSoFar(w, i == len(words)-1)}})
	}
	return m
}

// render writes a match, given how a term is written and the operators.
func render(m match, write func(*strings.Builder, term), and, or string) string {
	var b strings.Builder
	for i, group := range m.all {
		if i > 0 {
			b.WriteString(and)
		}
		b.WriteByte('(')
		for j, t := range group {
			if j > 0 {
				b.WriteString(or)
			}
			write(&b, t)
		}
		b.WriteByte(')')
	}
	return b.String()
}
