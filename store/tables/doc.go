// Package tables shows what the store keeps as tables to take away: columns, and rows a
// page after the other, so that a table of any length needs the memory of one page.
//
// The form is CSV as RFC 4180 has it, in UTF-8. A cell that a spreadsheet would take
// for a formula gets an apostrophe before it, as OWASP's page on CSV injection advises.
package tables
