import { afterEach, expect, it, vi } from 'vitest'
import { edgeAt } from './edge.ts'
import { notTaken, stored } from './samples.ts'

function answers(status: number, body: unknown): void {
  vi.stubGlobal('document', { documentElement: { lang: 'en' } })
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(body), { status }))
}

afterEach(() => vi.unstubAllGlobals())

it('finds the reply also in a refusal of the call', async () => {
  answers(200, stored(1))
  expect(await edgeAt().command('{}')).toEqual({ value: stored(1) })
  const refused = notTaken(1, 'session_ended')
  answers(401, { type: 'urn:holdfast:session_ended', code: 'session_ended', title: 'ended', status: 401, reply: refused })
  expect(await edgeAt().command('{}')).toEqual({ value: refused })
  const busy = { type: 'urn:holdfast:unavailable', code: 'unavailable', title: 'busy', status: 503 }
  answers(503, busy)
  expect(await edgeAt().command('{}')).toEqual({ problem: busy })
})
