package verify

import (
	"fmt"
	"strings"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Kinds is a set of kinds of keys that are let in somewhere. The zero value
// lets none in.
type Kinds uint8

// AnyKind lets every kind in.
const AnyKind Kinds = 1<<token.KindAdmin | 1<<token.KindProject | 1<<token.KindServiceAccount

// OnlyKind lets one kind in.
func OnlyKind(kind token.Kind) Kinds { return 1 << kind & AnyKind }

// ParseKinds reads kinds by their names, several with commas between: "admin",
// "project", "service_account". The empty text is [AnyKind].
func ParseKinds(text string) (Kinds, error) {
	if text == "" {
		return AnyKind, nil
	}
	var kinds Kinds
	for name := range strings.SplitSeq(text, ",") {
		kind := OnlyKind(kindNamed(name))
		if kind == 0 {
			return 0, fmt.Errorf("%q is not a kind of key: expected admin, project or service_account", name)
		}
		kinds |= kind
	}
	return kinds, nil
}

func kindNamed(name string) token.Kind {
	for _, kind := range []token.Kind{token.KindAdmin, token.KindProject, token.KindServiceAccount} {
		if name == kind.String() {
			return kind
		}
	}
	return token.KindUnknown
}

// Has reports whether kind is let in.
func (k Kinds) Has(kind token.Kind) bool { return k&(1<<kind) != 0 }
