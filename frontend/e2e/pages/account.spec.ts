import { expect, test } from '@playwright/test'
import { codeOf, mailedSecret, signUp } from '../support/accounts'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn, viewports } from '../support/pages'
import { rest } from '../support/rooms'

/** How an account begins, is kept safe and ends. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

test('a sponsor signs up, waits, and is let in live', async ({ browser }) => {
  const url = cluster.url(0)
  const admin = await logIn(browser, url, 'admin@example.com', {
    viewport: viewports.desk,
    colorScheme: 'dark',
  })
  const context = await browser.newContext({ baseURL: url, viewport: viewports.phone })
  const page = await context.newPage()
  await page.goto('/register')
  await page.getByLabel('Name').fill('Juniper Works')
  await page.getByLabel('E-mail').fill('juniper')
  await page.getByLabel('Password').fill('short')
  await page.getByLabel('Industry').fill('Furniture')
  await page.getByLabel('Own budget').fill('12,5')
  await page.getByLabel('Currency').selectOption('JPY')
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page.getByText('Enter your e-mail address.')).toBeVisible()
  await expect(page.getByLabel('E-mail')).toBeFocused()
  await expect(page.getByText('At least 10 characters.', { exact: true })).toHaveCount(1)
  await expect(page.getByLabel('Own budget')).toHaveAttribute('aria-invalid', 'true')
  await expectAccessible(page, 'registration with what is wrong')

  await page.getByLabel('E-mail').fill('admin@example.com')
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByLabel('Currency').selectOption('EUR')
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page.getByText('An account with this e-mail exists. Log in instead.')).toBeVisible()
  await page.getByLabel('E-mail').fill('juniper@example.com')
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page.getByText(/Your account waits for approval/)).toBeVisible()

  // What was said at the door stands on the account, and can be changed there.
  await page.goto('/account')
  await expect(page.getByText('Furniture')).toBeVisible()
  await expect(page.getByText('€0 in campaigns, €12.50 free')).toBeVisible()
  await page.getByRole('button', { name: 'Change the budget in EUR' }).click()
  await page.getByLabel('New budget in EUR').fill('9,000')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('€0 in campaigns, €9,000 free')).toBeVisible()
  await expectAccessible(page, 'the account of a sponsor')

  // Private campaigns may be prepared; publishing is not offered.
  await page.goto('/campaigns/new')
  await expect(page.getByLabel(/^Public/)).toBeDisabled()
  await page.getByLabel('Name').fill('Chairs for autumn')
  await page.getByLabel('Budget').fill('10,000')
  await page.getByRole('button', { name: 'Create campaign' }).click()
  await expect(page.getByText(/€9,000/)).toBeVisible() // the own budget bounds it
  await page.getByLabel('Budget').fill('4,000')
  await page.getByRole('button', { name: 'Create campaign' }).click()
  await expect(page.getByRole('heading', { name: 'Chairs for autumn' })).toBeVisible()
  const invite = page.getByRole('button', { name: 'Invite an influencer' }).first()
  await expect(invite).toBeDisabled()

  await admin.goto('/admin/users?pending=1')
  await expect(admin.getByRole('row').filter({ hasText: 'Juniper Works' })).toContainText(
    'A company · Furniture',
  )
  await expectAccessible(admin, 'who waits for approval')
  await admin.getByRole('button', { name: 'Refuse Juniper Works' }).click()
  await admin.getByRole('dialog').getByRole('button', { name: 'Refuse' }).click()
  await expect(admin.getByText('Give a reason.')).toBeVisible()
  await admin.getByLabel('Reason').fill('Tell us where you are registered')
  await admin.getByRole('dialog').getByRole('button', { name: 'Refuse' }).click()
  await expect(admin.getByRole('row').filter({ hasText: 'Juniper Works' })).toHaveCount(0)
  await expect(page.getByText(/The reason: Tell us where you are registered/)).toBeVisible()

  await admin.getByLabel('State').selectOption('refused')
  await admin.getByRole('link', { name: 'Juniper Works' }).click()
  await admin.getByRole('button', { name: 'Approve Juniper Works' }).click()
  await expect(admin.getByText('Active', { exact: true })).toBeVisible()

  // The page that was open all the while.
  await expect(page.getByText(/did not approve your account/)).toHaveCount(0)
  await expect(invite).toBeEnabled()
  await page.getByRole('link', { name: /Notices/ }).click()
  await expect(
    page.getByText('You can send offers, invite influencers and publish campaigns now.'),
  ).toBeVisible()
  await expectAccessible(page, 'notices')
  const { items } = await rest(admin, 'GET', '/api/admin/mail?q=juniper@example.com')
  expect((items as { kind: string }[]).map(({ kind }) => kind)).toEqual(['approved', 'refused', 'verify'])
  await context.close()
  await admin.context().close()
})

test('a forgotten password is chosen anew by a mail, which works once', async ({ browser }) => {
  const url = cluster.url(0)
  const admin = await logIn(browser, url, 'admin@example.com')
  const { page: old, email } = await signUp(browser, url, 'influencer')
  await old.goto('/deals')
  const context = await browser.newContext({ baseURL: url, viewport: viewports.phone, colorScheme: 'dark' })
  const page = await context.newPage()
  await page.goto('/login')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await page.getByRole('button', { name: 'Send the link' }).click()
  await expect(page.getByText('Enter your e-mail address.')).toBeVisible()
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await expect(page.getByText(/a mail is on its way/)).toBeVisible()

  await expect
    .poll(() => mailedSecret(admin, 'reset', email).catch(() => ''), { message: 'the mail' })
    .toContain('/reset#')
  const link = await mailedSecret(admin, 'reset', email)
  await page.goto(link)
  await page.getByLabel('New password').fill('short')
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page.getByLabel('New password')).toHaveAttribute('aria-invalid', 'true')
  await expectAccessible(page, 'a new password')
  await page.getByLabel('New password').fill('staple battery horse')
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page.getByText('Your password was changed. Log in with it.')).toBeVisible()
  await expect(old).toHaveURL(/login/) // the sessions from before have ended, live

  await page.goto('about:blank')
  await page.goto(link)
  await page.getByLabel('New password').fill('staple battery horse')
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page.getByRole('link', { name: 'Ask for a new link' })).toBeVisible()
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill('staple battery horse')
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page).toHaveURL(/deals/)
  for (const one of [old, page, admin]) await one.context().close()
})

test('a second factor is set up, asked for, and a session is ended from another', async ({ browser }) => {
  const url = cluster.url(0)
  const { page, email, password } = await signUp(browser, url, 'influencer', { viewport: viewports.phone })
  await page.goto('/account/security')
  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByLabel('Current password').fill('not this one')
  await page.getByRole('button', { name: 'Set up' }).click()
  await expect(page.getByLabel('Current password')).toHaveAttribute('aria-invalid', 'true')
  await page.getByLabel('Current password').fill(password)
  await page.getByRole('button', { name: 'Set up' }).click()
  const secret = await page.getByTestId('totp-secret').innerText()
  await expectAccessible(page, 'a second factor is set up')
  await page.getByLabel('Code', { exact: true }).fill('000000x')
  await page.getByRole('button', { name: 'Turn on' }).click()
  await expect(page.getByLabel('Code', { exact: true })).toHaveAttribute('aria-invalid', 'true')
  // A code counts once, and those of the steps beside the present one count too.
  await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, Date.now()))
  await page.getByRole('button', { name: 'Turn on' }).click()
  await expect(page.getByTestId('recovery-codes').getByRole('listitem')).toHaveCount(10)
  await expectAccessible(page, 'recovery codes')
  await page.getByRole('button', { name: 'I have kept them' }).click()
  await expect(page.getByText('10 recovery codes are left.')).toBeVisible()

  const context = await browser.newContext({ baseURL: url, viewport: viewports.desk, colorScheme: 'dark' })
  const other = await context.newPage()
  await other.goto('/login')
  await other.getByLabel('E-mail').fill(email)
  await other.getByLabel('Password').fill(password)
  await other.getByRole('button', { name: 'Log in' }).click()
  await expect(other.getByRole('heading', { name: 'Enter your code' })).toBeVisible()
  await expectAccessible(other, 'the code at log-in')
  await other.getByLabel('Code', { exact: true }).fill('123')
  await other.getByRole('button', { name: 'Log in' }).click()
  await expect(other.getByLabel('Code', { exact: true })).toHaveAttribute('aria-invalid', 'true')
  await other.getByLabel('Code', { exact: true }).fill(codeOf(secret, Date.now() + 30_000))
  await other.getByRole('button', { name: 'Log in' }).click()
  await expect(other).toHaveURL(/deals/)

  await page.getByLabel('What it is for').fill('Nightly report')
  await page.getByRole('button', { name: 'Make a token' }).click()
  const token = await page.getByTestId('secret').innerText()
  await page.getByRole('button', { name: 'I have copied it' }).click()
  const asProgram = () => page.request.get(`${url}/api/me`, { headers: { authorization: `Bearer ${token}` } })
  expect((await asProgram()).status()).toBe(200)
  await page.getByRole('button', { name: 'Revoke the token Nightly report' }).click()
  await expect(page.getByText('No program has a token of yours.')).toBeVisible()
  expect((await asProgram()).status()).toBe(401)

  await page.reload()
  await page.getByRole('button', { name: /^End the session of/ }).click()
  await expect(other).toHaveURL(/login/)
  await expect(other.getByText(/Your session has ended/)).toBeVisible()
  await context.close()
  await page.context().close()
})

test('an account is deleted, and the person is gone', async ({ browser }) => {
  const url = cluster.url(0)
  const { page, email, password } = await signUp(browser, url, 'influencer', { viewport: viewports.phone })
  const { slug } = await rest(page, 'GET', '/api/profile')
  await page.goto('/account')
  const leave = page.getByRole('region', { name: 'Delete account' })
  await leave.getByLabel('I know that this cannot be undone.').check()
  await leave.getByRole('button', { name: 'Delete my account' }).click()
  await expect(leave.getByText('Enter your password.')).toBeVisible()
  await leave.getByLabel('Current password').fill(password)
  await leave.getByRole('button', { name: 'Delete my account' }).click()
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('Your account was deleted.')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page.getByText('No account has this e-mail and password.')).toBeVisible()
  await page.goto(`/i/${String(slug)}`)
  await expect(page.getByText('Newly Here')).toHaveCount(0)
  await page.context().close()
})
