// Package housetest holds the rules of the house that no compiler checks: which
// package may import which, that every operation of the contract is served or
// listed as not yet served, and that no file points outside the project. It
// has tests only.
package housetest
