// Package paper sets documents as PDF: a head with the brand, headings, figures, tables,
// pictures, and page numbers. It knows how a page looks, not what stands on it.
//
// The fonts are the Go fonts, of which only the used glyphs are put into the file. The
// same content set at the same time gives the same bytes, if no two pictures of it are of
// the same width in pixels (the library orders them by that).
package paper
