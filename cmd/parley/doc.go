// Command parley is the whole of Parley in one binary: the server, its tools
// for operators, and the load generator. It holds configuration and wiring only:
// which form of each port runs, and the order in which the parts start and stop.
package main
