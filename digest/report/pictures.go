package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-analyze/charts"

	"parley/rooms"
	"parley/store/outbox/letter"
)

// Pictures are drawn at twice the size at which mails show them, for sharp screens.
const (
	pictureWidth  = 536
	budgetHeight  = 60 // and barHeight for each campaign
	barHeight     = 34
	weeksHeight   = 220
	pictureScale  = 2
	shownBars     = 8
	longestLabel  = 26
	pictureFont   = 11 * pictureScale
	pictureMargin = 8 * pictureScale
)

// The colours of the app, on white: a picture has one ground in every scheme.
var theme = charts.MakeTheme(charts.ThemeOption{
	BackgroundColor:    charts.ColorWhite,
	AxisStrokeColor:    charts.ColorRGB(0xdd, 0xd8, 0xcc),
	AxisSplitLineColor: charts.ColorRGB(0xec, 0xe8, 0xdf),
	TextColor:          charts.ColorRGB(0x1e, 0x1b, 0x2e),
	SeriesColors: []charts.Color{
		charts.ColorRGB(0x3d, 0x34, 0x8b), charts.ColorRGB(0xe0, 0x7a, 0x3f), charts.ColorRGB(0xd9, 0xd3, 0xc4),
	},
})

// Picture is a chart with the size at which it is shown, in points or CSS pixels.
type Picture struct {
	PNG           []byte
	Width, Height int
	// Alt says what it shows.
	Alt string
}

func font(size float64) charts.FontStyle { return charts.FontStyle{FontSize: size} }

// draw draws a chart of bars. nth is its place among the pictures of a document, which a
// PDF orders by nothing but their widths: no two have the same.
func draw(nth, height int, opt charts.BarChartOption, alt string) (Picture, error) {
	opt.Theme = theme
	opt.Padding = charts.NewBoxEqual(pictureMargin)
	opt.CategoryAxis.LabelFontStyle = font(pictureFont)
	for i := range opt.ValueAxis {
		opt.ValueAxis[i].LabelFontStyle = font(pictureFont)
	}
	opt.Legend.FontStyle = font(pictureFont)
	p := charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputPNG, Width: pictureWidth*pictureScale + nth, Height: height * pictureScale, Theme: theme,
	})
	if err := p.BarChart(opt); err != nil {
		return Picture{}, fmt.Errorf("report: draw: %w", err)
	}
	png, err := p.Bytes()
	if err != nil {
		return Picture{}, fmt.Errorf("report: draw: %w", err)
	}
	return Picture{PNG: png, Width: pictureWidth, Height: height, Alt: alt}, nil
}

// budgetPicture shows for the campaigns of one currency what of the budget is used, held
// and left; of very many the largest.
func budgetPicture(nth int, b *Budget, campaigns []Campaign) (Picture, error) {
	var list []*Campaign
	for i := range campaigns {
		if campaigns[i].Budget.Currency == b.Currency {
			list = append(list, &campaigns[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *Campaign) int { return cmp.Compare(b.Budget.Total, a.Budget.Total) })
	list = list[:min(len(list), shownBars)]
	slices.Reverse(list) // bars are drawn from below
	var labels []string
	var used, held, left []float64
	for _, c := range list {
		labels = append(labels, short(c.Name))
		used = append(used, major(c.Budget.Used, b.Currency))
		held = append(held, major(c.Budget.Held, b.Currency))
		left = append(left, major(max(0, c.Budget.Left()), b.Currency))
	}
	stacked := true
	return draw(nth, budgetHeight+barHeight*len(labels), charts.BarChartOption{
		Horizontal: true, StackSeries: &stacked, BarSize: 0.6,
		SeriesList:   charts.NewSeriesListBar([][]float64{used, held, left}),
		CategoryAxis: charts.CategoryAxisOption{Labels: labels},
		ValueAxis: []charts.ValueAxisOption{{
			Min: charts.Ptr(0.0), LabelCount: 5, ValueFormatter: func(v float64) string { return compact(v) },
		}},
		Legend: charts.LegendOption{SeriesNames: []string{"Used", "Held", "Left"}},
	}, fmt.Sprintf("Budget in %s by campaign: %s used, %s held, %s left of %s", b.Currency, money(b.Used, b.Currency),
		money(b.Held, b.Currency), money(b.Left(), b.Currency), money(b.Total, b.Currency)))
}

// weeksPicture shows offers and deals by week.
func weeksPicture(f *Figures) (Picture, error) {
	var labels []string
	var offers, deals []float64
	for _, w := range f.Weeks {
		labels = append(labels, w.From.Format("2 Jan"))
		offers = append(offers, float64(w.Offers))
		deals = append(deals, float64(w.Deals))
	}
	return draw(0, weeksHeight, charts.BarChartOption{
		SeriesList:   charts.NewSeriesListBar([][]float64{offers, deals}),
		CategoryAxis: charts.CategoryAxisOption{Labels: labels},
		ValueAxis: []charts.ValueAxisOption{{
			Min: charts.Ptr(0.0), Unit: 1, ValueFormatter: func(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) },
		}},
		Legend: charts.LegendOption{SeriesNames: []string{"Offers", "Deals"}},
	}, fmt.Sprintf("Offers and deals by week: %d offers and %d deals in the month", f.Now.Offers, f.Now.Made))
}

func money(minor int64, c rooms.Currency) string {
	return letter.Money(rooms.Money{Amount: minor, Currency: c})
}

func major(minor int64, c rooms.Currency) float64 {
	return float64(minor) / math.Pow10(c.MinorDigits())
}

// compact words a number of an axis, such as 12k.
func compact(v float64) string {
	sign := ""
	for _, step := range []struct {
		from float64
		sign string
	}{{1e9, "bn"}, {1e6, "m"}, {1e3, "k"}} {
		if v >= step.from {
			v, sign = v/step.from, step.sign
			break
		}
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) + sign
}

func short(s string) string {
	r := []rune(s)
	if len(r) <= longestLabel {
		return s
	}
	return string(r[:longestLabel-1]) + "…"
}
