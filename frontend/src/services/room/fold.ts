import { SECTIONS, type RoomEvent, type RoomSnapshot, type Side } from '../protocol'

export const otherSide = (side: Side): Side => (side === 'sponsor' ? 'influencer' : 'sponsor')

/**
 * The room after the next event. It follows the server's own fold, so a client that has read
 * every event knows what the next snapshot would say. The input is not changed.
 *
 * An event that is not the next one is refused by an error: the socket must not let it come.
 */
export function foldEvent(room: RoomSnapshot, event: RoomEvent): RoomSnapshot {
  if (event.seq !== room.seq + 1) {
    throw new Error(`room ${room.room}: event ${event.seq} follows event ${room.seq}`)
  }
  const next: RoomSnapshot = { ...room, seq: event.seq }
  switch (event.type) {
    case 'opened':
      next.status = event.data.status
      next.opened_by = event.by.side as Side
      next.offers = { ...room.offers, limit: event.data.limit }
      break
    case 'offer': {
      const { author, terms } = event.data
      next.standing = event.data
      next.offers = { ...room.offers, [author]: room.offers[author] + 1 }
      next.section_authors = { ...room.section_authors }
      for (const section of SECTIONS) {
        if (isSet(terms[section])) next.section_authors[section] ??= author
      }
      // The opener's own offers leave a request unanswered; the other side's first offer
      // makes it a negotiation.
      if ((room.status === 'invited' || room.status === 'applied') && author !== room.opened_by) {
        next.status = 'negotiating'
      }
      break
    }
    case 'accepted':
      next.deal = room.standing
      next.standing = null
      next.status = 'agreed'
      break
    case 'declined':
      next.standing = null
      next.status = 'declined'
      next.ended_by = event.by.side
      break
    case 'withdrawn':
      next.standing = null
      break
    case 'cancelled':
      next.standing = null
      next.status = 'withdrawn'
      next.ended_by = event.by.side
      break
    case 'reopened':
      next.status = event.data.status
      next.ended_by = ''
      break
    case 'expired':
      next.standing = null
      next.status = event.data.status
      if (event.data.status === 'expired') next.ended_by = room.opened_by
      break
    case 'message':
      break
    case 'frozen':
      next.frozen = true
      break
    case 'unfrozen':
      next.frozen = event.data.frozen
      if (event.data.expires_at && room.standing) {
        next.standing = { ...room.standing, expires_at: event.data.expires_at }
      }
      break
    case 'closed':
      next.standing = null
      next.status = 'closed'
      next.close_reason = event.data.reason
      next.ended_by = event.by.side
      break
  }
  next.turn = next.frozen || !next.standing ? '' : otherSide(next.standing.author)
  return next
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false
  return !Array.isArray(value) || value.length > 0
}

export const isOpen = (room: RoomSnapshot): boolean =>
  room.status === 'invited' || room.status === 'applied' || room.status === 'negotiating'

export const isEnded = (room: RoomSnapshot): boolean =>
  room.status === 'declined' ||
  room.status === 'withdrawn' ||
  room.status === 'expired' ||
  room.status === 'closed'

export interface Moves {
  offer: boolean
  counter: boolean
  accept: boolean
  decline: boolean
  withdraw: boolean
  cancel: boolean
  reopen: boolean
  message: boolean
}

/**
 * What a side may do now, by the rules the server will hold. It decides only which buttons
 * are shown; the server decides.
 */
export function movesOf(room: RoomSnapshot, side: Side | undefined, now: number): Moves {
  const none: Moves = {
    offer: false,
    counter: false,
    accept: false,
    decline: false,
    withdraw: false,
    cancel: false,
    reopen: false,
    message: false,
  }
  if (!side || room.frozen) return none
  const open = isOpen(room)
  const standing = room.standing
  const valid = standing !== null && now < Date.parse(standing.expires_at)
  const theirs = valid && standing.author !== side
  const left = room.offers[side] < room.offers.limit
  return {
    // An offer whose time has passed stands in the way no more, but for an unanswered
    // request, which then has ended.
    offer: open && left && (standing === null || (!valid && room.status === 'negotiating')),
    counter: open && left && theirs,
    accept: open && theirs,
    decline: open && (theirs || standing === null),
    withdraw: open && valid && standing.author === side,
    cancel: open && room.opened_by === side,
    reopen:
      (room.status === 'declined' || room.status === 'withdrawn' || room.status === 'expired') &&
      room.ended_by === side,
    message: !isEnded(room),
  }
}
