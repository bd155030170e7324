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

  // A webhook of one's own, and then as where things are sent.
  await page.getByLabel('Name', { exact: true }).fill('Our bot')
  await page.getByLabel('Form', { exact: true }).selectOption('signed')
  await page.getByLabel('Address').fill('http://hooks.example/in')
  await page.getByRole('button', { name: 'Add the webhook' }).click()
  await expect(page.getByText('begins with https://', { exact: false }).last()).toBeVisible()
  await expect(page.getByTestId('webhook-secret')).toBeHidden()
  await page.getByLabel('Address').fill('https://hooks.example/in?key=k')
  await page.getByRole('button', { name: 'Add the webhook' }).click()
  await expect(page.getByTestId('webhook-secret')).toHaveText(/^[\w-]{43}$/)
  await expectAccessible(page, 'a webhook with its secret')
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByRole('button', { name: 'Send a test to Our bot' }).click()
  await expect(page.getByText('A test message is on its way.')).toBeVisible()
  await page.getByLabel('Send it to').selectOption('Our bot')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.reload()
  await expect(page.getByLabel('Send it to').locator('option:checked')).toHaveText('Our bot')
  await expectAccessible(page, 'notifications with a webhook')
  await page.getByRole('button', { name: 'Delete Our bot' }).click()
  await expect(page.getByText('You have no webhook.')).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Send it to').locator('option:checked')).toHaveText('Mail')
  await page.context().close()
})
