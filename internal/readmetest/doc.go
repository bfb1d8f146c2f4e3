// Package readmetest runs the session of the README and compares what is
// printed there with what is printed now. It also follows the links of all pages.
package readmetest
