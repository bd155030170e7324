import { beforeEach, describe, expect, it } from 'vitest'
import type { Command, CommandState } from '@/services/socket/commands'
import { clearUnsent, loadUnsent, saveUnsent } from './unsent'

const command = (id: string, state: CommandState): Command => ({
  id,
  room: 'r',
  body: { type: 'message', text: id },
  createdAt: 1,
  epoch: 'e1',
  state,
})

beforeEach(() => sessionStorage.clear())

describe('unsent commands', () => {
  it('keeps what nobody has answered, for its user only', () => {
    saveUnsent('u1', [
      command('a', 'sending'),
      command('b', 'failed'),
      command('c', 'sent'),
      command('d', 'refused'),
    ])
    expect(loadUnsent('u1').map(({ id }) => id)).toEqual(['a', 'b'])
    expect(loadUnsent('u1')[0]).toEqual({
      id: 'a',
      room: 'r',
      body: { type: 'message', text: 'a' },
      createdAt: 1,
      epoch: 'e1',
    })
    expect(loadUnsent('u2')).toEqual([])
  })

  it('forgets them when all are answered', () => {
    saveUnsent('u1', [command('a', 'sending')])
    saveUnsent('u1', [command('a', 'sent')])
    expect(sessionStorage).toHaveLength(0)
  })

  it('survives what is not its own', () => {
    sessionStorage.setItem('parley.unsent.u1', '{')
    expect(loadUnsent('u1')).toEqual([])
  })

  it('leaves nothing behind when somebody logs out, but what is not its own', () => {
    saveUnsent('u1', [command('a', 'failed')])
    saveUnsent('u2', [command('b', 'failed')])
    sessionStorage.setItem('other', 'x')
    clearUnsent()
    expect(Object.keys(sessionStorage)).toEqual(['other'])
  })
})
