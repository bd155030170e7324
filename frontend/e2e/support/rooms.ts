import type { Page } from '@playwright/test'

type Json = Record<string, unknown>

let count = 0
/** A fresh ULID: the time does not matter, only that no two are the same. */
export function ulid(): string {
  count += 1
  const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  let rest = Date.now() * 1_000 + count
  let text = ''
  for (let i = 0; i < 11; i++) {
    text = digits[rest % 32]! + text
    rest = Math.floor(rest / 32)
  }
  return `01JD${text.padStart(22, '0')}`
}

/** A request with the session of a page. */
export async function rest(page: Page, method: string, path: string, body?: Json): Promise<Json> {
  return await page.evaluate(
    async ([verb, url, content]) => {
      const answer = await fetch(url as string, {
        method: verb as string,
        headers: { 'content-type': 'application/json' },
        body: content === undefined ? undefined : JSON.stringify(content),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${verb as string} ${url as string}: ${answer.status} ${text}`)
      return (text ? JSON.parse(text) : {}) as Record<string, unknown>
    },
    [method, path, body] as const,
  )
}

export const terms = (amount: number, more: Json = {}): Json => ({
  fee: { amount, currency: 'EUR' },
  deliverables: [{ platform: 'instagram', format: 'reel', quantity: 1 }],
  ...more,
})

export const command = (page: Page, room: string, body: Json): Promise<Json> =>
  rest(page, 'POST', `/api/rooms/${room}/commands`, { id: ulid(), ...body })

/** A new campaign of the sponsor, and an invitation in it: a room of its own for each test. */
export async function newRoom(sponsor: Page, influencer: string, offer: Json): Promise<string> {
  const campaign = await rest(sponsor, 'POST', '/api/campaigns', {
    name: `Test ${ulid().slice(-6)}`,
    starts_on: '2026-01-01',
    ends_on: '2099-12-31',
    budget: { amount: 1_000_000, currency: 'EUR' },
    visibility: 'private',
  })
  const people = await rest(sponsor, 'GET', `/api/influencers?q=${encodeURIComponent(influencer)}`)
  const [person] = people.items as { id: string }[]
  if (!person) throw new Error(`nobody is called ${influencer}`)
  const opened = await rest(sponsor, 'POST', `/api/campaigns/${String(campaign.id)}/invitations`, {
    id: ulid(),
    influencer: person.id,
    terms: offer,
  })
  return String(opened.room)
}
