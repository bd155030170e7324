import { type Page, expect, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { logIn } from '../support/pages'

/**
 * A sponsor and an influencer negotiate in two browsers that are connected to two instances
 * over a real Redis, and an admin watches. Instances are killed, Redis is stopped; nothing
 * that was acknowledged may be lost, doubled or out of order.
 */
test.describe.configure({ mode: 'serial' })

let cluster: Cluster
let sponsor: Page
let influencer: Page
let room: string

test.beforeAll(async ({ browser }) => {
  cluster = await Cluster.start(2)
  sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com')
  influencer = await logIn(browser, cluster.url(1), 'influencer@example.com')
  room = await invite(sponsor)
})

test.afterAll(async () => {
  await sponsor?.context().close()
  await influencer?.context().close()
  await cluster?.stop()
})

test('offers, messages and presence cross the instances', async ({ browser }) => {
  const admin = await logIn(browser, cluster.url(0), 'admin@example.com')
  await admin.goto('/admin/feed')

  await sponsor.goto(`/deals/${room}`)
  await influencer.goto(`/deals/${room}`)
  await expect(fee(influencer)).toHaveText('€500')
  await expect(influencer.getByText('Harbor & Pine Coffee is here')).toBeVisible()
  await expect(sponsor.getByText('slow.mornings is here')).toBeVisible()

  await counter(influencer, '900')
  await expect(fee(sponsor)).toHaveText('€900')
  await expect(influencer.getByText('Waiting for Harbor & Pine Coffee to answer.')).toBeVisible()

  const message = sponsor.getByRole('textbox', { name: 'Message' })
  await message.pressSequentially('Could you meet us halfway?')
  await expect(influencer.getByText('Harbor & Pine Coffee is typing…')).toBeVisible()
  await message.press('Enter')
  await expect(log(influencer).getByText('Could you meet us halfway?')).toBeVisible()
  await expect(log(sponsor).getByText('Seen').last()).toBeVisible()

  await expect(admin.getByText('€900').first()).toBeVisible()
  await admin.context().close()
  await expectWholeLog()
})

test('a killed instance: the browser resumes by itself and the command in flight is stored once', async () => {
  // The instance stands still, so that the command is under way when it dies.
  cluster.pause(0)
  await fillCounter(sponsor, '600')
  await send(sponsor)
  await cluster.kill(0)
  await expect(sponsor.getByText('Reconnecting…')).toBeVisible()
  expect(await fees(influencer)).toEqual([500_00, 900_00])

  await cluster.restart(0)
  await expect(fee(sponsor)).toHaveText('€600', { timeout: 45_000 })
  await expect(fee(influencer)).toHaveText('€600')
  expect(await fees(influencer)).toEqual([500_00, 900_00, 600_00])
  await expectWholeLog()
})

test('what happens while one side’s instance is dead arrives when it is back', async () => {
  await cluster.kill(0)
  await counter(influencer, '800')
  await expect(fee(influencer)).toHaveText('€800')
  await cluster.restart(0)
  await expect(fee(sponsor)).toHaveText('€800', { timeout: 45_000 })
  await expectWholeLog()
})

test('with Redis gone and back, both sides still see each offer', async () => {
  await cluster.stopRedis()
  await counter(sponsor, '650')
  await expect(fee(influencer)).toHaveText('€650')
  await counter(influencer, '750')
  await expect(fee(sponsor)).toHaveText('€750')

  await cluster.startRedis()
  await counter(sponsor, '700')
  await expect(fee(influencer)).toHaveText('€700')
  expect(await fees(sponsor)).toEqual([500_00, 900_00, 600_00, 800_00, 650_00, 750_00, 700_00])
  await expectWholeLog()
})

test('the deal repeats all terms and is made once', async () => {
  await influencer.getByRole('button', { name: 'Accept', exact: true }).click()
  const dialog = influencer.getByRole('dialog')
  await expect(dialog.getByText('€700').first()).toBeVisible()
  await expect(dialog.getByText('1 × Instagram reel')).toBeVisible()
  await dialog.getByRole('button', { name: 'Accept at €700' }).click()
  for (const page of [influencer, sponsor]) {
    await expect(log(page).getByText(/accepted\. The deal stands at €700/)).toBeVisible()
  }
  await expectWholeLog()
})

/** Opens a room between the two people of the test, over REST. */
async function invite(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    const get = async (path: string) => await (await fetch(path)).json()
    const campaigns = await get('/api/campaigns')
    const campaign = campaigns.items.find((c: { name: string }) => c.name === 'Beans by post')
    const people = await get('/api/influencers?q=slow.mornings')
    const answer = await fetch(`/api/campaigns/${campaign.id}/invitations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        id: '01JD000000000000000000E2E0',
        influencer: people.items[0].id,
        terms: {
          fee: { amount: 500_00, currency: 'EUR' },
          deliverables: [{ platform: 'instagram', format: 'reel', quantity: 1 }],
        },
      }),
    })
    if (!answer.ok) throw new Error(await answer.text())
    return (await answer.json()).room as string
  })
}

const log = (page: Page) => page.getByRole('log')
const fee = (page: Page) => page.getByTestId('standing-fee')

async function fillCounter(page: Page, amount: string): Promise<void> {
  await page.getByRole('button', { name: 'Counter', exact: true }).click()
  await page
    .getByRole('dialog')
    .getByLabel(/^Fee in EUR/)
    .fill(amount)
}

async function send(page: Page): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: 'Send counter' }).click()
}

async function counter(page: Page, amount: string): Promise<void> {
  await fillCounter(page, amount)
  await send(page)
  await expect(page.getByRole('dialog')).toHaveCount(0)
}

/** The fees of all offers in the log, read from the page's own instance. */
async function fees(page: Page): Promise<number[]> {
  return await page.evaluate(async (id) => {
    const answer = await fetch(`/api/rooms/${id}/events?after=0&limit=200`)
    const { items } = (await answer.json()) as {
      items: { seq: number; type: string; data: { terms: { fee: { amount: number } } } }[]
    }
    return items.filter((event) => event.type === 'offer').map((event) => event.data.terms.fee.amount)
  }, room)
}

async function expectWholeLog(): Promise<void> {
  expect(await cluster.verify()).toContain(' 0 problems')
}
