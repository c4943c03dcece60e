import { expect, it } from 'vitest'
import { countLately } from '../src/logic/deliveries.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const failure = (channel: 'email' | 'sms' | 'push', at: string) => ({ channel, created_at: at })

it('counts the failures of the last day by channel, the most first', () => {
  const failed = [
    failure('push', '2026-11-21T11:00:00Z'),
    failure('email', '2026-11-21T10:00:00Z'),
    failure('email', '2026-11-20T12:00:00Z'),
    failure('sms', '2026-11-20T11:59:59Z'),
  ]
  expect(countLately(failed, NOW)).toEqual([{ channel: 'email', count: 2 }, { channel: 'push', count: 1 }])
  expect(countLately([], NOW)).toEqual([])
})
