package paper

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// The page is A4; lengths are in millimetres, sizes of type in points.
const (
	margin    = 18.0
	pageWidth = 210.0
	width     = pageWidth - 2*margin
	footRoom  = 18.0
	lineSmall = 4.6
	line      = 5.4
	family    = "go"
)

type colour [3]int

var (
	brand = colour{0x3d, 0x34, 0x8b}
	ink   = colour{0x1e, 0x1b, 0x2e}
	soft  = colour{0x5b, 0x57, 0x6b}
	rule  = colour{0xdd, 0xd8, 0xcc}
	tint  = colour{0xf7, 0xf5, 0xf0}
)

// Paper is a document that is being set. An error is kept until Bytes.
type Paper struct {
	pdf      *fpdf.Fpdf
	pictures int
}

// New begins a document. at is when it was made.
func New(title, subtitle string, at time.Time) *Paper {
	pdf := fpdf.New("P", "mm", "A4", "")
	p := &Paper{pdf: pdf}
	pdf.AddUTF8FontFromBytes(family, "", goregular.TTF)
	pdf.AddUTF8FontFromBytes(family, "B", gobold.TTF)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(at.UTC())
	pdf.SetModificationDate(at.UTC())
	pdf.SetTitle(title, true)
	pdf.SetSubject(subtitle, true)
	pdf.SetCreator("Parley", true)
	pdf.SetLang("en")
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(true, footRoom)
	pdf.AliasNbPages("{pages}")
	pdf.SetFooterFunc(func() {
		pdf.SetY(-12)
		p.font("", 8, soft)
		pdf.CellFormat(width/2, 4, "Parley · "+plain(title), "", 0, "L", false, 0, "")
		pdf.CellFormat(width/2, 4, fmt.Sprintf("%d / {pages}", pdf.PageNo()), "", 0, "R", false, 0, "")
	})
	pdf.AddPage()
	p.head(title, subtitle)
	return p
}

func (p *Paper) head(title, subtitle string) {
	p.fill(brand)
	p.pdf.Rect(0, 0, pageWidth, 4, "F")
	p.pdf.SetY(14)
	p.font("B", 11, brand)
	p.pdf.CellFormat(width, 6, "Parley", "", 1, "L", false, 0, "")
	p.font("B", 22, ink)
	p.pdf.MultiCell(width, 10, plain(title), "", "L", false)
	p.font("", 11, soft)
	p.pdf.MultiCell(width, line, plain(subtitle), "", "L", false)
	p.pdf.Ln(4)
}

func (p *Paper) font(style string, size float64, c colour) {
	p.pdf.SetFont(family, style, size)
	p.pdf.SetTextColor(c[0], c[1], c[2])
}

func (p *Paper) fill(c colour) { p.pdf.SetFillColor(c[0], c[1], c[2]) }

// room begins a new page if less than height is left.
func (p *Paper) room(height float64) {
	_, pageHeight := p.pdf.GetPageSize()
	if p.pdf.GetY()+height > pageHeight-footRoom {
		p.pdf.AddPage()
		p.pdf.SetY(margin)
	}
}

// Heading sets a heading; what follows it stays on its page at least in part.
func (p *Paper) Heading(text string) {
	p.room(30)
	p.pdf.Ln(4)
	p.font("B", 13, ink)
	p.pdf.MultiCell(width, 7, plain(text), "", "L", false)
	p.pdf.Ln(1)
}

// Text sets a paragraph.
func (p *Paper) Text(text string) {
	p.font("", 10.5, ink)
	p.pdf.MultiCell(width, line, plain(text), "", "L", false)
	p.pdf.Ln(2)
}

// Small sets a paragraph in small, soft type.
func (p *Paper) Small(text string) {
	p.font("", 8.5, soft)
	p.pdf.MultiCell(width, lineSmall, plain(text), "", "L", false)
	p.pdf.Ln(2)
}

// Figure is a number with what it counts.
type Figure struct{ Label, Value, Note string }

// Figures sets numbers as tiles, three beside each other.
func (p *Paper) Figures(list []Figure) {
	const columns, gap, height = 3, 4.0, 23.0
	tile := (width - gap*(columns-1)) / columns
	for at := 0; at < len(list); at += columns {
		p.room(height + gap)
		y := p.pdf.GetY()
		for i, f := range list[at:min(at+columns, len(list))] {
			x := margin + float64(i)*(tile+gap)
			p.fill(tint)
			p.pdf.RoundedRect(x, y, tile, height, 2, "1234", "F")
			p.pdf.SetXY(x+4, y+3)
			p.font("", 8.5, soft)
			p.pdf.CellFormat(tile-8, 4, p.fit(plain(f.Label), tile-8), "", 2, "L", false, 0, "")
			p.font("B", p.sizeFor(f.Value, 15, tile-8), ink)
			p.pdf.CellFormat(tile-8, 8, plain(f.Value), "", 2, "L", false, 0, "")
			p.font("", 8, soft)
			p.pdf.CellFormat(tile-8, 4, p.fit(plain(f.Note), tile-8), "", 2, "L", false, 0, "")
		}
		p.pdf.SetXY(margin, y+height+gap)
	}
}

// sizeFor is the largest size up to one at which a bold text fits.
func (p *Paper) sizeFor(text string, size, room float64) float64 {
	for ; size > 8; size-- {
		p.pdf.SetFont(family, "B", size)
		if p.pdf.GetStringWidth(plain(text)) <= room {
			break
		}
	}
	return size
}

// fit shortens a text to a width in the font that is set.
func (p *Paper) fit(text string, room float64) string {
	if p.pdf.GetStringWidth(text) <= room {
		return text
	}
	r := []rune(text)
	for len(r) > 0 && p.pdf.GetStringWidth(string(r)+"…") > room {
		r = r[:len(r)-1]
	}
	return strings.TrimSpace(string(r)) + "…"
}

// Picture sets a PNG over the whole width; ratio is its height to its width.
func (p *Paper) Picture(png []byte, ratio float64) {
	p.pictures++
	name := "picture" + strconv.Itoa(p.pictures)
	p.pdf.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(png))
	height := width * ratio
	p.room(height + 2)
	y := p.pdf.GetY()
	p.pdf.ImageOptions(name, margin, y, width, height, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	p.pdf.SetY(y + height + 3)
}

// Column is one of a table. Width is its share of the whole; what is Right is set to the
// right, as numbers are.
type Column struct {
	Title string
	Width float64
	Right bool
}

// Table sets rows below the columns' titles, which come again on each page.
func (p *Paper) Table(columns []Column, rows [][]string) {
	var sum float64
	for _, c := range columns {
		sum += c.Width
	}
	head := func() {
		p.font("B", 8.5, soft)
		p.cells(columns, sum, func(i int) string { return columns[i].Title })
	}
	p.room(20)
	head()
	for _, row := range rows {
		_, pageHeight := p.pdf.GetPageSize()
		if p.pdf.GetY()+7.5 > pageHeight-footRoom {
			p.pdf.AddPage()
			p.pdf.SetY(margin)
			head()
		}
		p.font("", 9.5, ink)
		p.cells(columns, sum, func(i int) string { return row[i] })
	}
	p.pdf.Ln(3)
}

func (p *Paper) cells(columns []Column, sum float64, text func(i int) string) {
	for i, c := range columns {
		w, align := width*c.Width/sum, "L"
		if c.Right {
			align = "R"
		}
		p.pdf.CellFormat(w, 7.2, p.fit(plain(text(i)), w-2), "", 0, align, false, 0, "")
	}
	p.pdf.Ln(-1)
	p.pdf.SetDrawColor(rule[0], rule[1], rule[2])
	p.pdf.SetLineWidth(0.2)
	y := p.pdf.GetY()
	p.pdf.Line(margin, y, margin+width, y)
}

// Pair is something with what it is called.
type Pair struct{ Name, Text string }

// Pairs sets names on the left and what they name beside them, in as many lines as needed.
func (p *Paper) Pairs(list []Pair) {
	const left = 46.0
	for _, pair := range list {
		p.font("", 10, ink)
		lines := p.pdf.SplitText(plain(pair.Text), width-left)
		p.room(float64(min(len(lines), 6))*line + 3)
		y := p.pdf.GetY()
		p.font("", 10, soft)
		p.pdf.CellFormat(left, line, p.fit(plain(pair.Name), left-3), "", 0, "L", false, 0, "")
		p.font("", 10, ink)
		for i, text := range lines {
			if i > 0 {
				p.pdf.SetX(margin + left)
			}
			p.pdf.CellFormat(width-left, line, text, "", 1, "L", false, 0, "")
		}
		if len(lines) == 0 {
			p.pdf.SetY(y + line)
		}
		p.pdf.Ln(1.2)
	}
	p.pdf.Ln(1)
}

// Bytes is the finished document.
func (p *Paper) Bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	return b.Bytes(), nil
}

// plain keeps what the font's encoding can hold: the basic plane, without controls.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xffff:
			return '\ufffd'
		case r < ' ' && r != '\n':
			return ' '
		default:
			return r
		}
	}, s)
}
