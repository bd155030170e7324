import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useShortcuts } from './useShortcuts'
import { withSetup } from './withSetup'

const actions = { '?': vi.fn(), 'g d': vi.fn(), c: vi.fn() }
let end: () => void

function press(
  key: string,
  target: EventTarget = document.body,
  init: KeyboardEventInit = {},
): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init })
  target.dispatchEvent(event)
  return event
}

beforeEach(() => {
  for (const action of Object.values(actions)) action.mockReset()
  end = withSetup(() => useShortcuts(actions)).end
})
afterEach(() => {
  end()
  document.body.innerHTML = ''
})

describe('useShortcuts', () => {
  it('knows single keys and two in a row', () => {
    press('?')
    press('g')
    press('d')
    expect(actions['?']).toHaveBeenCalledOnce()
    expect(actions['g d']).toHaveBeenCalledOnce()
  })

  it('leaves fields, dialogs and the browser’s own keys alone', () => {
    document.body.innerHTML = '<textarea></textarea>'
    press('c', document.querySelector('textarea')!)
    press('c', document.body, { ctrlKey: true })
    press('c', document.body, { isComposing: true })
    document.body.innerHTML = '<dialog open></dialog>'
    press('c')
    expect(actions.c).not.toHaveBeenCalled()
  })

  it('takes only the keys it uses', () => {
    expect(press('c').defaultPrevented).toBe(true)
    expect(press('x').defaultPrevented).toBe(false)
  })
})
