import { type Browser, expect, type Page, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectKeyboard } from '../support/keyboard'
import { expectAccessible, expectNoSidewaysScroll, logIn, viewports } from '../support/pages'

/**
 * A walk along every link that each role can reach. Pages of the same kind, such as one deal
 * after the other, are looked at once: new pages are walked without a word here.
 */
test.describe.configure({ mode: 'default', timeout: 480_000 })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

const roles: Record<string, string | undefined> = {
  visitor: undefined,
  sponsor: 'sponsor@example.com',
  influencer: 'influencer@example.com',
  admin: 'admin@example.com',
}

const everyones = [
  '/account',
  '/account/notifications',
  '/account/security',
  '/deals/:id',
  '/i/:slug',
  '/notices',
  '/nowhere',
  '/reports',
]

/** The kinds of pages that each walk comes to at least. */
const expected: Record<string, string[]> = {
  visitor: ['/', '/login', '/register', '/forgot', '/nowhere'],
  sponsor: [
    ...everyones,
    '/deals',
    '/campaigns',
    '/campaigns/new',
    '/campaigns/:id',
    '/influencers',
    '/profile',
  ],
  influencer: [...everyones, '/deals', '/campaigns/:id', '/open', '/profile'],
  admin: [
    ...everyones,
    '/admin/audit',
    '/admin/campaigns',
    '/admin/campaigns/:id',
    '/admin/feed',
    '/admin/flags',
    '/admin/jobs',
    '/admin/mail',
    '/admin/rooms',
    '/admin/statistics',
    '/admin/users',
    '/admin/users/:id',
  ],
}

/**
 * Pages that are the same for everybody who is logged in, but for the navigation, which each
 * role's other pages show: the first role looks at them, the others only come there.
 */
const alike = new Set(['/account/security', '/i/:slug', '/notices', '/nowhere'])
const lookedAt = new Set<string>()

/** Where each walk begins, beside what the pages themselves link to. */
const beginnings = ['/', '/login', '/register', '/nowhere']

/** What a page is one of: its path with ids and names taken out. */
function kindOf(path: string): string {
  return path
    .replace(/[?#].*$/, '')
    .replace(/\/[0-7][0-9A-HJKMNP-TV-Z]{25}(?=\/|$)/g, '/:id')
    .replace(/^\/i\/[^/]+/, '/i/:slug')
}

/** Everything that goes wrong on a page without anybody clicking. */
function listen(page: Page): string[] {
  const wrong: string[] = []
  page.on('pageerror', (error) => wrong.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    // The walk keeps the worker out; pwa.spec.ts lets it in.
    if (message.text() === 'Service Worker registration blocked by Playwright') return
    // The browser reports an answer of 4xx by itself; which of them are wrong is seen below.
    if (message.text().startsWith('Failed to load resource')) return
    wrong.push(`console: ${message.text()}`)
  })
  page.on('response', (answer) => {
    const path = new URL(answer.url()).pathname
    if (answer.status() >= 400) wrong.push(`${answer.status()} ${answer.request().method()} ${path}`)
  })
  return wrong
}

async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
  await expect(page.locator('.placeholder')).toHaveCount(0)
}

/**
 * A page in both themes and at four widths, and by keyboard alone. Contrast depends on the
 * theme, layout on the width.
 */
async function look(page: Page, what: string): Promise<void> {
  await settled(page)
  expect.soft(await page.title(), `${what}: title`).toMatch(/\S · Parley$|^Parley$/)
  await expectAccessible(page, `${what}, light, phone`)
  for (const width of [320, 768]) {
    await page.setViewportSize({ width, height: 640 })
    await expectNoSidewaysScroll(page, `${what} at ${width} px`)
  }
  await page.setViewportSize(viewports.desk)
  await page.emulateMedia({ colorScheme: 'dark' })
  await settled(page)
  await expectAccessible(page, `${what}, dark, desk`)
  await expectKeyboard(page, what)
  await page.setViewportSize(viewports.phone)
  await page.emulateMedia({ colorScheme: 'light' })
}

async function linksOf(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLAnchorElement>('a[href]')]
      .filter((link) => link.origin === location.origin && !link.hasAttribute('download'))
      .map((link) => link.pathname + link.search),
  )
}

async function walk(browser: Browser, role: string) {
  const email = roles[role]
  const options = { colorScheme: 'light', viewport: viewports.phone } as const
  const page = email
    ? await logIn(browser, cluster.url(0), email, options)
    : await (await browser.newContext({ baseURL: cluster.url(0), ...options })).newPage()
  const wrong = listen(page)
  const waiting = [...beginnings]
  const seen = new Set<string>()
  const checked = new Set<string>()
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const kind = kindOf(path)
    if (seen.has(kind)) continue
    seen.add(kind)
    const what = `${role}: ${path}`
    if (/^\/(api|pictures|metrics)\//.test(path)) {
      // A file or a table to take away: it is there, that is all.
      expect.soft((await page.request.get(path)).ok(), what).toBe(true)
      continue
    }
    await page.goto(path)
    await settled(page)
    // Where one has ended up may have been looked at already.
    const here = kindOf(new URL(page.url()).pathname)
    if (!checked.has(here)) {
      checked.add(here)
      const seenBySome = email !== undefined && lookedAt.has(here)
      if (email !== undefined && alike.has(here)) lookedAt.add(here)
      if (!seenBySome) await look(page, what)
    }
    if (path !== '/nowhere') {
      await expect
        .soft(page.getByRole('heading', { name: 'Nothing here', exact: true }), `${what} leads nowhere`)
        .toHaveCount(0)
      await expect.soft(page.getByRole('heading', { name: 'Not for this account' }), what).toHaveCount(0)
    }
    expect.soft(wrong.splice(0), what).toEqual([])
    waiting.push(...(await linksOf(page)))
  }
  await page.context().close()
  return checked
}

for (const role of Object.keys(roles)) {
  test(`no link of a ${role} leads nowhere, and every page holds`, async ({ browser }) => {
    const pages = await walk(browser, role)
    expect([...pages], 'kinds of pages').toEqual(expect.arrayContaining(expected[role]!))
  })
}
