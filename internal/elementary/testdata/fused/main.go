// Program fused has a product and a sum that the compiler fuses where it can: fused_test.go must find it.
package main

import "os"

func main() { os.Exit(int(sum(float64(len(os.Args)), 2, 3))) }

//go:noinline
func sum(x, y, z float64) float64 { return x*y + z }
