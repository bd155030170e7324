import { flushPromises } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { api } from '@/services/api'
import { useRoomNames } from './useRoomNames'
import { withSetup } from './withSetup'

afterEach(() => vi.restoreAllMocks())

const snapshot = (name: string) =>
  ({ campaign: { name }, sponsor: { name: 'Sponsor' }, influencer: { name: 'Influencer' } }) as never

it('asks once for each room, a few at a time', async () => {
  const answers: (() => void)[] = []
  const ask = vi
    .spyOn(api, 'adminRoom')
    .mockImplementation((room) => new Promise((done) => answers.push(() => done(snapshot(`c ${room}`)))))
  const { result, end } = withSetup(() => useRoomNames())
  result.want(['a', 'b', 'a', 'c', 'd', 'e'])
  result.want(['e'])
  expect(ask).toHaveBeenCalledTimes(4)
  answers.shift()!()
  await flushPromises()
  expect(ask).toHaveBeenCalledTimes(5)
  expect(result.names.get('a')).toEqual({ campaign: 'c a', sponsor: 'Sponsor', influencer: 'Influencer' })
  end()
})

it('asks again after a failure, when the room is shown again', async () => {
  const ask = vi
    .spyOn(api, 'adminRoom')
    .mockRejectedValueOnce(new Error('offline'))
    .mockResolvedValue(snapshot('c'))
  const { result, end } = withSetup(() => useRoomNames())
  result.want(['a'])
  await flushPromises()
  expect(result.names.size).toBe(0)
  result.want(['a'])
  await flushPromises()
  expect(ask).toHaveBeenCalledTimes(2)
  expect(result.names.get('a')?.campaign).toBe('c')
  end()
})
