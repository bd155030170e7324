import { expect, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'

/** An influencer's page: edited with a picture, seen by a stranger, told of to other programs. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

test('a profile is edited with a live preview and a picture, and a stranger sees it', async ({
  browser,
  request,
}) => {
  const url = cluster.url(0)
  const page = await logIn(browser, url, 'influencer@example.com', { viewport: viewports.desk })
  await page.goto('/profile')
  const preview = page.getByRole('region', { name: 'Preview' })
  await page.getByLabel('Name', { exact: true }).fill('Mara <b>& Co')
  await expect(preview.getByRole('heading', { name: 'Mara <b>& Co' })).toBeVisible()

  // An address is checked while it is typed, by its form and by who has it.
  const address = page.getByLabel('Address')
  await address.fill('Mara!')
  await expect(page.getByText('Small letters, digits, and single hyphens between them.')).toBeVisible()
  await address.fill('mara-and-co')
  await expect(page.getByText('Free.')).toBeVisible()
  await page.getByLabel('About you').fill('Slow mornings.')

  const picture = await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    canvas.width = 900
    canvas.height = 400
    const context = canvas.getContext('2d')!
    context.fillStyle = '#a33'
    context.fillRect(0, 0, 900, 400)
    return canvas.toDataURL('image/png').split(',')[1]!
  })
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') })
  await page.getByRole('button', { name: 'Use this picture' }).click()
  await expect(page.getByText('The picture is saved.')).toBeVisible()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible()
  await expectAccessible(page, 'profile editor')

  const html = await (await request.get(`${url}/i/mara-and-co`)).text()
  expect(html).toContain('<title>Mara &lt;b&gt;&amp; Co · Parley</title>')
  expect(html).toMatch(/<meta property="og:image" content="http[^"]+\/pictures\/[0-9a-f]{32}-512" \/>/)
  expect((await request.get(`${url}/i/nobody-at-all`)).status()).toBe(404)

  for (const colorScheme of ['light', 'dark'] as const) {
    const visitor = await (
      await browser.newContext({ baseURL: url, colorScheme, viewport: viewports.phone })
    ).newPage()
    await visitor.goto('/i/mara-and-co')
    await expect(visitor.getByRole('heading', { level: 1, name: 'Mara <b>& Co' })).toBeVisible()
    await expect(visitor.getByText('Slow mornings.')).toBeVisible()
    await expectAccessible(visitor, `public profile, ${colorScheme}`)
    await visitor.goto('/i/nobody-at-all')
    await expect(visitor.getByRole('heading', { name: 'There is no such profile' })).toBeVisible()
    await visitor.context().close()
  }
})

test('the inbox’s filters are in the address bar, and a reload keeps them', async ({ browser }) => {
  const page = await logIn(browser, cluster.url(0), 'sponsor@example.com', { viewport: viewports.phone })
  await page.goto('/deals')
  const rows = page.getByRole('main').getByRole('listitem')
  await expect(rows.first()).toBeVisible()
  await page.getByRole('button', { name: 'Agreed' }).click()
  await expect(page).toHaveURL(/show=accepted/)
  await page.getByText('More filters').click()
  await page.getByLabel('State').selectOption('completed')
  await expect(page).toHaveURL(/status=completed/)
  await page.reload()
  await expect(page.getByLabel('State')).toHaveValue('completed')
  await page.getByLabel('Search by name or campaign').fill('no such name at all')
  await expect(page.getByRole('button', { name: 'Show all deals' })).toBeVisible()
  await expectAccessible(page, 'an inbox in which nothing fits')
  await page.getByRole('button', { name: 'Show all deals' }).click()
  await expect(rows.first()).toBeVisible()
  await expect(page).toHaveURL(/\/deals$/)
})
