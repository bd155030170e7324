package letter

import (
	"strconv"
	"strings"
	"time"

	"parley/rooms"
)

// symbols are of the currencies whose symbol means no other one in English; the rest
// are named by their codes.
var symbols = map[rooms.Currency]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪"}

// Money words an amount, such as €1,250.00 or CHF 80.00.
func Money(m rooms.Money) string {
	amount, sign := m.Amount, ""
	if amount < 0 {
		amount, sign = -amount, "-"
	}
	digits := m.Currency.MinorDigits()
	text := strconv.FormatInt(amount, 10)
	if missing := digits + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	whole, minor := text[:len(text)-digits], text[len(text)-digits:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if minor != "" {
		whole += "." + minor
	}
	if symbol, ok := symbols[m.Currency]; ok {
		return sign + symbol + whole
	}
	return string(m.Currency) + "\u00a0" + sign + whole
}

// Left words how long is left, such as "5 hours left", always rounded down.
func Left(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute left"
	case d < time.Hour:
		return Count(int(d/time.Minute), "minute", "minutes") + " left"
	case d < 48*time.Hour:
		return Count(int(d/time.Hour), "hour", "hours") + " left"
	default:
		return Count(int(d/(24*time.Hour)), "day", "days") + " left"
	}
}

// Count words a number of things.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
