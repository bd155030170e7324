import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  expect,
  type Page,
} from '@playwright/test'
import axe from 'axe-core'

/** The password of every account of the demo data. */
export const password = 'parley-demo'

export const viewports = {
  phone: { width: 390, height: 844 },
  desk: { width: 1440, height: 900 },
} as const

/** The sessions that this worker has, by server and account. */
const sessions = new Map<string, Awaited<ReturnType<BrowserContext['storageState']>>>()

/**
 * A page of its own, logged in. The first time for an account somebody types the password;
 * later contexts take over the same session, as a further window would.
 */
export async function logIn(
  browser: Browser,
  baseURL: string,
  email: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const key = `${baseURL} ${email}`
  const storageState = sessions.get(key)
  const context = await browser.newContext({ baseURL, ...(storageState && { storageState }), ...options })
  const page = await context.newPage()
  await page.goto('/login')
  if (!storageState) {
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Log in' }).click()
  }
  await expect(page).not.toHaveURL(/login/)
  sessions.set(key, await context.storageState())
  return page
}

/** What axe looks at: only findings are of interest, and what passes costs most of the time. */
const audit: axe.RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
}

/** No finding of axe, and nothing that scrolls sideways. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  // It stays until the page is loaded anew. There are no frames to bring it into.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  const violations = await page.evaluate(async (options) => {
    // A theme or a dialog that has just changed is judged when its colours have come to rest.
    // What follows the window does so in the next frame; what turns forever is not waited for.
    const frame = () => new Promise((done) => requestAnimationFrame(done))
    const moving = () =>
      document
        .getAnimations()
        .filter((each) => each.playState === 'running')
        .filter((each) => Number.isFinite(each.effect?.getComputedTiming().endTime))
    await frame()
    await frame()
    for (let some = moving(); some.length > 0; some = moving()) {
      await Promise.allSettled(some.map((each) => each.finished))
    }
    return (await (window as unknown as { axe: typeof axe }).axe.run(document, options)).violations
  }, audit)
  const found = violations.map(
    (violation) =>
      `${violation.id}: ${violation.nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`,
  )
  // Soft: one run shows every finding.
  expect.soft(found, what).toEqual([])
  await expectNoSidewaysScroll(page, what)
}

export async function expectNoSidewaysScroll(page: Page, what: string): Promise<void> {
  // What follows the window's size does so in a frame of its own.
  await expect
    .configure({ soft: true })
    .poll(
      () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      { message: `${what} scrolls sideways` },
    )
    .toBeLessThanOrEqual(0)
}

/** Must be called before the page loads; see layoutShift. */
export async function observeLayoutShift(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const shifts = { total: 0 }
    ;(window as unknown as { shifts: typeof shifts }).shifts = shifts
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number
        hadRecentInput: boolean
      })[]) {
        if (!entry.hadRecentInput) shifts.total += entry.value
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
}

export const layoutShift = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { shifts: { total: number } }).shifts.total)
