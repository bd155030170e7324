import { readFileSync } from 'node:fs'
import { expect, type Page, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'
import { command, newRoom, rest, terms } from '../support/rooms'

/** After the deal: it is amended, delivered, sent back, delivered again and completed. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

const dialog = (page: Page) => page.getByRole('dialog')
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const log = (page: Page) => page.getByRole('log')
const progress = (page: Page) => page.getByTestId('progress')

/** A room with a deal of two deliverables. */
async function deal(sponsor: Page, influencer: Page): Promise<string> {
  const room = await newRoom(
    sponsor,
    'slow.mornings',
    terms(500_00, {
      deliverables: [
        { platform: 'instagram', format: 'reel', quantity: 1 },
        { platform: 'blog', format: 'post', quantity: 1 },
      ],
    }),
  )
  const { standing } = (await rest(sponsor, 'GET', `/api/rooms/${room}`)) as {
    standing: { seq: number; terms_hash: string }
  }
  await command(influencer, room, {
    type: 'accept',
    offer_seq: standing.seq,
    terms_hash: standing.terms_hash,
  })
  return room
}

for (const [width, colorScheme] of [
  ['phone', 'dark'],
  ['desk', 'light'],
] as const) {
  test(`a deal is amended, delivered and completed: ${width}`, async ({ browser }) => {
    const options = { colorScheme, viewport: viewports[width] }
    const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com', options)
    const influencer = await logIn(browser, cluster.url(0), 'influencer@example.com', options)
    const room = await deal(sponsor, influencer)
    await sponsor.goto(`/deals/${room}`)
    await influencer.goto(`/deals/${room}`)
    await expect(progress(influencer)).toHaveText('0 of 2 confirmed')
    await expectAccessible(influencer, 'a deal in force')
    const [sheet] = await Promise.all([
      influencer.waitForEvent('download'),
      influencer.getByRole('link', { name: 'Terms as PDF' }).click(),
    ])
    expect(
      readFileSync(await sheet.path())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-')

    // The sponsor offers more; the deal stays in force until it is accepted.
    await button(sponsor, 'Propose an amendment').click()
    await expectAccessible(sponsor, 'amendment')
    await expect(button(sponsor, 'Send amendment')).toBeDisabled()
    await dialog(sponsor).getByLabel('Fee in EUR').fill('600')
    await button(sponsor, 'Send amendment').click()
    await expect(influencer.getByText('stays in force until this is accepted')).toBeVisible()
    await expectAccessible(influencer, 'an amendment that stands')
    await button(influencer, 'Accept').click()
    await expect(dialog(influencer).getByText('Changed from the deal in force')).toBeVisible()
    await button(influencer, /^Accept at/).click()
    await expect(log(sponsor).getByText('accepted the amendment. The deal now stands at €600')).toBeVisible()

    // Done, sent back, done again, confirmed.
    await button(influencer, /^Mark done: 1 × Instagram reel/).click()
    await button(influencer, 'Mark done').last().click()
    await expect(dialog(influencer).getByText('Give at least one link.')).toBeVisible()
    await dialog(influencer).getByLabel('Links to what you made').fill('https://example.com/reel-1')
    await expectAccessible(influencer, 'marking done')
    await button(influencer, 'Mark done').last().click()
    await expect(dialog(influencer)).toBeHidden()
    // On a phone the list is folded until it is one's turn; then it opens by itself.
    await expect(sponsor.getByRole('textbox', { name: 'Message' })).toBeInViewport({ ratio: 1 })
    await expect(sponsor.getByRole('link', { name: 'example.com/reel-1' })).toBeVisible()
    await button(sponsor, /^Send back: /).click()
    await dialog(sponsor).getByLabel('What should change').fill('The logo is cut off.')
    await button(sponsor, 'Send back').last().click()
    await expect(influencer.getByText('“The logo is cut off.”').first()).toBeVisible()
    await button(influencer, /^Mark done: 1 × Instagram reel/).click()
    await dialog(influencer).getByLabel('Links to what you made').fill('https://example.com/reel-2')
    await button(influencer, 'Mark done').last().click()
    await button(sponsor, /^Confirm: 1 × Instagram reel/).click()
    await expectAccessible(sponsor, 'confirming')
    await button(sponsor, 'Confirm').last().click()
    await expect(progress(influencer)).toHaveText('1 of 2 confirmed')

    await button(influencer, /^Mark done: 1 × Blog post/).click()
    await dialog(influencer).getByLabel('Links to what you made').fill('https://example.com/post')
    await button(influencer, 'Mark done').last().click()
    await button(sponsor, /^Confirm: 1 × Blog post/).click()
    await expect(dialog(sponsor).getByText('the deal will be completed')).toBeVisible()
    await button(sponsor, 'Confirm').last().click()
    for (const page of [sponsor, influencer]) {
      await expect(page.getByText('The deal is done.')).toBeVisible()
      await expect(progress(page)).toHaveText('2 of 2 confirmed')
      await expectAccessible(page, 'a completed deal')
    }
    await sponsor.context().close()
    await influencer.context().close()
  })
}

test('a campaign is edited and archived; what stands in the way is named', async ({ browser }) => {
  const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com', { viewport: viewports.phone })
  const influencer = await logIn(browser, cluster.url(0), 'influencer@example.com')
  const room = await deal(sponsor, influencer)
  const { campaign } = (await rest(sponsor, 'GET', `/api/rooms/${room}`)) as { campaign: { id: string } }
  await sponsor.goto(`/campaigns/${campaign.id}/edit`)
  await sponsor.getByLabel('Budget').fill('10')
  await button(sponsor, 'Save changes').click()
  await expect(sponsor.getByText('It cannot be cut below €500: €500 committed by deals')).toBeVisible()
  await expect(sponsor.getByLabel('Budget')).toBeFocused()
  await expectAccessible(sponsor, 'editing a campaign')
  await sponsor.getByLabel('Budget').fill('2000')
  await sponsor.getByLabel('Name').fill('Renamed')
  await button(sponsor, 'Save changes').click()
  await expect(sponsor.getByRole('heading', { level: 1, name: 'Renamed' })).toBeVisible()

  await sponsor.goto(`/campaigns/${campaign.id}/edit`)
  await button(sponsor, 'Archive').click()
  await dialog(sponsor).getByRole('button', { name: 'Archive' }).click()
  await expect(dialog(sponsor).getByText('1 deal is in force.')).toBeVisible()
  await expect(dialog(sponsor).getByRole('link', { name: 'slow.mornings' })).toBeVisible()
  await expectAccessible(sponsor, 'archiving refused')

  for (const [deliverable, seq] of [
    [0, 4],
    [1, 6],
  ]) {
    await command(influencer, room, {
      type: 'deliver',
      deal_seq: 2,
      deliverable,
      links: ['https://example.com/1'],
    })
    await command(sponsor, room, { type: 'confirm', delivery_seq: seq })
  }
  await dialog(sponsor).getByRole('button', { name: 'Archive' }).click()
  await expect(sponsor).toHaveURL(new RegExp(`/campaigns/${campaign.id}$`))
  await sponsor.goto('/campaigns')
  await sponsor.getByRole('button', { name: 'Archived', exact: true }).click()
  await expect(sponsor.getByRole('link', { name: 'Renamed' })).toBeVisible()
  await sponsor.context().close()
  await influencer.context().close()
})
