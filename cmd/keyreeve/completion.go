package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown by keyreeve completion --help.
func (completionCmd) Help() string {
	return `Load it in the shell's start-up file:

  source <(keyreeve completion bash)   # in ~/.bashrc
  source <(keyreeve completion zsh)    # in ~/.zshrc, after compinit
  keyreeve completion fish | source    # in ~/.config/fish/config.fish`
}

func (c *completionCmd) Run(parser *kong.Kong, std streams) error {
	words := completionWords(parser.Model.Node)
	script := map[string]func([]completion) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	_, err := fmt.Fprint(std.out, script(words))
	return err
}

// completion is what may follow one sequence of commands.
type completion struct {
	path  string // "admin-keys list"; "" at the start
	words []word
}

type word struct{ text, help string }

// completionWords walks the command tree, so that the scripts cannot miss a
// command or a flag.
func completionWords(n *kong.Node) []completion {
	var out []completion
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		c := completion{path: strings.Join(path, " ")}
		for _, child := range n.Children {
			c.words = append(c.words, word{child.Name, child.Help})
		}
		for _, group := range n.AllFlags(true) {
			for _, f := range group {
				c.words = append(c.words, word{"--" + f.Name, f.Help})
			}
		}
		out = append(out, c)
		for _, child := range n.Children {
			walk(child, append(slices.Clone(path), child.Name))
		}
	}
	walk(n, nil)
	slices.SortFunc(out, func(a, b completion) int { return cmp.Compare(a.path, b.path) })
	return out
}

// The bash and zsh scripts find the commands typed so far and offer what may
// follow them; files complete as usual.
func bashCompletion(list []completion) string {
	return "_keyreeve() {\n" + pathFinder("${COMP_WORDS[@]:1:COMP_CWORD-1}") + cases(list) +
		"  COMPREPLY=($(compgen -W \"$offer\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _keyreeve keyreeve\n"
}

func zshCompletion(list []completion) string {
	return "#compdef keyreeve\n_keyreeve() {\n" + pathFinder("${words[@]:1:$((CURRENT-2))}") + cases(list) +
		"  compadd -- ${=offer}\n  _files\n}\ncompdef _keyreeve keyreeve\n"
}

func pathFinder(words string) string {
	return "  local at='' offer='' w\n  for w in \"" + words + "\"; do\n    case \"$w\" in -*) ;; *) at=\"${at:+$at }$w\" ;; esac\n  done\n"
}

func cases(list []completion) string {
	var b strings.Builder
	b.WriteString("  case \"$at\" in\n")
	// The longest path first: an argument behind a command still matches it.
	for _, c := range slices.Backward(list) {
		pattern := "'" + c.path + "'*"
		if c.path == "" {
			pattern = "*"
		}
		var texts []string
		for _, w := range c.words {
			texts = append(texts, w.text)
		}
		fmt.Fprintf(&b, "    %s) offer='%s' ;;\n", pattern, strings.Join(texts, " "))
	}
	b.WriteString("  esac\n")
	return b.String()
}

func fishCompletion(list []completion) string {
	var b strings.Builder
	b.WriteString("function __keyreeve_at\n  set -l at (string match -v -- '-*' (commandline -opc)[2..])\n  test \"$at\" = \"$argv\"\nend\n")
	for _, c := range list {
		for _, w := range c.words {
			option := "-a " + w.text
			if name, ok := strings.CutPrefix(w.text, "--"); ok {
				option = "-l " + name
			}
			fmt.Fprintf(&b, "complete -c keyreeve -n '__keyreeve_at %s' %s -d '%s'\n", c.path, option, strings.ReplaceAll(w.help, "'", "’"))
		}
	}
	return b.String()
}
