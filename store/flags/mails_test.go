package flags_test

import (
	"testing"

	"parley/store"
	"parley/store/flags"
	"parley/store/outbox/letter/golden"
)

func TestMails(t *testing.T) {
	b := &flags.Book{PublicURL: "https://parley.example/"}
	for kind, c := range map[string]struct {
		on         store.FlagKind
		name, text string
	}{
		flags.NoticeFlagged:   {store.FlagUser, "", "Followers were bought.\nTell us where they come from."},
		flags.NoticeUnflagged: {store.FlagCampaign, "Autumn & <Winter>", ""},
		flags.NoticeUpheld:    {store.FlagRoom, "Autumn & <Winter>", "What you sent does not show it."},
	} {
		m, err := b.MailOf(kind, c.on, c.name, c.text)
		must(t, err)
		golden.Check(t, kind, m)
	}
}
