package tables

import (
	"encoding/csv"
	"io"
	"strings"
)

// byteOrderMark is how spreadsheets know UTF-8.
const byteOrderMark = "\uFEFF"

// WriteHead writes the columns of a table, after a byte order mark if bom asks for it.
func (t *Table) WriteHead(w io.Writer, bom bool) error {
	if bom {
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return err
		}
	}
	return Write(w, t.Columns)
}

// Write writes rows as lines that end with CR LF.
func Write(w io.Writer, rows ...[]string) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for _, row := range rows {
		for i, cell := range row {
			row[i] = guarded(cell)
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// guarded keeps a spreadsheet from taking a cell for a formula.
func guarded(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
