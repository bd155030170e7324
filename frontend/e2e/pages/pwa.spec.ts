import { expect, type Page, test } from '@playwright/test'
import { Cluster } from '../support/cluster'
import { expectAccessible, logIn } from '../support/pages'

/** The app as something to install: what its service worker keeps, and what it leaves alone. */
test.describe.configure({ mode: 'default' })

let cluster: Cluster

test.beforeAll(async () => {
  cluster = await Cluster.start(1)
})

test.afterAll(async () => {
  await cluster?.stop()
})

const installed = (page: Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready
  })

/** The paths of all that is kept, by whatever cache. */
const kept = (page: Page) =>
  page.evaluate(async () => {
    const paths: string[] = []
    for (const name of await caches.keys()) {
      for (const request of await (await caches.open(name)).keys()) paths.push(new URL(request.url).pathname)
    }
    return paths
  })

test('it can be installed', async ({ browser }) => {
  const page = await (await browser.newContext({ baseURL: cluster.url(0) })).newPage()
  await page.goto('/')
  const address = await page.locator('link[rel="manifest"]').getAttribute('href')
  const answer = await page.request.get(address!)
  expect(answer.headers()['content-type']).toContain('application/manifest+json')
  const manifest = (await answer.json()) as { icons: { src: string; type: string; purpose?: string }[] }
  expect(manifest).toMatchObject({ name: 'Parley', start_url: '/', display: 'standalone' })
  expect(manifest.icons.some((icon) => icon.purpose === 'maskable')).toBe(true)
  for (const icon of manifest.icons) {
    const picture = await page.request.get(icon.src)
    expect(picture.headers()['content-type'], icon.src).toBe(icon.type)
  }
  const worker = await page.request.get('/sw.js')
  expect(worker.headers()['cache-control']).toBe('no-cache')
  await page.context().close()
})

test('without the server there is a page that says so, and nothing private is kept', async ({ browser }) => {
  const errors: string[] = []
  const page = await logIn(browser, cluster.url(0), 'sponsor@example.com', { serviceWorkers: 'allow' })
  page.on('pageerror', (error) => errors.push(error.message))
  await installed(page)
  await page.goto('/deals')
  await page.getByRole('main').getByRole('listitem').first().getByRole('link').click()
  await expect(page.getByRole('log')).toBeVisible()
  const list = await kept(page)
  expect(list).toContain('/offline.html')
  expect(
    list.filter((path) => !/^\/(assets\/|offline\.|theme\.js$|favicon|icon-|manifest\.)/.test(path)),
  ).toEqual([])

  // What is not a page of the app goes past it.
  for (const path of ['/healthz', '/api/me', '/metrics']) {
    expect((await page.goto(path))?.status(), path).toBe(200)
  }

  await cluster.kill(0)
  await page.goto('/campaigns')
  await expect(page.getByRole('heading', { name: 'You are offline' })).toBeVisible()
  await expect(page).toHaveTitle(/Offline/)
  await expectAccessible(page, 'offline')
  await cluster.restart(0)
  await page.getByRole('link', { name: 'Try again' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Campaigns' })).toBeVisible()
  expect(errors).toEqual([])
  await page.context().close()
})
