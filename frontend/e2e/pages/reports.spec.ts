import { readFileSync } from 'node:fs'
import { expect, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'

let cluster: Cluster
test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})
test.afterAll(async () => {
  await cluster?.stop()
})

test('a sponsor makes a report on a month and takes it away as PDF', async ({ browser }) => {
  const sponsor = await logIn(browser, cluster.url(0), 'sponsor@example.com', { viewport: viewports.phone })
  await sponsor.goto('/reports')
  await expectAccessible(sponsor, 'reports')
  await sponsor.getByRole('button', { name: 'Make report' }).click()
  const pdf = sponsor.getByRole('link', { name: /^Report for .* as PDF$/ })
  await expect(pdf).toBeVisible()
  const [download] = await Promise.all([sponsor.waitForEvent('download'), pdf.click()])
  expect(download.suggestedFilename()).toMatch(/^parley-\d{4}-\d\d\.pdf$/)
  expect(
    readFileSync(await download.path())
      .subarray(0, 5)
      .toString(),
  ).toBe('%PDF-')
})

test('an admin exports a table, sees it get on, takes it away and removes it', async ({ browser }) => {
  const admin = await logIn(browser, cluster.url(0), 'admin@example.com', { colorScheme: 'dark' })
  await admin.goto('/reports')
  await admin.getByLabel('Table').selectOption('Events of all rooms')
  await admin.getByLabel(/byte order mark/).check()
  await admin.getByRole('button', { name: 'Export as CSV' }).click()
  const link = admin.getByRole('link', { name: 'Download Events of all rooms' })
  await expect(link).toBeVisible()
  await expectAccessible(admin, 'exports')
  const [download] = await Promise.all([admin.waitForEvent('download'), link.click()])
  const text = readFileSync(await download.path(), 'utf8')
  expect(text).toMatch(/^\uFEFFpos,room_id,seq,type,/)
  const told = (await admin.getByText(/^[\d,]+ rows, /).textContent())!
  const rows = Number(told.trim().split(' ')[0]!.replaceAll(',', ''))
  expect(text.trimEnd().split('\r\n').length).toBe(rows + 1)
  await admin.getByRole('button', { name: 'Remove the file of Events of all rooms' }).click()
  await expect(link).toBeHidden()
  await expect(admin.getByText('File removed')).toBeVisible()
})
