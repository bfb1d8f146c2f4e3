package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// print writes a value as JSON or as the table made of it.
func (f formFlags) print(w io.Writer, value any, table string) error {
	if f.Table || (!f.JSON && isTerminal(w)) {
		_, err := io.WriteString(w, table)
		return err
	}
	text, err := json.Marshal(value, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// table lays objects out for a terminal, one a line. The header's columns are
// separated by spaces; an underscore in one is a space.
func table[T any](header string, objects []T, row func(T) []string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.NewReplacer(" ", "\t", "_", " ").Replace(header))
	for _, object := range objects {
		cells := row(object)
		for i, cell := range cells {
			cells[i] = oneLine(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	_ = w.Flush() // a Builder takes all
	return b.String()
}

// orDash shows a text that may be missing.
func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// formatTime shows Unix seconds to a person, and a dash for no time.
func formatTime(seconds *int64) string {
	if seconds == nil {
		return "-"
	}
	return time.Unix(*seconds, 0).UTC().Format("2006-01-02 15:04:05")
}

// oneLine keeps a name made by somebody else from moving a terminal's cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
