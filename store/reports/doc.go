// Package reports keeps the monthly reports of sponsors: one a month, the last that was
// made.
package reports
