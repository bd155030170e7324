// Package preferences keeps what people want to be told, at which hour of which zone,
// and where to. Who never said so has the defaults and no row.
//
// It also answers the planner's question, whose evening it is (Group), and signs the
// links by which mails of a topic are ended without logging in (Signer).
package preferences
