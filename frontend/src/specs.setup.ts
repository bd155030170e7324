import { disableAutoUnmount, enableAutoUnmount } from '@vue/test-utils'
import { afterEach } from 'vitest'

// The spec files that a worker runs share one window and the modules they import, in an order
// that differs from run to run. What a test put on the page or kept in the browser must
// therefore not reach the next one.
disableAutoUnmount() // of the file before: this one is run for each
enableAutoUnmount(afterEach)
afterEach(() => {
  document.body.replaceChildren()
  localStorage.clear()
  sessionStorage.clear()
})
