import { expect, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'
import { rest, ulid } from '../support/rooms'

/** Finding the other side: sponsors influencers, influencers campaigns. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

for (const [colorScheme, width] of [
  ['light', 'desk'],
  ['dark', 'phone'],
] as const) {
  test(`a sponsor finds three influencers and invites them at once: ${colorScheme}, ${width}`, async ({
    browser,
  }) => {
    const page = await logIn(browser, cluster.url(0), 'sponsor@example.com', {
      colorScheme,
      viewport: viewports[width],
    })
    const name = `Three at once ${ulid().slice(-5)}`
    const campaign = await rest(page, 'POST', '/api/campaigns', {
      name,
      starts_on: '2026-01-01',
      ends_on: '2099-12-31',
      budget: { amount: 920_000, currency: 'EUR' },
      visibility: 'private',
    })
    await page.goto('/influencers')
    const hits = page.getByRole('main').getByRole('article')
    await expect(hits.first()).toBeVisible()
    await expectAccessible(page, 'find influencers')

    // A filter is in the address; Back takes it away.
    const filters = page.getByRole('button', { name: /^Filters/ })
    if (width === 'phone') await filters.click()
    await page.getByRole('checkbox', { name: 'Accepts invitations' }).check()
    await page.getByLabel('Reach, at most').fill('500k')
    await page.getByLabel('Reach, at most').press('Tab')
    await expect(page).toHaveURL(/max_reach=500000/)
    await expect(page).toHaveURL(/accepts_invites=true/)
    if (width === 'phone') await page.getByRole('button', { name: 'Show results' }).click()
    await page.goBack()
    await expect(page).not.toHaveURL(/max_reach/)
    await page.goForward()
    await expect(page).toHaveURL(/max_reach=500000/)

    // As somebody who was given the address sees it.
    await page.reload()
    await expect(hits.first()).toBeVisible()
    for (let i = 0; i < 3; i++) await hits.nth(i).getByRole('checkbox').check()
    await expect(page.getByText('3 selected')).toBeVisible()
    await expectAccessible(page, 'a selection')
    await page.getByRole('button', { name: 'Invite 3' }).click()

    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Campaign').selectOption({ label: name })
    await dialog.getByLabel(/^Fee in/).fill('4000')
    await expect(dialog.getByText('The campaign’s budget covers 2 of these.')).toBeVisible()
    await expect(dialog.getByRole('button', { name: 'Send 3 invitations' })).toBeDisabled()
    await dialog.getByLabel(/^Fee in/).fill('1500')
    await expect(dialog.getByText('Holds €4,500 of €9,200 available')).toBeVisible()
    await dialog.getByLabel('Platform').selectOption('instagram')
    await dialog.getByLabel('Format').fill('reel')
    await expectAccessible(page, 'the invitation')
    await dialog.getByRole('button', { name: 'Send 3 invitations' }).click()
    await expect(dialog.getByRole('heading', { name: '3 invitations sent' })).toBeVisible()
    await expect(dialog.getByRole('link', { name: 'Open the negotiation' })).toHaveCount(3)
    await expectAccessible(page, 'what was sent')
    await dialog.getByRole('button', { name: 'Done' }).click()
    await expect(page.getByText('3 selected')).toBeHidden()
    const held = await rest(page, 'GET', `/api/campaigns/${String(campaign.id)}`)
    expect(held.held).toBe(450_000)
    await page.context().close()
  })

  test(`an influencer finds what was misspelt, saves the search and applies: ${colorScheme}, ${width}`, async ({
    browser,
  }) => {
    const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com')
    const brand = `Samsung ${colorScheme}`
    await rest(sponsor, 'POST', '/api/campaigns', {
      name: `${brand} launch`,
      description: 'Phones that fold.',
      category: 'tech',
      starts_on: '2026-01-01',
      ends_on: '2099-12-31',
      budget: { amount: 1_000_000, currency: 'EUR' },
      visibility: 'public',
    })
    await sponsor.context().close()

    const page = await logIn(browser, cluster.url(0), 'influencer@example.com', {
      colorScheme,
      viewport: viewports[width],
    })
    await page.goto('/open')
    const hits = page.getByRole('main').getByRole('article')
    await expect(hits.first()).toBeVisible()
    await expectAccessible(page, 'find campaigns')
    await page.getByRole('searchbox').pressSequentially(`samsng ${colorScheme}`)
    await expect(hits).toHaveCount(1)
    await expect(page).toHaveURL(/q=samsng/)
    await expect(hits.getByRole('heading')).toHaveText(`${brand} launch`)
    await expect(page.getByRole('button', { name: `samsung ${colorScheme}`, exact: true })).toBeVisible()

    const saved = `Phones ${colorScheme}`
    await page.getByRole('button', { name: 'Saved searches' }).click()
    await page.getByLabel('Name of the search').fill(saved)
    await page.getByRole('button', { name: 'Save this search' }).click()
    await expect(page.getByRole('link', { name: saved })).toBeVisible()
    await expectAccessible(page, 'saved searches')
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox').fill('nothing of this kind')
    await expect(page.getByRole('heading', { name: 'No campaign found' })).toBeVisible()
    await expectAccessible(page, 'nothing found')
    await page.getByRole('button', { name: 'Saved searches' }).click()
    await page.getByRole('link', { name: saved }).click()
    await expect(page.getByRole('searchbox')).toHaveValue(`samsng ${colorScheme}`)
    await expect(hits).toHaveCount(1)
    await page.getByRole('button', { name: 'Saved searches' }).click()
    await page.getByRole('button', { name: `Delete ${saved}` }).click()
    await expect(page.getByRole('link', { name: saved })).toBeHidden()
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: `Apply to ${brand} launch` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(/^Fee in/).fill('900')
    await dialog.getByLabel('Platform').selectOption('tiktok')
    await dialog.getByLabel('Format').fill('video')
    await dialog.getByRole('button', { name: 'Send application' }).click()
    await expect(page).toHaveURL(/\/deals\//)
    await page.goBack()
    await expect(page.getByRole('link', { name: 'Open your negotiation' })).toBeVisible()
    await page.context().close()
  })
}
