package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
)

// confirm asks a person to type a word before what nothing can undo. A script
// has no terminal and says --yes instead: what it has on standard input was not
// meant as an answer, and is not read.
func confirm(std streams, word string) error {
	if in, ok := std.in.(*os.File); ok && isTerminal(in) {
		fmt.Fprintf(std.err, "Type %s to go on: ", word)
		line, err := bufio.NewReader(in).ReadString('\n')
		switch {
		case strings.TrimSpace(line) == word:
			return nil
		case err == nil || line != "":
			return errors.New("nothing was changed")
		}
		fmt.Fprintln(std.err) // Ctrl-D, or /dev/null, which looks like a terminal
	}
	return errors.New("nothing was changed: there is nobody to ask; give --yes to go on without")
}
