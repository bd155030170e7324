import { SECTIONS, type Delivery, type RoomEvent, type RoomSnapshot, type Side } from '../protocol'

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
  // Who writes has seen what was there before.
  const { side } = event.by
  if (side === 'sponsor' || side === 'influencer') next.seen = { ...room.seen, [side]: event.seq }
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
    case 'accepted': {
      const kept = new Set(event.data.kept)
      next.deal = room.standing
      next.standing = null
      next.status = 'agreed'
      next.deliveries = (room.standing?.terms.deliverables ?? []).map((_, i) =>
        kept.has(i) && room.deliveries[i] ? room.deliveries[i] : { state: 'open' },
      )
      // The allowance of offers is for what lies between two deals.
      next.offers = { ...room.offers, sponsor: 0, influencer: 0 }
      break
    }
    case 'declined':
      next.standing = null
      // Without its amendment a deal stays what it was.
      if (room.deal) break
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
    case 'delivered': {
      const { deliverable, links, note } = event.data
      next.deliveries = changed(room, deliverable, ({ returns, reason }) => ({
        state: 'delivered',
        seq: event.seq,
        at: event.at,
        links,
        ...(note && { note }),
        ...(returns && { returns }),
        ...(reason && { reason }),
      }))
      break
    }
    case 'confirmed':
      next.deliveries = changed(room, event.data.deliverable, (before) => ({
        ...before,
        state: 'confirmed',
        at: event.at,
      }))
      break
    case 'returned': {
      const { deliverable, reason } = event.data
      next.deliveries = changed(room, deliverable, (before) => ({
        ...before,
        state: 'returned',
        at: event.at,
        reason,
        returns: (before.returns ?? 0) + 1,
      }))
      break
    }
    case 'completed':
      next.standing = null
      next.status = 'completed'
      break
    case 'closed':
      next.standing = null
      next.status = 'closed'
      next.close_reason = event.data.reason
      next.ended_by = event.by.side
      break
  }
  next.turn = turnOf(next)
  return next
}

function changed(room: RoomSnapshot, place: number, change: (before: Delivery) => Delivery): Delivery[] {
  return room.deliveries.map((delivery, i) => (i === place ? change(delivery) : delivery))
}

/** Who is to act: answer the standing offer or, where a deal is in force, deliver or confirm. */
function turnOf(room: RoomSnapshot): Side | '' {
  if (room.frozen) return ''
  if (room.standing) return otherSide(room.standing.author)
  if (room.status !== 'agreed') return ''
  return room.deliveries.some(({ state }) => state === 'delivered') ? 'sponsor' : 'influencer'
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

/** Whether offers can be put: for a deal, or to amend the one that is in force. */
const bargains = (room: RoomSnapshot): boolean => isOpen(room) || room.status === 'agreed'

export interface Moves {
  offer: boolean
  counter: boolean
  accept: boolean
  decline: boolean
  withdraw: boolean
  cancel: boolean
  reopen: boolean
  message: boolean
  deliver: boolean
  /** Confirm what was delivered, or send it back. */
  judge: boolean
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
    deliver: false,
    judge: false,
  }
  if (!side || room.frozen) return none
  const open = isOpen(room)
  const bargain = bargains(room)
  const standing = room.standing
  const valid = standing !== null && now < Date.parse(standing.expires_at)
  const theirs = valid && standing.author !== side
  const left = room.offers[side] < room.offers.limit
  return {
    // An offer whose time has passed stands in the way no more, but for an unanswered
    // request, which then has ended.
    offer:
      bargain &&
      left &&
      (standing === null || (!valid && (room.status === 'negotiating' || room.status === 'agreed'))) &&
      (open || now < Date.parse(room.campaign.ends_at)),
    counter: bargain && left && theirs,
    accept: bargain && theirs,
    decline: bargain && (theirs || (open && standing === null)),
    withdraw: bargain && valid && standing.author === side,
    cancel: open && room.opened_by === side,
    reopen:
      (room.status === 'declined' || room.status === 'withdrawn' || room.status === 'expired') &&
      room.ended_by === side,
    message: !isEnded(room),
    deliver: room.status === 'agreed' && side === 'influencer',
    judge: room.status === 'agreed' && side === 'sponsor',
  }
}
