//go:build !keyreeve_plant

package plant

import "time"

// Is reports whether the bug was planted.
func Is(string) bool { return false }

// Pause does nothing.
func Pause(time.Duration) {}
