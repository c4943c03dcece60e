import { expect, it } from 'vitest'
import { countLately, REASONS, reasonOf } from '../src/logic/deliveries.ts'
import en from '../src/locales/desk/en.json'

const sources = Object.values(import.meta.glob<string>('../../notification/src/**/*.rs', { eager: true, query: '?raw', import: 'default' })).join('\n')

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

it('has words for each reason that the notification service writes', () => {
  for (const why of Object.keys(REASONS)) expect(sources, why).toContain(`"${why}"`)
  const { refused, ...reasons } = en.deliveries.reason
  expect(Object.values(REASONS).toSorted()).toEqual(Object.keys(reasons).toSorted())
  expect(refused).toContain('{status}')
})

it('reads the status of a refusal, and leaves the words of another server as they are', () => {
  expect(reasonOf('the mail server refused the message with 550')).toEqual({ key: 'refused', status: '550' })
  expect(reasonOf('the push service refused the message with status 413')).toEqual({ key: 'refused', status: '413' })
  expect(reasonOf('the push service answered 503')).toEqual({ key: 'refused', status: '503' })
  expect(reasonOf('it was read before')).toEqual({ key: 'read' })
  expect(reasonOf('the gateway is unreachable: connection refused')).toBeUndefined()
})
