// Package export writes the tables that people asked for, a part at a time. What is in
// memory is a page of rows and a part of the file, whatever the table's length.
package export
