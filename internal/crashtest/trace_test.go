package crashtest

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// The trace of a server under strace -f -y says whether an answer left before
// what it acknowledges was on disk.

var (
	callLine    = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$`)
	resumedLine = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
)

// call is the beginning or the end of a system call, which are one line unless
// another thread came between.
type call struct {
	name, file, text string
	begins, ends     bool
}

// calls reads a trace in the order in which calls began and ended.
func calls(trace io.Reader, visit func(call)) error {
	open := map[string]call{} // by thread
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := callLine.FindStringSubmatch(lines.Text()); m != nil {
			c := call{name: m[2], file: m[3], text: m[4], begins: true}
			if c.ends = !strings.HasSuffix(c.text, "<unfinished ...>"); !c.ends {
				open[m[1]] = c
			}
			visit(c)
		} else if m := resumedLine.FindStringSubmatch(lines.Text()); m != nil {
			c := open[m[1]]
			delete(open, m[1])
			visit(call{name: c.name, file: c.file, text: m[3], ends: true})
		}
	}
	return lines.Err()
}

// unsynced counts the answers in a trace, each to a change that was asked for
// after the answer before, and returns those that began before a sync of the
// write-ahead log, with everything of the commit in it, had ended. (Requests
// are no mark: the server reads their first byte by itself.)
func unsynced(trace io.Reader) (acknowledged int, early []string, err error) {
	var written, synced bool
	err = calls(trace, func(c call) {
		onLog := strings.HasSuffix(c.file, "-wal")
		switch {
		case onLog && c.begins && (c.name == "pwrite64" || c.name == "write"):
			written, synced = true, false
		case onLog && c.ends && (c.name == "fsync" || c.name == "fdatasync"):
			synced = strings.HasSuffix(c.text, "= 0")
		case c.name == "write" && c.begins && strings.Contains(c.text, `"HTTP/1.1 200 OK`):
			acknowledged++
			if !written || !synced {
				early = append(early, fmt.Sprintf("answer %d: log written %t, synced %t", acknowledged, written, synced))
			}
			written, synced = false, false
		}
	})
	return acknowledged, early, err
}
