// Package plan adds what is due by the clock: a job a person and day, week or month.
//
// When a period is due is a pure question of a zone, an hour and an instant (Due). It is
// asked for a local day, not by adding hours: a day of 23 or 25 hours has one evening
// like every other, and an hour that the clock leaves out begins when it goes on. A
// period stays due for a while after its hour, so that a server that was down for an
// evening catches up; it is named by its local day, so that asking again changes
// nothing.
//
// The Planner asks for each zone and hour that anybody has, and adds the jobs of all who
// are there with statements over sets, a thousand users a transaction. A mark says up to
// which period a group is done, so that a pass costs nothing while nothing is due. Any
// number of planners may run at once: a job's name is unique.
package plan
