import { createHmac } from 'node:crypto'
import type { Browser, BrowserContextOptions, Page } from '@playwright/test'
import { rest, ulid } from './rooms'

/** Somebody who has just signed up, in a browser of their own. */
export interface Newcomer {
  page: Page
  email: string
  password: string
}

export async function signUp(
  browser: Browser,
  baseURL: string,
  role: 'sponsor' | 'influencer',
  options: BrowserContextOptions = {},
): Promise<Newcomer> {
  const context = await browser.newContext({ baseURL, ...options })
  const page = await context.newPage()
  const email = `new-${ulid().slice(-8).toLowerCase()}@example.com`
  const password = 'correct horse battery'
  await page.goto('/login')
  await rest(page, 'POST', '/api/auth/register', { role, email, password, name: 'Newly Here' })
  return { page, email, password }
}

/** The secret in the link of the newest mail of a kind to an address, as an admin reads it. */
export async function mailedSecret(admin: Page, kind: string, to: string): Promise<string> {
  const { items } = (await rest(admin, 'GET', `/api/admin/mail?q=${encodeURIComponent(to)}`)) as {
    items: { id: string; kind: string }[]
  }
  const sent = items.find((mail) => mail.kind === kind)
  if (!sent) throw new Error(`no mail of the kind ${kind} to ${to}`)
  const { text } = (await rest(admin, 'GET', `/api/admin/mail/${sent.id}`)) as { text: string }
  const link = /https?:\/\/\S+(\/\w+#\S+)/.exec(text)
  if (!link) throw new Error(`no link in ${text}`)
  return link[1]!
}

/** The code of RFC 6238 that an authenticator app shows for a secret in base 32. */
export function codeOf(secret: string, at: number): string {
  const bits = [...secret].map((char) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'),
  )
  const key = Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', key).update(step).digest()
  const from = mac.at(-1)! & 0xf
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
