import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

/** Where the systems' packages put the browser; PARLEY_CHROMIUM names another one. */
const chromium =
  process.env.PARLEY_CHROMIUM ??
  [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ].find((path) => existsSync(path))

/** Specs that take minutes. They begin first, so that at the end no worker waits for another. */
const long = /(crawl|room|search|stories)\.spec\.ts$/

/**
 * Every spec starts the servers it needs by itself, from the binary that `make bin/parley`
 * builds with the app inside (e2e/support/cluster.ts). Specs under e2e/pages hold how the
 * pages look, sound and behave; those under e2e/cluster what must hold when servers die.
 */
export default defineConfig({
  testDir: './e2e',
  globalSetup: './e2e/support/seed.ts',
  fullyParallel: true,
  workers: 2,
  projects: [
    { name: 'long', testMatch: long },
    { name: 'short', testIgnore: long },
  ],
  // A limit for what hangs, not a measure: machines are shared.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  // Recording what happens takes a sixth of the time of every test. One that fails is run once
  // more with a trace, which excuses nothing: the run has failed even if it passes then.
  retries: 1,
  failOnFlakyTests: true,
  forbidOnly: Boolean(process.env.CI),
  reporter: process.env.CI ? [['list']] : [['list'], ['html', { open: 'never' }]],
  use: {
    // Where a step hangs, the test need not wait for its own end.
    actionTimeout: 60_000,
    // Specs of the service worker let it in; elsewhere it would only be in the way.
    serviceWorkers: 'block',
    locale: 'en-GB',
    timezoneId: 'UTC',
    // Snapshots show what stood there; pictures of every frame would double the work.
    trace: { mode: 'on-first-retry', screenshots: false, snapshots: true, sources: false },
    launchOptions: {
      executablePath: chromium,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
