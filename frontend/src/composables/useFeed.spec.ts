import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api } from '@/services/api'
import type { FeedItem } from '@/services/protocol'
import { event } from '@/services/room/fixtures'
import type { TopicHandlers } from '@/services/socket/topic'
import { useLive } from '@/stores/live'
import { FEED_CAP, useFeed } from './useFeed'
import { freshStores, withSetup } from './withSetup'

let handlers: TopicHandlers
let end: () => void

const item = (seq: number): FeedItem => ({
  seq,
  type: 'event',
  data: event(1, { type: 'message', data: { text: 'x' } }),
  context: { campaign: 'c', sponsor: 's', influencer: 'i' },
})
const page = (items: FeedItem[], head: number, searched = items[0]?.seq ?? 1) => ({
  items,
  head,
  searched,
  rooms: [],
})
const live = (from: number, to: number): void => {
  for (let seq = from; seq <= to; seq++) {
    handlers.event!({ topic: 'feed', epoch: 'e', ...item(seq) } as never)
  }
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => item(from + i))

async function open(from = 100, older = range(1, 100)) {
  const list = vi.spyOn(api, 'feed').mockResolvedValueOnce(page(older, from))
  const made = withSetup(() => useFeed())
  end = made.end
  handlers.joined!({ topic: 'feed', seq: from, from, epoch: 'e' }, true)
  await flushPromises()
  return { feed: made.result, list }
}
const paint = () => vi.advanceTimersByTime(250)

beforeEach(() => {
  vi.spyOn(api, 'feedRooms').mockResolvedValue({ items: [] })
  vi.useFakeTimers()
  freshStores()
  vi.spyOn(useLive(), 'join').mockImplementation((_topic, given) => {
    handlers = given
    return () => {}
  })
})
afterEach(() => {
  end()
  vi.useRealTimers()
})

describe('useFeed', () => {
  it('is filled when it opens, newest first', async () => {
    const { feed, list } = await open()
    expect(list).toHaveBeenCalledWith({ before: 101, limit: 100 })
    expect(feed.rows.value[0]!.seq).toBe(100)
    expect(feed.rows.value).toHaveLength(100)
  })

  it('paints in batches', async () => {
    const { feed } = await open()
    live(101, 150)
    expect(feed.rows.value).toHaveLength(100)
    paint()
    expect(feed.rows.value.map((row) => row.seq).slice(0, 2)).toEqual([150, 149])
  })

  it('counts what comes while paused, and shows it on resume', async () => {
    const { feed } = await open()
    feed.setPaused(true)
    live(101, 107)
    paint()
    expect(feed.rows.value).toHaveLength(100)
    expect(feed.waiting.value).toBe(7)
    feed.setPaused(false)
    expect(feed.rows.value[0]!.seq).toBe(107)
    expect(feed.waiting.value).toBe(0)
  })

  it('keeps at most the cap and says so', async () => {
    const { feed } = await open()
    live(101, 100 + FEED_CAP)
    paint()
    expect(feed.rows.value).toHaveLength(FEED_CAP)
    expect(feed.rows.value[0]!.seq).toBe(100 + FEED_CAP)
    expect(feed.trimmed.value).toBe(true)
  })

  it('a long pause does not grow without end', async () => {
    const { feed } = await open()
    feed.setPaused(true)
    for (let i = 0; i < 4; i++) {
      live(101 + i * FEED_CAP, 100 + (i + 1) * FEED_CAP)
      paint()
    }
    expect(feed.waiting.value).toBe(FEED_CAP)
    feed.setPaused(false)
    expect(feed.rows.value).toHaveLength(FEED_CAP)
    expect(feed.rows.value[0]!.seq).toBe(100 + 4 * FEED_CAP)
    expect(feed.trimmed.value).toBe(true)
  })

  it('older pages are added below', async () => {
    const { feed, list } = await open(300, range(201, 300))
    expect(feed.hasOlder.value).toBe(true)
    list.mockResolvedValueOnce(page(range(1, 200), 300))
    await feed.loadOlder()
    expect(feed.rows.value).toHaveLength(300)
    expect(feed.hasOlder.value).toBe(false)
  })

  it('the rate counts live events only', async () => {
    vi.spyOn(api, 'feed').mockResolvedValueOnce(page([], 0))
    const made = withSetup(() => useFeed())
    end = made.end
    handlers.joined!({ topic: 'feed', seq: 50, from: 0, epoch: 'e' }, true)
    live(1, 60)
    paint()
    expect(made.result.rate.value).toBe(2)
    vi.advanceTimersByTime(6_000)
    expect(made.result.rate.value).toBe(0)
  })

  it('a filter looks back by the server and chooses live events itself', async () => {
    const { feed, list } = await open()
    live(101, 101)
    list.mockResolvedValueOnce(page([item(40)], 101, 30)).mockResolvedValueOnce(page([], 101, 1))
    feed.setFilter({ type: 'message', campaign: 'c', user: 's' })
    expect(feed.rows.value).toEqual([])
    await flushPromises()
    expect(list).toHaveBeenCalledWith({ before: 102, limit: 100, type: 'message', campaign: 'c', user: 's' })
    expect(list).toHaveBeenLastCalledWith({
      before: 30,
      limit: 99,
      type: 'message',
      campaign: 'c',
      user: 's',
    })
    expect(feed.hasOlder.value).toBe(false)
    live(102, 102)
    handlers.event!({
      topic: 'feed',
      epoch: 'e',
      ...item(103),
      context: { campaign: 'x', sponsor: 's', influencer: 'i' },
    } as never)
    paint()
    expect(feed.rows.value.map((row) => row.seq)).toEqual([102, 40])
  })

  it('a search that finds nothing gives up after a while and can go on', async () => {
    const { feed, list } = await open(90_000, [])
    list.mockReset()
    list.mockImplementation((query) => Promise.resolve(page([], 90_000, query.before! - 10_000)))
    feed.setFilter({ type: 'closed', campaign: '', user: '' })
    await flushPromises()
    expect(list).toHaveBeenCalledTimes(3)
    expect(feed.searched.value).toBe(60_001)
    expect(feed.hasOlder.value).toBe(true)
    await feed.loadOlder()
    expect(feed.searched.value).toBe(30_001)
  })

  it('ten thousand events at once stay a bounded page', async () => {
    const { feed } = await open()
    live(101, 10_100)
    paint()
    expect(feed.rows.value).toHaveLength(FEED_CAP)
    expect(feed.rows.value[0]!.seq).toBe(10_100)
  })

  it('a reset starts over', async () => {
    const { feed, list } = await open()
    list.mockResolvedValueOnce(page([], 0))
    handlers.joined!({ topic: 'feed', seq: 0, from: 0, epoch: 'e2', reset: true }, true)
    await flushPromises()
    expect(feed.rows.value).toEqual([])
  })
})
