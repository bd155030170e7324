import { expect, type Page, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import {
  expectAccessible,
  expectNoSidewaysScroll,
  layoutShift,
  logIn,
  observeLayoutShift,
  viewports,
} from '../support/pages'

/**
 * What opens on the pages, in both themes and at both widths, has no finding of axe and holds
 * still; the pages themselves are seen on the walk of crawl.spec.ts. Contrast depends on the
 * theme and layout on the width, so dialogs and errors are seen in two of the four ways and the
 * room, the richest page, in all.
 */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

const openRoom = async (page: Page): Promise<void> => {
  await page.goto('/deals?show=mine')
  // A turn may also be a deal to be kept; this is one to negotiate.
  const turns = page.getByRole('main').getByRole('listitem').filter({ hasText: 'Your turn' })
  await turns.first().getByRole('link').click()
  await expect(page.getByRole('log')).toBeVisible()
}

for (const [colorScheme, width] of [
  ['light', 'phone'],
  ['dark', 'desk'],
] as const) {
  test(`axe finds nothing in dialogs and errors: ${colorScheme}, ${width}`, async ({ browser }) => {
    const options = { colorScheme, viewport: viewports[width] }
    const url = cluster.url(0)

    const guest = await (await browser.newContext({ baseURL: url, ...options })).newPage()
    await guest.goto('/register')
    await guest.getByRole('button', { name: 'Create account' }).click()
    await expectAccessible(guest, '/register with errors')
    await guest.context().close()

    const sponsor = await logIn(browser, url, 'sponsor@example.com', options)
    await openRoom(sponsor)
    await expectAccessible(sponsor, 'room')
    await sponsor.getByRole('button', { name: 'Accept', exact: true }).click()
    await expectAccessible(sponsor, 'accept dialog')
    await sponsor.keyboard.press('Escape')
    await sponsor.getByRole('button', { name: 'Decline', exact: true }).click()
    await sponsor.getByRole('dialog').getByRole('button', { name: 'Decline' }).click()
    await expectAccessible(sponsor, 'decline dialog with an error')
    await sponsor.keyboard.press('Escape')
    await sponsor.getByRole('button', { name: 'Counter', exact: true }).click()
    await sponsor.getByLabel(/^Fee in/).fill('many')
    await sponsor.getByRole('button', { name: 'Send counter' }).click()
    await expectAccessible(sponsor, 'composer with an error')
    await sponsor.keyboard.press('Escape')
    await sponsor.goto('/campaigns')
    await sponsor.getByRole('main').locator('li h3 a').first().click()
    await sponsor.getByRole('button', { name: 'Invite an influencer' }).first().click()
    await expect(sponsor.getByRole('dialog').getByRole('listitem').first()).toBeVisible()
    await expect(sponsor.getByRole('dialog').getByText(/^€[\d,.]+ available$/)).toBeVisible()
    await sponsor.getByLabel(/^Fee in/).fill('500')
    await expect(sponsor.getByRole('dialog').getByText(/^Holds €500 of €/)).toBeVisible()
    await expectAccessible(sponsor, 'invitation')
    await sponsor.goto('/admin/feed')
    await expect(sponsor.getByRole('heading', { name: 'Not for this account' })).toBeVisible()
    await expectAccessible(sponsor, 'forbidden')
    await sponsor.context().close()
  })
}

for (const [colorScheme, width] of [
  ['light', 'desk'],
  ['dark', 'phone'],
] as const) {
  test(`axe finds nothing in the room: ${colorScheme}, ${width}`, async ({ browser }) => {
    const options = { colorScheme, viewport: viewports[width] }
    const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com', options)
    await openRoom(sponsor)
    await expectAccessible(sponsor, 'room')
    await sponsor.getByRole('button', { name: 'Counter', exact: true }).click()
    await expectAccessible(sponsor, 'composer')
    await sponsor.context().close()
  })
}

test('the room does not scroll sideways at 320 px', async ({ browser }) => {
  const options = { viewport: { width: 320, height: 640 } }
  const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com', options)
  await openRoom(sponsor)
  await expectNoSidewaysScroll(sponsor, 'room')
  await sponsor.getByRole('button', { name: 'Counter', exact: true }).click()
  await expectNoSidewaysScroll(sponsor, 'composer')
  const inner = await sponsor
    .locator('.modal-main')
    .evaluate((element) => element.scrollWidth - element.clientWidth)
  expect(inner).toBeLessThanOrEqual(0)
  await sponsor.context().close()
})

test('a populated room and the list hold still while they load', async ({ browser }) => {
  for (const viewport of Object.values(viewports)) {
    const page = await logIn(browser, cluster.url(0), 'sponsor@example.com', { viewport })
    await observeLayoutShift(page)
    await page.goto('/deals')
    await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible()
    await page.evaluate(() => document.fonts.ready)
    expect(await layoutShift(page)).toBeLessThanOrEqual(0.02)
    await openRoom(page)
    await page.reload()
    await expect(page.getByRole('log').getByRole('article').last()).toBeVisible()
    await expect(page.getByTestId('standing-fee')).toBeVisible()
    await page.evaluate(() => document.fonts.ready)
    expect(await layoutShift(page)).toBeLessThanOrEqual(0.02)
    await page.context().close()
  }
})
