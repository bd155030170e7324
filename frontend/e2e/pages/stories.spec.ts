import { type Browser, type BrowserContextOptions, expect, type Page, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { logIn, viewports } from '../support/pages'
import { rest, ulid } from '../support/rooms'

/** What people come for, whole, and by nothing but what they see on their screens. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const dialog = (page: Page) => page.getByRole('dialog')
const progress = (page: Page) => page.getByTestId('progress')

/** Somebody new: the form, and then whatever the app shows them first. */
async function signUp(
  browser: Browser,
  options: BrowserContextOptions,
  role: 'Sponsor' | 'Influencer',
  name: string,
  rest: Record<string, string>,
): Promise<Page> {
  const context = await browser.newContext({ baseURL: cluster.url(0), ...options })
  const page = await context.newPage()
  await page.goto('/register')
  await page.getByRole('radio', { name: role === 'Sponsor' ? /^A sponsor/ : /^An influencer/ }).check()
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('E-mail').fill(`${ulid().toLowerCase()}@example.com`)
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
  for (const [label, value] of Object.entries(rest)) await page.getByLabel(label).fill(value)
  await button(page, 'Create account').click()
  await expect(page).not.toHaveURL(/register/)
  return page
}

/** The filters of a search fold away on a narrow screen. */
async function narrow(page: Page, label: string, value: string): Promise<void> {
  const filters = button(page, /^Filters/)
  await expect(filters.or(page.getByRole('region', { name: 'Filters' }))).toBeVisible()
  const folded = await filters.isVisible()
  if (folded) await filters.click()
  await page.getByLabel(label, { exact: true }).fill(value)
  await page.getByLabel(label, { exact: true }).press('Tab')
  if (folded) await button(page, 'Show results').click()
}

/** Marks a deliverable done with a link; the sponsor then sees it in the list. */
async function deliver(influencer: Page, what: string, link: string): Promise<void> {
  await show(influencer)
  await button(influencer, `Mark done: ${what}`).click()
  await dialog(influencer).getByLabel('Links to what you made').fill(link)
  await dialog(influencer).getByRole('button', { name: 'Mark done' }).click()
  await expect(dialog(influencer)).toBeHidden()
}

/** On a phone the list of deliverables is folded until it is one's turn. */
async function show(page: Page): Promise<void> {
  await expect(progress(page)).toBeVisible()
  const folded = button(page, 'Show deliverables')
  if (await folded.isVisible()) await folded.click()
}

async function confirm(sponsor: Page, what: string): Promise<void> {
  await show(sponsor)
  await button(sponsor, `Confirm: ${what}`).click()
  await dialog(sponsor).getByRole('button', { name: 'Confirm' }).click()
  await expect(dialog(sponsor)).toBeHidden()
}

async function tile(page: Page, name: string): Promise<number> {
  const found = page.locator('.tile').filter({ has: page.getByText(name, { exact: true }) })
  await expect(found.locator('.tile-value')).toHaveText(/^[\d,]+$/)
  return Number((await found.locator('.tile-value').innerText()).replaceAll(',', ''))
}

for (const [device, viewport] of Object.entries(viewports)) {
  test(`from three sign-ups to a completed deal: ${device}`, async ({ browser }) => {
    const options = { viewport }
    const mark = ulid().slice(-5)
    const brand = `Bakery ${mark}`
    const artist = `Ines ${mark}`
    const campaign = `Rye week ${mark}`
    const niche = `rye${mark.toLowerCase()}`

    // A sponsor signs up, looks around, and hears of the approval while doing so.
    const [sponsor, influencer, admin] = await Promise.all([
      signUp(browser, options, 'Sponsor', brand, { Industry: 'Bakeries' }),
      signUp(browser, options, 'Influencer', artist, { Niche: niche }),
      logIn(browser, cluster.url(0), 'admin@example.com', options),
    ])
    await expect(sponsor.getByText('waits for approval').first()).toBeVisible()
    await admin.goto('/admin/statistics')
    await expect(admin.getByRole('heading', { name: 'In these days' })).toBeVisible()
    const offersBefore = await tile(admin, 'Offers')
    await admin.goto(`/admin/users?state=pending&q=${encodeURIComponent(brand)}`)
    await button(admin, `Approve ${brand}`).click()
    await expect(
      sponsor.getByRole('region', { name: 'Messages' }).getByText('Your account is approved'),
    ).toBeVisible()

    // The influencer fills the profile.
    await influencer.goto('/profile')
    await influencer.getByLabel('About you').fill('Bread, from the mill to the table.')
    await button(influencer, 'Add a platform').click()
    await influencer.getByLabel('Handle').fill(`@${niche}`)
    await influencer.getByLabel('Followers', { exact: true }).fill('48000')
    await influencer.getByLabel('Engagement, %').fill('4.2')
    await button(influencer, 'Save').click()
    await expect(influencer.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible()

    // The sponsor makes a private campaign and publishes it.
    await sponsor.goto('/campaigns/new')
    await sponsor.getByLabel('Name').fill(campaign)
    await sponsor.getByLabel('Description').fill('A week of rye bread.')
    await sponsor.getByLabel('Budget').fill('3000')
    await sponsor.getByRole('checkbox', { name: 'Instagram' }).check()
    await sponsor.getByRole('radio', { name: /^Private/ }).check()
    await button(sponsor, 'Create campaign').click()
    await expect(sponsor.getByRole('heading', { name: campaign, level: 1 })).toBeVisible()
    await sponsor.getByRole('link', { name: 'Edit', exact: true }).click()
    await button(sponsor, 'Publish').click()
    await dialog(sponsor).getByRole('button', { name: 'Publish' }).click()
    await expect(sponsor.getByText('Public', { exact: true })).toBeVisible()

    // They find the influencer, look at the profile, and invite from there.
    await sponsor.goto('/influencers')
    await narrow(sponsor, 'Niche', niche)
    await sponsor.getByRole('link', { name: artist }).click()
    await expect(sponsor.getByText('Bread, from the mill to the table.')).toBeVisible()
    await button(sponsor, 'Invite to a campaign').click()
    const invitation = dialog(sponsor)
    await invitation.getByLabel('Campaign').selectOption({ label: campaign })
    await invitation.getByLabel('Fee in EUR').fill('500')
    await invitation.getByLabel('Platform').selectOption('instagram')
    await invitation.getByLabel('Format').fill('reel')
    await button(sponsor, 'Add a deliverable').click()
    await invitation.getByLabel('Platform').nth(1).selectOption('blog')
    await invitation.getByLabel('Format').nth(1).fill('post')
    await invitation.getByRole('button', { name: /^Send/ }).click()
    await expect(sponsor).toHaveURL(/\/deals\//)
    const room = new URL(sponsor.url()).pathname

    // The influencer is invited, sees by whom, and counters; the sponsor accepts.
    await influencer.goto('/deals')
    await influencer.getByRole('link', { name: new RegExp(brand) }).click()
    await expect(influencer).toHaveURL(new RegExp(room))
    const about = button(influencer, `About ${brand}`)
    const card = influencer.getByRole('region', { name: `About ${brand}` })
    await expect(about.or(card).filter({ visible: true }).first()).toBeVisible()
    if (await about.isVisible()) await about.click()
    await expect(card.filter({ visible: true }).getByText('Bakeries')).toBeVisible()
    if (await dialog(influencer).isVisible()) await influencer.keyboard.press('Escape')
    await button(influencer, 'Counter').click()
    await dialog(influencer).getByLabel('Fee in EUR').fill('650')
    await dialog(influencer).getByRole('button', { name: 'Send counter' }).click()
    await button(sponsor, 'Accept').click()
    await button(sponsor, 'Accept at €650').click()
    await expect(progress(influencer)).toHaveText('0 of 2 confirmed')

    // Both are delivered; the reel is sent back once, and the bell tells of it.
    await deliver(influencer, '1 × Instagram reel', 'https://example.com/reel')
    await show(sponsor)
    await button(sponsor, 'Send back: 1 × Instagram reel').click()
    await dialog(sponsor).getByLabel('What should change').fill('The loaf is cut off.')
    await dialog(sponsor).getByRole('button', { name: 'Send back' }).click()
    await expect(influencer.getByText('“The loaf is cut off.”').first()).toBeVisible()
    await influencer.getByRole('link', { name: 'Notices, 1 unread' }).click()
    await influencer.getByRole('link', { name: `${brand} sent back deliverable 1 of 2` }).click()
    await expect(influencer).toHaveURL(new RegExp(room))
    await deliver(influencer, '1 × Instagram reel', 'https://example.com/reel-2')
    await confirm(sponsor, '1 × Instagram reel')
    await expect(progress(influencer)).toHaveText('1 of 2 confirmed')
    await deliver(influencer, '1 × Blog post', 'https://example.com/post')
    await confirm(sponsor, '1 × Blog post')
    for (const page of [sponsor, influencer]) await expect(page.getByText('The deal is done.')).toBeVisible()

    // The campaign counts it, and so does the profile.
    await sponsor.getByRole('link', { name: campaign }).first().click()
    await expect(sponsor.getByRole('img', { name: '2 of 2 confirmed' })).toBeVisible()
    await expect(sponsor.getByRole('img', { name: /^€650 committed/ }).first()).toBeVisible()

    // The admin sees it on the feed and in the figures.
    await admin.goto('/admin/feed')
    await admin.getByLabel('Type', { exact: true }).selectOption('completed')
    await expect(admin.getByRole('row', { name: new RegExp(`€650 is completed.*${campaign}`) })).toBeVisible()
    // Statistics are kept for a little while.
    await expect(async () => {
      await admin.goto('/admin/statistics')
      expect(await tile(admin, 'Offers')).toBeGreaterThan(offersBefore)
    }).toPass({ timeout: 40_000 })
    for (const page of [sponsor, influencer, admin]) await page.context().close()
  })
}

test('a search is saved, an application declined with a reason, and re-opened', async ({ browser }) => {
  const options = { viewport: viewports.phone }
  const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com', options)
  const name = `Kayaks ${ulid().slice(-5)}`
  await rest(sponsor, 'POST', '/api/campaigns', {
    name,
    starts_on: '2026-01-01',
    ends_on: '2099-12-31',
    budget: { amount: 500_000, currency: 'EUR' },
    visibility: 'public',
  })
  const influencer = await logIn(browser, cluster.url(0), 'influencer@example.com', options)
  await influencer.goto('/open')
  await influencer.getByRole('searchbox').fill(name)
  const hits = influencer.getByRole('main').getByRole('article')
  await expect(hits).toHaveCount(1)
  await button(influencer, 'Saved searches').click()
  await influencer.getByLabel('Name of the search').fill(name)
  await button(influencer, 'Save this search').click()
  await expect(dialog(influencer).getByRole('link', { name })).toBeVisible()
  await influencer.keyboard.press('Escape')
  await button(influencer, `Apply to ${name}`).click()
  await dialog(influencer)
    .getByLabel(/^Fee in/)
    .fill('900')
  await dialog(influencer).getByLabel('Platform').selectOption('tiktok')
  await dialog(influencer).getByLabel('Format').fill('video')
  await button(influencer, 'Send application').click()
  await expect(influencer).toHaveURL(/\/deals\//)

  await sponsor.goto(new URL(influencer.url()).pathname)
  await button(sponsor, 'Decline').click()
  await dialog(sponsor).getByLabel('Reason').selectOption('budget')
  await dialog(sponsor).getByRole('button', { name: 'Decline' }).click()
  await expect(influencer.getByText('Budget', { exact: false }).last()).toBeVisible()
  await button(sponsor, 'Reopen').click()
  await expect(influencer.getByRole('log').getByText('reopened the negotiation')).toBeVisible()
})
