import { describe, expect, it } from 'vitest'
import { allZones, browserZone } from './zones'

describe('zones', () => {
  it('lists each zone once, with UTC and those given', () => {
    const zones = allZones('Europe/Berlin', 'Mars/Olympus', browserZone())
    expect(zones).toContain('UTC')
    expect(zones).toContain('Mars/Olympus')
    expect(new Set(zones).size).toBe(zones.length)
    expect(zones).toEqual([...zones].sort())
  })
})
