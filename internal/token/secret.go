package token

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds the value of a key. Printed, logged or encoded in any way it
// shows its redacted form; only [Secret.Reveal] gives the value. The zero
// Secret holds none.
type Secret struct {
	_ [0]func() // not comparable: == would compare addresses

	// value is a pointer because fmt cannot call methods on an unexported
	// field of somebody's struct and prints what is in it: here, an address.
	value *string
}

// Reveal returns the value, "" where there is none. Call it only to hand the
// value to the person who asked for the key.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether s holds no value.
func (s Secret) IsZero() bool { return s.value == nil }

// Kind returns the kind of the key, [KindUnknown] where there is none.
func (s Secret) Kind() Kind { return kindOf(s.Reveal()) }

// Digest returns the SHA-256 of the value.
func (s Secret) Digest() Digest { return Sum(s.Reveal()) }

// Redacted returns the form that is stored and shown in lists, as [Redact].
func (s Secret) Redacted() string { return Redact(s.Reveal()) }

// String returns the redacted form.
func (s Secret) String() string { return s.Redacted() }

// GoString returns the redacted form.
func (s Secret) GoString() string { return s.Redacted() }

// LogValue returns the redacted form.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.Redacted()) }

// MarshalText returns the redacted form, which is what JSON then shows too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Redacted()), nil }

// Format writes the redacted form whatever the verb: without it %x and %d
// would look inside.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.Redacted()) }
