import { expect, test, type Page } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'
import { command, rest, newRoom, terms } from '../support/rooms'

let cluster: Cluster
test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})
test.afterAll(async () => {
  await cluster.stop()
})

const heldOf = (page: Page) => page.getByRole('img', { name: /on offer/ }).first()

test('an offer in another window moves the bar of the campaign', async ({ browser }) => {
  const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com')
  const room = await newRoom(sponsor, 'slow.mornings', terms(100_000))
  const list = await rest(sponsor, 'GET', '/api/campaigns?limit=1')
  const [campaign] = list.items as { id: string }[]
  await sponsor.goto(`/campaigns/${campaign!.id}`)
  await expect(heldOf(sponsor)).toHaveAccessibleName(/€1,000.* on offer/)
  await expect(sponsor.getByRole('link', { name: /Their turn 1/ })).toBeVisible()

  const influencer = await logIn(browser, cluster.url(0), 'influencer@example.com')
  await command(influencer, room, {
    type: 'counter',
    offer_seq: 2,
    terms: { fee: { amount: 150_000, currency: 'EUR' } },
  })
  await expect(heldOf(sponsor)).toHaveAccessibleName(/€0.* on offer/)
  await expect(sponsor.getByRole('link', { name: /Your turn 1/ })).toHaveAttribute(
    'href',
    `/deals?campaign=${campaign!.id}&turn=mine`,
  )
  for (const [name, show] of [
    ['Committed: €0', 'accepted'],
    ['On offer: €0', 'pending'],
  ] as const) {
    await expect(sponsor.getByRole('link', { name })).toHaveAttribute(
      'href',
      `/deals?campaign=${campaign!.id}&show=${show}`,
    )
  }
  await sponsor.getByRole('button', { name: /View as table/ }).click()
  await expect(sponsor.getByRole('row', { name: 'Negotiating 1' })).toBeVisible()

  // A deal's deliverables count as they are done, and the number leads to its room.
  const { standing } = (await rest(sponsor, 'GET', `/api/rooms/${room}`)) as {
    standing: { seq: number; terms_hash: string }
  }
  await command(sponsor, room, {
    type: 'accept',
    offer_seq: standing.seq,
    terms_hash: standing.terms_hash,
  })
  await command(influencer, room, {
    type: 'deliver',
    deal_seq: standing.seq,
    deliverable: 0,
    links: ['https://example.com/reel'],
  })
  await sponsor.getByRole('link', { name: /To be confirmed 1/ }).click()
  await expect(sponsor).toHaveURL(/deliverables=to_confirm/)
  await expect(sponsor.locator(`a[href="/deals/${room}"]`)).toBeVisible()
  await sponsor.getByRole('link', { name: 'Notices, 1 unread' }).click()
  await sponsor.getByRole('link', { name: /has done deliverable 1 of 1/ }).click()
  await expect(sponsor).toHaveURL(new RegExp(`/deals/${room}`))
})

for (const [device, colorScheme] of [
  ['phone', 'dark'],
  ['desk', 'light'],
] as const) {
  test(`overview, tracking and statistics hold on a ${device}, ${colorScheme}`, async ({ browser }) => {
    const options = { viewport: viewports[device], colorScheme }
    const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com', options)
    await sponsor.goto('/campaigns')
    await expect(sponsor.getByRole('heading', { name: 'What waits' })).toBeVisible()
    await expectAccessible(sponsor, 'overview')
    const budgets = sponsor.getByRole('region', { name: 'Budgets' })
    await expect(budgets.getByRole('link', { name: /^Committed/ }).first()).toHaveAttribute(
      'href',
      /\/deals\?currency=[A-Z]{3}&show=accepted$/,
    )
    const overview = await rest(sponsor, 'GET', '/api/overview')
    const [next] = overview.expiries as { campaign: { id: string } }[]
    await sponsor.goto(`/campaigns/${next!.campaign.id}`)
    await expect(sponsor.getByRole('heading', { name: 'Ad requests by state' })).toBeVisible()
    await expectAccessible(sponsor, 'tracking')
    await expect(sponsor.getByRole('button', { name: 'Invite an influencer' })).toBeVisible()

    // What has ended says so, and invites nobody.
    const { items } = (await rest(sponsor, 'GET', '/api/campaigns?limit=100')) as {
      items: { id: string; ends_at: string }[]
    }
    const ended = items.find((one) => Date.parse(one.ends_at) < Date.now())!
    await sponsor.goto(`/campaigns/${ended.id}`)
    await expect(sponsor.getByText('This campaign has ended: nobody can be invited')).toBeVisible()
    await expect(sponsor.getByRole('button', { name: 'Invite an influencer' })).toBeHidden()
    await expectAccessible(sponsor, 'an ended campaign')

    const admin = await logIn(browser, cluster.url(0), 'admin@example.com', options)
    await admin.goto('/admin/statistics')
    await expect(admin.getByRole('heading', { name: 'Offers and deals a day' })).toBeVisible()
    await admin.getByRole('button', { name: '240 days' }).click()
    await expect(admin).toHaveURL(/from=\d{4}-\d\d-\d\d&to=/)
    await admin.getByRole('button', { name: /View as table: Offers/ }).click()
    await expect(admin.getByRole('columnheader', { name: 'Deals' })).toBeVisible()
    await expectAccessible(admin, 'statistics')
    await admin.getByRole('link', { name: 'Sponsors' }).click()
    await expect(admin.getByLabel('Role')).toHaveValue('sponsor')
  })
}

test('the tables come as CSV', async ({ browser }) => {
  const admin = await logIn(browser, cluster.url(0), 'admin@example.com')
  await admin.goto('/admin/statistics')
  const [download] = await Promise.all([
    admin.waitForEvent('download'),
    admin.getByRole('link', { name: 'Download “Active users” as CSV' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^statistics-users.*\.csv$/)
})
