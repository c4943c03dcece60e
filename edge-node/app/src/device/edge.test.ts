import { afterEach, expect, it, vi } from 'vitest'
import { edgeAt } from './edge.ts'
import { newProofKey } from './keys.ts'
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

it('asks for board and numbers of messages by the names of their last answers, and for nobody else’s', async () => {
  vi.stubGlobal('document', { documentElement: { lang: 'en' } })
  const asked: (string | null)[] = []
  vi.stubGlobal('fetch', async (url: string, { headers }: { headers: Headers }) => {
    const name = headers.get('if-none-match')
    asked.push(name)
    return name ? new Response(null, { status: 304 }) : Response.json({ items: [], orders: [], of: url }, { headers: { etag: `"${url}"` } })
  })
  const edge = edgeAt()
  for (const ask of [edge.board, edge.messages]) {
    const first = await ask('a.b.c')
    expect(await ask('a.b.c')).toEqual(first)
    await ask('d.e.f')
  }
  expect(asked).toEqual([null, '"/board"', null, null, '"/messages"', null])
})

it('tries once more with a new nonce where the edge refused the proof', async () => {
  vi.stubGlobal('document', { documentElement: { lang: 'en' } })
  const pair = await newProofKey()
  const shown: string[] = []
  let nonces = 0
  vi.stubGlobal('fetch', async (url: string, { headers }: { headers: Headers }) => {
    if (url === '/session/nonce') return Response.json({ nonce: `n-${(nonces += 1)}`, expires_in: 900 })
    shown.push(headers.get('authorization') ?? '')
    const refused = { type: 'urn:holdfast:proof_required', code: 'proof_required', title: 'prove it', status: 401 }
    return nonces === 1 ? Response.json(refused, { status: 401 }) : Response.json({ items: [] })
  })
  expect(await edgeAt('', () => pair).board('a.b.c')).toEqual({ value: { items: [] } })
  expect(shown.map((text) => text.split('~').slice(0, 2))).toEqual([['Bearer a.b.c', 'n-1'], ['Bearer a.b.c', 'n-2']])
})
