// Package slm holds nothing but the tests of the repository itself: which package may import which, what only some may call, how
// long a file may be. The program is in cmd/slm.
package slm
