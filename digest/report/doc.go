// Package report tells a sponsor about a month: campaigns, deals made and completed, the
// budget, and how long deals took against the month before; as a mail with pictures and
// plain text, and as a PDF that is kept.
//
// The figures are folded from the log, by the same State.Apply that decides commands, up
// to the month's last instant in the sponsor's own zone. So a report on any month says
// the same whenever it is made; only names and budgets of campaigns are those of now.
package report
