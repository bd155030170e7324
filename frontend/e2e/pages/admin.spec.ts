import { expect, test } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'
import { command, newRoom, rest, terms } from '../support/rooms'

/** What admins do, and what those notice of it whom it concerns. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

test('a flagged user reads why at once, answers, and works again when it is lifted', async ({ browser }) => {
  const url = cluster.url(0)
  const user = await logIn(browser, url, 'influencer@example.com', { viewport: viewports.phone })
  const admin = await logIn(browser, url, 'admin@example.com', { viewport: viewports.desk })

  await admin.goto('/admin/users')
  await admin.getByLabel('Name, e-mail or id').fill('influencer@')
  await expect(admin.getByRole('row')).toHaveCount(2)
  await admin.getByRole('row').nth(1).getByRole('link').click()
  await admin.getByRole('button', { name: 'Put under review' }).click()
  await admin.getByRole('dialog').getByRole('button', { name: 'Put under review' }).click()
  await expect(admin.getByRole('dialog')).toContainText('Give a reason.')
  await admin.getByLabel('Reason').fill('Some followers look bought')
  await admin.getByRole('dialog').getByRole('button', { name: 'Put under review' }).click()
  await expect(admin.getByText('Some followers look bought')).toBeVisible()

  // The page that was open says so by itself.
  await expect(user.getByRole('heading', { name: 'Your account is under review' })).toBeVisible()
  await expect(user.getByText('Some followers look bought')).toBeVisible()
  await user.goto('/deals')
  await expect(user).toHaveURL(/reviews/)
  await user.getByRole('button', { name: 'Send the answer' }).click()
  await expect(user.getByText('Write your answer.')).toBeVisible()
  await user.getByLabel('Your answer').fill('They came with a video that went round.')
  await user.getByRole('button', { name: 'Send the answer' }).click()
  await expect(user.getByText('An admin has not answered yet.')).toBeVisible()
  await expect(user.getByLabel('Your answer')).toHaveCount(0)
  await user.reload() // the word that it was sent is not a part of the page
  await expect(user.getByText('An admin has not answered yet.')).toBeVisible()
  await expectAccessible(user, 'reviews of a flagged user')

  await admin.goto('/admin/flags?state=waiting')
  await expect(admin.getByText('1 appeal waits.')).toBeVisible()
  const card = admin.getByRole('article')
  await expect(card).toContainText('They came with a video that went round.')
  await card.getByRole('button', { name: 'End the review' }).click()
  await admin.getByRole('dialog').getByLabel('Your answer').fill('Thank you, that explains it.')
  await admin.getByRole('dialog').getByRole('button', { name: 'End the review' }).click()
  await expect(admin.getByText('No appeal waits.')).toBeVisible()

  await expect(user.getByRole('heading', { name: 'Deals', level: 1 })).toBeVisible()
  await user.goto('/reviews')
  await expect(user.getByText('Thank you, that explains it.')).toBeVisible()

  await admin.goto('/admin/audit?action=flag.')
  await expect(admin.getByRole('cell', { name: 'Review ended' }).first()).toBeVisible()
  await expect(admin.getByText(/Verified up to #\d+/)).toBeVisible()
  await user.context().close()
  await admin.context().close()
})

test('the feed is filtered, names who acts, and freezes a room', async ({ browser }) => {
  const url = cluster.url(0)
  const sponsor = await logIn(browser, url, 'sponsor@example.com')
  const room = await newRoom(sponsor, '', terms(100_000))
  const admin = await logIn(browser, url, 'admin@example.com', { viewport: viewports.desk })
  const name = ((await rest(sponsor, 'GET', `/api/rooms/${room}`)).campaign as { name: string }).name

  await admin.getByRole('button', { name, exact: true }).first().click()
  await expect(admin.getByRole('button', { name: `Remove the filter ${name}` })).toBeVisible()
  await expect(admin.getByRole('row')).toHaveCount(3) // its head, opened and offer
  await command(sponsor, room, { type: 'message', text: 'Are you there?' })
  await expect(admin.getByRole('row')).toHaveCount(4)
  await admin.getByLabel('Type', { exact: true }).selectOption('message')
  await expect(admin.getByRole('row')).toHaveCount(2)
  await expect(admin.getByText('Are you there?')).toBeVisible()

  await admin.getByRole('button', { name: `Freeze ${name}` }).click()
  await admin.getByLabel('Reason').fill('A closer look')
  await admin.getByRole('dialog').getByRole('button', { name: 'Freeze' }).click()
  await expect(admin.getByText('The room is frozen.').first()).toBeVisible()
  const state = await rest(sponsor, 'GET', `/api/rooms/${room}`)
  expect(state.frozen).toBe(true)
  await sponsor.goto('/reviews')
  await expect(sponsor.getByText('A closer look')).toBeVisible()

  await admin.getByLabel('Type', { exact: true }).selectOption('')
  await admin
    .getByRole('button', { name: `Unfreeze ${name}` })
    .first()
    .click()
  await admin.getByLabel('Reason').fill('All is well')
  await admin.getByRole('dialog').getByRole('button', { name: 'Unfreeze' }).click()
  await expect(admin.getByText('The review of the room has ended.').first()).toBeVisible()
  await sponsor.context().close()
  await admin.context().close()
})

test('a table is downloaded with the filters of its view', async ({ browser }) => {
  const admin = await logIn(browser, cluster.url(0), 'admin@example.com', { viewport: viewports.desk })
  await admin.goto('/admin/users?role=sponsor')
  await expect(admin.getByRole('row').nth(1)).toBeVisible()
  const download = admin.waitForEvent('download')
  await admin.getByRole('link', { name: 'Download CSV' }).click()
  const file = await download
  expect(file.suggestedFilename()).toMatch(/^users-\d{8}-\d{6}\.csv$/)
  const text = await readFile(await file.path(), 'utf8')
  expect(text.startsWith('\uFEFFid,name,email,role')).toBe(true)
  const roles = text
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(',')[3])
  expect(roles.length).toBeGreaterThan(0)
  expect(new Set(roles)).toEqual(new Set(['sponsor']))
  await admin.context().close()
})

test('campaigns are found by visibility and currency, and the address keeps it', async ({ browser }) => {
  const url = cluster.url(0)
  const sponsor = await logIn(browser, url, 'sponsor@example.com')
  await rest(sponsor, 'POST', '/api/campaigns', {
    name: 'Quiet test in yen',
    starts_on: '2026-01-01',
    ends_on: '2099-12-31',
    budget: { amount: 90_000, currency: 'JPY' },
    visibility: 'private',
  })
  const admin = await logIn(browser, url, 'admin@example.com', { viewport: viewports.desk })
  await admin.goto('/admin/campaigns')
  const quiet = admin.getByRole('row', { name: /Quiet test in yen/ })
  await expect(quiet).toContainText('¥90,000')
  const others = admin.getByRole('row', { name: /Public|[€$£]/ })
  await expect(others).not.toHaveCount(0)
  await admin.getByLabel('Visibility').selectOption('Private')
  await admin.getByLabel('Currency').selectOption('JPY')
  await expect(admin).toHaveURL(/visibility=private&currency=JPY/)
  await expect(others).toHaveCount(0)
  await admin.reload()
  await expect(quiet).toContainText('Private')
  await expect(others).toHaveCount(0)
  await expect(admin.getByRole('link', { name: 'Download CSV' })).toHaveAttribute(
    'href',
    /visibility=private&currency=JPY/,
  )
  await admin.getByLabel('Visibility').selectOption('Public')
  await expect(quiet).toHaveCount(0)
  await admin.getByRole('button', { name: 'Clear filters' }).click()
  await expect(quiet).toBeVisible()
  await expect(admin).toHaveURL(/campaigns$/)
  await expect(admin.getByLabel('Name or id')).toBeFocused()
  await sponsor.context().close()
  await admin.context().close()
})

test('an admin lets a kind of job wait and go on', async ({ browser }) => {
  const admin = await logIn(browser, cluster.url(0), 'admin@example.com', { viewport: viewports.phone })
  await admin.goto('/admin/jobs')
  await admin.getByRole('button', { name: 'Pause Weekly digests' }).click()
  await expect(admin.getByRole('row', { name: /Weekly digests/ }).getByText('Paused')).toBeVisible()
  await admin.reload()
  await admin.getByRole('button', { name: 'Resume Weekly digests' }).click()
  await expect(admin.getByRole('button', { name: 'Pause Weekly digests' })).toBeVisible()
  await admin.context().close()
})

for (const [colorScheme, width] of [
  ['light', 'phone'],
  ['dark', 'desk'],
] as const) {
  test(`axe finds nothing in a review and its mail: ${colorScheme}, ${width}`, async ({ browser }) => {
    const admin = await logIn(browser, cluster.url(0), 'admin@example.com', {
      colorScheme,
      viewport: viewports[width],
    })
    const people = await rest(admin, 'GET', '/api/admin/users?role=influencer&limit=1')
    const [person] = people.items as { id: string }[]
    const before = await rest(admin, 'GET', `/api/admin/flags?state=open&kind=user&subject=${person!.id}`)
    if ((before.items as unknown[]).length === 0) {
      await rest(admin, 'POST', '/api/admin/flags', { kind: 'user', id: person!.id, reason: 'A look' })
    }
    // The other pages are seen on the walk of crawl.spec.ts.
    for (const path of ['flags', 'mail']) {
      await admin.goto(`/admin/${path}`)
      await expect(admin.getByText(/^\d[\d,]* shown$/)).toBeVisible()
      await expectAccessible(admin, path)
    }
    await admin
      .getByRole('button', { name: /Under review/ })
      .first()
      .click()
    const letter = admin.frameLocator('iframe')
    await expect(letter.getByText('A look')).toBeVisible()
    // It is laid out as in a mail program: its own styles count.
    await expect(letter.getByRole('heading').first()).toHaveCSS('font-size', '24px')
    // axe cannot look into a frame that runs no scripts, which is what keeps the mail harmless.
    await admin.getByRole('button', { name: 'Plain text' }).click()
    await expectAccessible(admin, 'a mail')
    await admin.context().close()
  })
}
