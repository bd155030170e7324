// Package scale measures reads on a large market: a database that `parley seed
// --scale 100000` made, which PARLEY_BENCH_DATABASE names. It only reads.
package scale
