import { expect, test } from '@playwright/test'
import { mailedSecret, signUp } from '../support/accounts'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'

/** What one wants to be told, and when. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
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
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('Saved.')
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
  await expect(page.getByTestId('secret')).toBeHidden()
  await page.getByLabel('Address').fill('https://hooks.example/in?key=k')
  await page.getByRole('button', { name: 'Add the webhook' }).click()
  await expect(page.getByTestId('secret')).toHaveText(/^[\w-]{43}$/)
  await expectAccessible(page, 'a webhook with its secret')
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByRole('button', { name: 'Send a test to Our bot' }).click()
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('A test message is on its way.')
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

test('who has not confirmed their address is told that no mail comes, and asks for the link again', async ({
  browser,
}) => {
  const { page, email } = await signUp(browser, cluster.url(0), 'influencer', { viewport: viewports.phone })
  await page.goto('/account/notifications')
  const notice = page.getByText(`nothing of this is mailed to ${email}`)
  await expect(notice).toBeVisible()
  await expectAccessible(page, 'notifications without a confirmed address')
  await page.getByRole('button', { name: 'Send the mail again' }).click()
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('We sent the mail again.')

  const admin = await logIn(browser, cluster.url(0), 'admin@example.com')
  await page.goto(await mailedSecret(admin, 'verify', email))
  await expect(page.getByText(/confirmed/i).first()).toBeVisible()
  await page.goto('/account/notifications')
  await expect(page.getByRole('heading', { name: 'What', exact: true })).toBeVisible()
  await expect(notice).toBeHidden()
})
