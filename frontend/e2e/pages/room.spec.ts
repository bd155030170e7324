import { expect, type Locator, type Page, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { logIn, password, viewports } from '../support/pages'
import { command, newRoom, rest, terms } from '../support/rooms'

/** What a person does in a room, seen from both sides. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster
let sponsor: Page
let influencer: Page

test.beforeAll(async ({ browser }) => {
  cluster = await Cluster.start(1)
  sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com')
  influencer = await logIn(browser, cluster.url(0), 'influencer@example.com')
})

test.afterAll(async () => {
  await sponsor?.context().close()
  await influencer?.context().close()
  await cluster?.stop()
})

const fee = (page: Page) => page.getByTestId('standing-fee')
const log = (page: Page) => page.getByRole('log')
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const dialog = (page: Page) => page.getByRole('dialog')

async function meet(amount = 500_00, more = {}): Promise<string> {
  const room = await newRoom(sponsor, 'slow.mornings', terms(amount, more))
  await sponsor.goto(`/deals/${room}`)
  await influencer.goto(`/deals/${room}`)
  await expect(fee(sponsor)).toBeVisible()
  await expect(fee(influencer)).toBeVisible()
  return room
}

test('a link to an offer survives the log-in and puts the focus on it', async ({ browser }) => {
  const room = await meet()
  const guest = await (await browser.newContext({ baseURL: cluster.url(0) })).newPage()
  await guest.goto(`/deals/${room}#offer-2`)
  await expect(guest).toHaveURL(/\/login\?next=/)
  await guest.getByLabel('E-mail').fill('sponsor@example.com')
  await guest.getByLabel('Password').fill(password)
  await guest.getByLabel('Password').press('Enter')
  await expect(guest).toHaveURL(new RegExp(`/deals/${room}#offer-2$`))
  await expect(guest.locator('#offer-2')).toBeFocused()
  await guest.context().close()
})

test('somebody else’s room is not there', async ({ browser }) => {
  const room = await meet()
  const other = await logIn(browser, cluster.url(0), 'brand.1@example.com')
  await other.goto(`/deals/${room}`)
  await expect(other.getByRole('heading', { name: 'Nothing here' })).toBeVisible()
  await other.context().close()
})

test('a decline can be undone before it is sent; after 5 s it is, and can be reopened', async () => {
  const room = await meet()
  const decline = async (): Promise<void> => {
    await button(influencer, 'Decline').click()
    await dialog(influencer).getByLabel('Reason').selectOption('timing')
    await dialog(influencer).getByLabel(/^Note/).fill('Not this spring.')
    await dialog(influencer).getByRole('button', { name: 'Decline' }).click()
  }
  await decline()
  await button(influencer, 'Undo').click()
  await expect(button(influencer, 'Accept')).toBeVisible()
  expect((await rest(influencer, 'GET', `/api/rooms/${room}`)).status).toBe('invited')

  await decline()
  await expect(log(sponsor).getByText('declined: Timing. “Not this spring.”')).toBeVisible()
  await button(influencer, 'Reopen').click()
  await expect(log(sponsor).getByText('reopened the negotiation')).toBeVisible()
  await expect(button(sponsor, 'Make an offer')).toBeVisible()
})

test('a newer offer comes while one is being answered: nothing is lost, nothing is sent on the old', async () => {
  const room = await meet()
  await command(influencer, room, { type: 'counter', offer_seq: 2, terms: terms(900_00) })
  await expect(fee(sponsor)).toHaveText('€900')
  await button(sponsor, 'Counter').click()
  await dialog(sponsor).getByLabel('Fee in EUR').fill('650')

  await command(influencer, room, { type: 'withdraw', offer_seq: 3 })
  await command(influencer, room, { type: 'offer', terms: terms(850_00, { note: 'A bit less.' }) })
  await expect(dialog(sponsor).getByText('A newer offer came in')).toBeVisible()
  await expect(dialog(sponsor).getByLabel('Fee in EUR')).toHaveValue('650')
  await dialog(sponsor).getByRole('button', { name: 'Send counter' }).click()
  await expect(fee(influencer)).toHaveText('€650')
  await expect(log(influencer).locator('#offer-6').getByText('€850')).toBeVisible()
})

test('the accept dialog shows what changed and makes the deal only on the terms that were read', async () => {
  const room = await meet()
  await button(influencer, 'Accept').click()
  await expect(dialog(influencer).getByRole('button', { name: 'Accept at €500' })).toBeEnabled()

  await command(sponsor, room, { type: 'withdraw', offer_seq: 2 })
  await expect(dialog(influencer).getByText('No offer stands any more')).toBeVisible()
  await command(sponsor, room, { type: 'offer', terms: terms(450_00) })
  await expect(dialog(influencer).getByText('A newer offer stands')).toBeVisible()
  await expect(dialog(influencer).getByRole('button', { name: 'Accept at €500' })).toBeDisabled()
  await button(influencer, 'Look at the new offer').click()
  await button(influencer, 'Accept at €450').click()
  await expect(log(sponsor).getByText('accepted. The deal stands at €450.')).toBeVisible()
  await expect(fee(sponsor)).toHaveText('€450')
})

test('a locked section is shown, not offered for change', async () => {
  const room = await meet()
  await command(influencer, room, { type: 'counter', offer_seq: 2, terms: { note: 'x' } })
  await command(sponsor, room, { type: 'counter', offer_seq: 3, terms: { locked: ['fee'] } })
  await expect(fee(influencer)).toHaveText('€500')
  await button(influencer, 'Counter').click()
  await expect(dialog(influencer).getByText('Locked by Harbor & Pine Coffee')).toBeVisible()
  await expect(dialog(influencer).getByLabel('Fee in EUR')).toBeHidden()
  await influencer.keyboard.press('Escape')
})

test('only what was changed is sent', async () => {
  await meet(500_00, { requirements: 'Say it twice.', revision_rounds: 2 })
  const sent: string[] = []
  const frames = new Promise<void>((done) => {
    influencer.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        if (!String(payload).includes('"counter"')) return
        sent.push(String(payload))
        done()
      })
    })
  })
  await influencer.reload()
  await button(influencer, 'Counter').click()
  await expect(dialog(influencer).getByRole('button', { name: 'Send counter' })).toBeDisabled()
  await dialog(influencer).getByRole('textbox', { name: 'Rounds' }).fill('1')
  await dialog(influencer).getByRole('button', { name: 'Send counter' }).click()
  await frames
  expect((JSON.parse(sent[0]!) as { terms: unknown }).terms).toEqual({ revision_rounds: 1 })
  await expect(dialog(influencer)).toBeHidden()
})

test('nobody answers: the message fails, Retry keeps its id, and it is there once', async () => {
  await meet()
  cluster.pause(0)
  const field = influencer.getByRole('textbox', { name: 'Message' })
  await field.fill('Are you there?')
  await field.press('Enter')
  await expect(log(influencer).getByText('Sending…')).toBeVisible()
  await expect(log(influencer).getByText('Not sent')).toBeVisible()
  cluster.resume(0)
  // The late answer may be quicker than the click.
  await button(influencer, 'Retry')
    .click({ timeout: 2_000 })
    .catch(() => undefined)
  await expect(log(sponsor).getByText('Are you there?')).toHaveCount(1)
  await expect(log(influencer).getByText('Not sent')).toBeHidden()
  await expect(log(influencer).getByText('Are you there?')).toHaveCount(1)
})

test('a page that is reloaded before the answer sends its message again, once', async () => {
  await meet()
  cluster.pause(0)
  const field = influencer.getByRole('textbox', { name: 'Message' })
  await field.fill('Still here?')
  await field.press('Enter')
  await expect(log(influencer).getByText('Sending…')).toBeVisible()
  const reloaded = influencer.reload()
  cluster.resume(0)
  await reloaded
  await expect(log(influencer).getByText('Still here?')).toHaveCount(1)
  await expect(log(sponsor).getByText('Still here?')).toHaveCount(1)
  await expect(log(influencer).getByText('Sending…')).toBeHidden()
})

test('without a connection the page says so and makes room for it: nothing of the room is hidden', async () => {
  const room = await meet()
  for (let i = 1; i <= 30; i++) await command(influencer, room, { type: 'message', text: `line ${i}` })
  const newest = log(sponsor).getByText('line 30', { exact: true })
  const usual = sponsor.viewportSize()!
  for (const viewport of Object.values(viewports)) {
    await sponsor.setViewportSize(viewport)
    await expect(newest).toBeInViewport({ ratio: 1 })
    await sponsor.context().setOffline(true)
    const banner = sponsor.getByText('You are offline.')
    await expect(banner).toBeVisible()
    await expect
      .poll(async () => {
        const said = await banner.boundingBox()
        const head = await sponsor.getByRole('heading', { level: 1 }).boundingBox()
        return said && head && head.y >= said.y + said.height
      })
      .toBe(true)
    await expect(newest).toBeInViewport({ ratio: 1 })
    await expect(sponsor.getByRole('textbox', { name: 'Message' })).toBeInViewport({ ratio: 1 })
    await sponsor.context().setOffline(false)
    await expect(banner).toBeHidden()
  }
  await sponsor.setViewportSize(usual)
})

test('what comes while one reads above is counted, and older history comes on demand', async () => {
  const room = await meet()
  for (let i = 1; i <= 70; i++) await command(influencer, room, { type: 'message', text: `message ${i}` })
  await sponsor.reload()
  await expect(log(sponsor).getByText('message 70', { exact: true })).toBeVisible()
  await log(sponsor).evaluate((box) => (box.scrollTop = 0))
  await command(influencer, room, { type: 'message', text: 'one more' })
  await expect(button(sponsor, '1 new')).toBeVisible()
  const earlier = button(sponsor, 'Show earlier history')
  const beginning = log(sponsor).getByText('The negotiation begins here')
  for (;;) {
    await expect(earlier.or(beginning)).toBeAttached()
    if (await beginning.count()) break
    await earlier.click()
    await expect(button(sponsor, 'Loading earlier history…')).toBeHidden()
  }
  await expect(log(sponsor).getByText(/^message \d+$/)).toHaveCount(70)
  await button(sponsor, '1 new').click()
  await expect(log(sponsor).getByText('one more')).toBeInViewport()
})

test('by keyboard alone: from the log-in to a deal, with the focus kept', async ({ browser }) => {
  const room = await newRoom(sponsor, 'slow.mornings', terms(500_00))
  await sponsor.goto(`/deals/${room}`)
  const context = await browser.newContext({ baseURL: cluster.url(0) })
  const page = await context.newPage()
  const { keyboard } = page
  /** Presses Tab until something has the focus, as somebody does who looks for it. */
  const tabTo = async (target: Locator): Promise<void> => {
    await expect(target).toBeVisible()
    for (let presses = 0; presses < 100; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return
      await keyboard.press('Tab')
    }
    await expect(target, 'is reached by Tab').toBeFocused()
  }

  await page.goto('/login')
  await tabTo(page.getByLabel('E-mail'))
  await keyboard.type('influencer@example.com')
  await tabTo(page.getByLabel('Password', { exact: true }))
  await keyboard.type(password)
  await keyboard.press('Enter')
  await expect(page).toHaveURL(/deals/)
  await tabTo(page.getByRole('main').locator(`a[href="/deals/${room}"]`))
  await keyboard.press('Enter')
  await expect(fee(page)).toHaveText('€500')

  await keyboard.press('?')
  await expect(dialog(page).getByRole('heading', { name: 'Keyboard shortcuts' })).toBeVisible()
  await keyboard.press('Escape')
  await expect(dialog(page)).toBeHidden()

  for (const action of ['Accept', 'Decline', 'Counter']) {
    await tabTo(button(page, action))
    await keyboard.press('Enter')
    await expect(dialog(page)).toBeVisible()
    // The focus is inside, and Tab does not leave it for the page behind.
    for (let presses = 0; presses < 3; presses++) {
      expect(await page.evaluate(() => document.activeElement?.closest('dialog') !== null)).toBe(true)
      await keyboard.press('Tab')
    }
    await keyboard.press('Escape')
    await expect(dialog(page)).toBeHidden()
    await expect(button(page, action), 'the focus is back').toBeFocused()
  }

  await keyboard.press('Enter')
  await tabTo(dialog(page).getByLabel('Fee in EUR'))
  await keyboard.press('ControlOrMeta+a')
  await keyboard.type('620')
  await keyboard.press('Enter')
  await expect(fee(sponsor)).toHaveText('€620')
  await expect(dialog(page)).toBeHidden()
  await keyboard.press('m')
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused()

  const standing = await rest(sponsor, 'GET', `/api/rooms/${room}`)
  const { seq } = (standing as { standing: { seq: number } }).standing
  await command(sponsor, room, {
    type: 'counter',
    offer_seq: seq,
    terms: { fee: { amount: 600_00, currency: 'EUR' } },
  })
  await expect(fee(page)).toHaveText('€600')
  await tabTo(button(page, 'Accept'))
  await keyboard.press('Enter')
  await tabTo(dialog(page).getByRole('button', { name: 'Accept' }))
  await keyboard.press('Enter')
  await expect(dialog(page)).toBeHidden()
  await expect(log(sponsor).getByText(/The deal stands at €600/)).toBeVisible()
  await context.close()
})

test('unread is counted in the list and the title, and goes when the room is read, in every tab', async () => {
  const room = await meet()
  await sponsor.goto('/deals')
  const second = await sponsor.context().newPage()
  await second.goto('/deals')
  const row = (page: Page) => page.getByRole('main').locator(`a[href="/deals/${room}"]`)
  await expect(row(second)).toBeVisible()
  await command(influencer, room, { type: 'message', text: 'hello?' })
  for (const page of [sponsor, second]) {
    await expect(row(page).getByText('1 unread')).toBeAttached()
    await expect(page).toHaveTitle(/^\(\d+\) Deals/)
  }
  await row(sponsor).click()
  await expect(log(sponsor).getByText('hello?')).toBeVisible()
  await expect(row(second).getByText('1 unread')).toBeHidden()
  await second.close()
})
