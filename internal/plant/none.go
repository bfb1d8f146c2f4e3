//go:build !keyreeve_plant

package plant

// Is reports whether the bug was planted.
func Is(string) bool { return false }
