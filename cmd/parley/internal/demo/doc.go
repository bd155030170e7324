// Package demo fills a store with a small market and plays the counterparties
// in it, so that one person alone sees a negotiation move.
//
// Seed writes sponsors, influencers, campaigns and some weeks of negotiations
// through the store's own commands under a clock that it moves, so the log of a
// demo is as valid as any other. Cast then logs the counterparties in as real
// clients of the running server; each answers by Persona, a plain scripted
// policy, and keeps its deals: delivers, or confirms. Whom a person plays is left alone.
package demo
