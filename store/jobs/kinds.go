package jobs

// The kinds of jobs. They stand here because those who add jobs and those who do them
// do not know each other.
const (
	// Mail hands over a mail of the outbox; the period is its id.
	Mail = "mail"
	// Webhook hands over a message to a webhook; the period is its id.
	Webhook = "webhook"
	// Daily reminds one user; the period is a day of their zone, such as 2026-11-22.
	Daily = "daily"
	// Weekly tells one admin about a week, such as 2026-W47.
	Weekly = "weekly"
	// Monthly reports to one sponsor about a month, such as 2026-10.
	Monthly = "monthly"
	// Report makes the report on a month for one sponsor who asked for it; the period is
	// the month and an id.
	Report = "report"
	// Export writes a table for one user; the period is the export's id.
	Export = "export"
	// ExportEnd removes an export's file when its time is over; the period is its id.
	ExportEnd = "export_end"
	// Tell tells one user what happened while they were away; the period is the cause.
	Tell = "tell"
	// Prune removes what is only a record of work, once it is old; the period is a day.
	Prune = "prune"
)

// Kinds are those that are done, as lists show them.
func Kinds() []string {
	return []string{Mail, Webhook, Tell, Daily, Weekly, Monthly, Report, Export, ExportEnd, Prune}
}
