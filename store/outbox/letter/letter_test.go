package letter_test

import (
	"strings"
	"testing"
	"time"

	"parley/rooms"
	"parley/store/outbox/letter"
	"parley/store/outbox/letter/golden"
)

func reminder() letter.Letter {
	return letter.Letter{
		Kind: "daily", Subject: "2 offers wait\r\nfor your answer", Preview: "€1,250.00 from Acme, 3 hours left",
		Sections: []letter.Section{
			{Paragraphs: []string{"Hello Zoë & <friends>,"}, Quote: "One line\nand another"},
			{Title: "Waiting for your answer", Rows: []letter.Row{
				{Title: "Autumn in the mountains, with a name that goes on and on", Amount: "€1,250.00", Detail: "Offer from Acme",
					Note: "3 hours left", Urgent: true, URL: "https://parley.example/deals/1"},
				{Title: "Winter", Amount: "INR 12,00,000.00", Detail: "Offer from Bolt", Note: "2 days left", URL: "https://parley.example/deals/2"},
				{Title: "Spring", Detail: "They would like to hear from you"},
			}, More: "and 4 more"},
			{Title: "In numbers", Figures: []letter.Figure{{Label: "Offers", Value: "1,204", Note: "981 the week before"}, {Label: "Deals", Value: "88"}}},
		},
		Button: &letter.Link{Text: "See your deals", URL: "https://parley.example/deals"},
		Why:    "You get this because offers wait for you.", Settings: "https://parley.example/account/notifications",
		Unsubscribe: "https://parley.example/api/unsubscribe/x",
	}
}

func TestGolden(t *testing.T) {
	for name, l := range map[string]letter.Letter{
		"everything": reminder(),
		"least":      {Kind: "x", Subject: "Your password was changed", Sections: []letter.Section{{Paragraphs: []string{"It was."}}}},
	} {
		m, err := l.Mail("key", "user", "zoe@example.com")
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, name, m)
	}
}

func TestASubjectIsOneLine(t *testing.T) {
	m, err := reminder().Mail("key", "", "zoe@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "2 offers wait for your answer" {
		t.Errorf("subject %q", m.Subject)
	}
}

func TestNamesAreNoMarkup(t *testing.T) {
	l := letter.Letter{Kind: "x", Subject: "s", Sections: []letter.Section{{Rows: []letter.Row{
		{Title: `<script>alert(1)</script>`, URL: `javascript:alert(1)`, Detail: `"><img src=x>`},
	}}}}
	m, err := l.Mail("key", "", "zoe@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", `href="javascript:`} {
		if strings.Contains(m.HTML, bad) {
			t.Errorf("the mail holds %s:\n%s", bad, m.HTML)
		}
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency rooms.Currency
		want     string
	}{
		{125_000, "EUR", "€1,250.00"}, {5, "USD", "$0.05"}, {100, "USD", "$1.00"}, {1_234_567, "JPY", "¥1,234,567"}, {0, "JPY", "¥0"},
		{99_999_999_999_999, "CHF", "CHF\u00a0999,999,999,999.99"}, {1, "BHD", "BHD\u00a00.001"}, {-250, "GBP", "-£2.50"},
	} {
		if got := letter.Money(rooms.Money{Amount: c.amount, Currency: c.currency}); got != c.want {
			t.Errorf("%d %s: %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}

func TestLeft(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Second: "less than a minute left", time.Minute: "1 minute left", 59*time.Minute + 59*time.Second: "59 minutes left",
		time.Hour: "1 hour left", 47 * time.Hour: "47 hours left", 48 * time.Hour: "2 days left", 71 * time.Hour: "2 days left",
	} {
		if got := letter.Left(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
