import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freshStores } from '@/composables/withSetup'
import { offer, snapshot } from '@/services/room/fixtures'
import type { Command } from '@/services/socket/commands'
import { useLive } from '@/stores/live'
import AcceptDialog from './AcceptDialog.vue'

const first = { ...offer(2, 'sponsor'), expires_at: '2099-01-01T00:00:00Z' }
const newer = {
  ...offer(4, 'sponsor', 2, { fee: { amount: 100_000, currency: 'EUR' } }),
  expires_at: '2099-01-01T00:00:00Z',
  terms_hash: 'cd'.repeat(32),
}
const room = snapshot({ seq: 2, standing: first, status: 'invited', turn: 'influencer' })
const settled = (change: Partial<Command>): Command => ({
  id: 'c1',
  room: 'r',
  body: { type: 'reopen' },
  createdAt: 0,
  state: 'sent',
  ...change,
})

beforeEach(() => {
  freshStores()
  vi.spyOn(HTMLDialogElement.prototype, 'showModal').mockImplementation(() => {})
})
afterEach(() => vi.restoreAllMocks())

const open = (now = room) => mount(AcceptDialog, { props: { room: now, offer: first, name: 'Acme' } })
const confirm = (wrapper: ReturnType<typeof open>) => wrapper.get('.btn-success')

describe('AcceptDialog', () => {
  it('repeats all terms and names what is accepted', () => {
    const text = open().text()
    for (const term of ['€1,250', '2 × Instagram reel', 'Organic', '50 % on signing', '50 % on delivery']) {
      expect(text).toContain(term)
    }
  })

  it('is not optimistic: it waits for the server before it says anything', async () => {
    let answer: (command: Command) => void = () => {}
    const ask = vi.spyOn(useLive(), 'ask').mockReturnValue(new Promise((resolve) => (answer = resolve)))
    const wrapper = open()
    await confirm(wrapper).trigger('click')
    expect(ask).toHaveBeenCalledWith('r', { type: 'accept', offer_seq: 2, terms_hash: first.terms_hash })
    expect(wrapper.emitted('accepted')).toBeUndefined()
    expect(confirm(wrapper).attributes('disabled')).toBeDefined()
    answer(settled({}))
    await flushPromises()
    expect(wrapper.emitted('accepted')).toHaveLength(1)
  })

  it('a newer offer blocks it until the person has looked', async () => {
    const ask = vi.spyOn(useLive(), 'ask').mockResolvedValue(settled({}))
    const wrapper = open()
    await wrapper.setProps({ room: { ...room, seq: 4, standing: newer } })
    expect(wrapper.text()).toContain('A newer offer stands')
    expect(wrapper.text()).toContain('€1,000')
    expect(confirm(wrapper).attributes('disabled')).toBeDefined()
    await wrapper.get('.notice .btn').trigger('click')
    await confirm(wrapper).trigger('click')
    expect(ask).toHaveBeenCalledWith('r', { type: 'accept', offer_seq: 4, terms_hash: newer.terms_hash })
  })

  it('what nobody answered is retried under the same id', async () => {
    const live = useLive()
    vi.spyOn(live, 'ask').mockResolvedValue(
      settled({ state: 'failed', error: { code: 'timeout', message: '' } }),
    )
    const retry = vi.spyOn(live, 'retry').mockResolvedValue(settled({}))
    const wrapper = open()
    await confirm(wrapper).trigger('click')
    await flushPromises()
    expect(wrapper.text()).toContain('never sent twice')
    await confirm(wrapper).trigger('click')
    await flushPromises()
    expect(retry).toHaveBeenCalledWith('c1')
    expect(wrapper.emitted('accepted')).toHaveLength(1)
  })

  it('a refusal stays in the dialog, with the request id', async () => {
    vi.spyOn(useLive(), 'ask').mockResolvedValue(
      settled({ state: 'refused', error: { code: 'budget_exceeded', message: '', request_id: 'q1' } }),
    )
    const wrapper = open()
    await confirm(wrapper).trigger('click')
    await flushPromises()
    expect(wrapper.text()).toContain('budget does not cover this')
    expect(wrapper.text()).toContain('q1')
    expect(wrapper.emitted('accepted')).toBeUndefined()
  })

  it('an offer whose time has passed cannot be accepted', () => {
    const late = { ...first, expires_at: '2000-01-01T00:00:00Z' }
    const wrapper = open({ ...room, standing: late })
    expect(confirm(wrapper).attributes('disabled')).toBeDefined()
  })
})
