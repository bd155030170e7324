// Package deals tells the parties of a deal in force what the other one has done:
// a deliverable was marked done, sent back or confirmed, an amendment was offered or
// agreed, the deal is completed. Tell writes the notice in the transaction of the
// event, so that neither is without the other; commands in rooms without a deal never
// come here.
package deals
