import { expect, type Page } from '@playwright/test'

/** How many stops of a page are walked; those after them are of the same kinds, rows of lists. */
const MOST_STOPS = 70

interface Walk {
  /** What the Tab key should reach, in the document's order. */
  stops: Element[]
  names: string[]
  /** The places in stops that the focus came to, in the order in which it did. */
  reached: number[]
  /** What did not look any different with the focus on it. */
  unseen: string[]
}

/**
 * Goes through a page with the Tab key alone: every control is reached, in the order in which
 * it stands in the document, and shows that it is; the way leads out at the end; the link to
 * skip what stands before the content does so.
 */
export async function expectKeyboard(page: Page, what: string): Promise<void> {
  const count = await page.evaluate(begin, MOST_STOPS)
  const state = () => page.evaluate(() => (window as unknown as { walk: Walk }).walk.reached.at(-1) ?? -1)
  // A date has several stops within it, and a box that scrolls is one by itself.
  for (let presses = 0; presses < 2 * count + 30 && (await state()) < count - 1;) {
    const some = Math.max(1, Math.min(20, count - 1 - (await state())))
    // The key held down: the browser takes the steps as fast as it can.
    await Promise.all(Array.from({ length: some }, () => page.keyboard.down('Tab')))
    await page.keyboard.up('Tab')
    presses += some
  }
  const { missed, order, unseen } = await page.evaluate((stops) => {
    const { names, reached, unseen } = (window as unknown as { walk: Walk }).walk
    const first = [...new Set(reached)].filter((place) => place < stops)
    return {
      missed: names.slice(0, stops).filter((_, place) => !first.includes(place)),
      order: first.every((place, i) => i === 0 || place > first[i - 1]!),
      unseen,
    }
  }, count)
  expect.soft(missed, `${what}: not reached by Tab`).toEqual([])
  expect.soft(order, `${what}: Tab follows the document`).toBe(true)
  expect.soft(unseen, `${what}: the focus does not show`).toEqual([])

  const skip = page.locator('.skip-link')
  await skip.focus()
  await page.keyboard.press('Enter')
  expect.soft(await page.evaluate(() => document.activeElement?.id), `${what}: the skip link`).toBe('main')
}

/** In the page: finds the stops, and notes what the focus does. Returns how many are walked. */
function begin(most: number): number {
  // A border that fades in would look as it did before.
  const still = new CSSStyleSheet()
  still.replaceSync('*, *::before, *::after { transition: none !important }')
  document.adoptedStyleSheets = [still]
  // Tab begins where the focus was last: at the very beginning, as after a full load.
  document.body.tabIndex = -1
  document.body.focus({ preventScroll: true })
  document.body.removeAttribute('tabindex')

  const radios = new Set<string>()
  const stops = [
    ...document.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex^="-"])',
    ),
  ].filter((element) => {
    if (element.tabIndex < 0 || element.matches(':disabled') || element.closest('[inert]')) return false
    if (!element.checkVisibility({ visibilityProperty: true })) return false
    if (!(element instanceof HTMLInputElement) || element.type !== 'radio') return true
    // Of a group the one that is chosen, or else the first.
    const group = [...document.querySelectorAll<HTMLInputElement>(`input[name="${element.name}"]`)]
    const stop = group.find((radio) => radio.checked) ?? group[0]
    if (stop !== element || radios.has(element.name)) return false
    radios.add(element.name)
    return true
  })
  const nameOf = (element: Element): string =>
    `${element.tagName.toLowerCase()} ${element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 40)} ${element.id}`
  /** How it looks, with what it stands in: a switch may show the focus of a box that nobody sees. */
  const look = (element: Element): string => {
    const parts: string[] = []
    for (let at: Element | null = element, up = 0; at && up < 3; at = at.parentElement, up++) {
      const style = getComputedStyle(at)
      parts.push(
        `${style.outlineStyle === 'none' ? '' : style.outline} ${style.boxShadow} ${style.borderColor}`,
      )
    }
    return parts.join('|')
  }
  const before = stops.map(look)
  const walk: Walk = { stops, names: stops.map(nameOf), reached: [], unseen: [] }
  document.addEventListener('focusin', (event) => {
    const place = stops.indexOf(event.target as HTMLElement)
    if (place < 0) return
    walk.reached.push(place)
    if (look(stops[place]!) === before[place]) walk.unseen.push(walk.names[place]!)
  })
  Object.assign(window, { walk })
  return Math.min(stops.length, most)
}
