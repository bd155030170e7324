// Package runnertest is the contract of digest.Runner, which every form of it passes.
package runnertest
