// Package housetest holds the rules of the house that no compiler checks: which
// package may import which, and that no file points outside the project. It
// has tests only.
package housetest
