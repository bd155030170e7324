// Package cache keeps answers that are read much more often than they change, for a
// short time: in the process, or in a Redis that all instances share.
//
// # What is promised
//
//   - Nobody sees what was made for somebody else: a Key can only be made for an
//     Audience, and one without is never kept.
//   - Concurrent misses of a key load once. The load belongs to nobody who waits for
//     it: who goes away takes nothing from the others.
//   - After Invalidate has returned, no instance answers with what was loaded before.
//     Every space has a version, which Invalidate changes; a value is kept together
//     with the version that was current before its load began, and counts only as long
//     as that is still the current one. A load that a change overtakes is thus never
//     taken for newer than it is.
//   - A backend that fails costs time, not answers: the value is loaded. A version that
//     could not be changed is changed before the next read; until then, at worst until
//     the space's lifetime ends, other instances may answer with what they had.
//
// A Cache is safe for concurrent use. Close waits for the loads under way.
package cache
