// Package desk is what the packages share that write to people: it knows who they are
// and what they want (People), and signs and addresses letters (Desk.Address).
package desk
