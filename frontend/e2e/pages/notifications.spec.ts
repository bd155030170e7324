import { expect, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'

/** What one wants to be told, and when. */
test.describe.configure({ mode: 'default', timeout: 60_000 })

let cluster: Cluster

test.beforeAll(async () => {
  test.setTimeout(60_000)
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

test('an influencer chooses what they are told, and the choice stays', async ({ browser }) => {
  const page = await logIn(browser, cluster.url(0), 'influencer@example.com', {
    viewport: viewports.phone,
    timezoneId: 'America/Sao_Paulo',
  })
  await page.goto('/account')
  await page.getByRole('link', { name: 'Notifications', exact: true }).click()
  await expect(page.getByLabel('Time zone')).toHaveValue('America/Sao_Paulo') // told at the door
  await page.getByRole('switch', { name: 'Offers while you are away' }).uncheck()
  await page.getByLabel('Time zone').selectOption('Asia/Tokyo')
  await page.getByLabel('Hour of the reminder').selectOption('7')
  await expectAccessible(page, 'notifications')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Time zone')).toHaveValue('Asia/Tokyo')
  await expect(page.getByLabel('Hour of the reminder')).toHaveValue('7')
  await expect(page.getByRole('switch', { name: 'Offers while you are away' })).not.toBeChecked()
  await expect(page.getByRole('switch', { name: 'Daily reminder' })).toBeChecked()
  await page.context().close()
})
