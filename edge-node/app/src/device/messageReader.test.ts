import { beforeEach, expect, it } from 'vitest'
import type { Answer } from './edge.ts'
import type { EdgeMessage, MessageNumbers, MessageThread } from './messageForms.ts'
import { MessageReader, type MessageFacts } from './messageReader.ts'
import { countUnseen, type Thread } from './messages.ts'
import { refusal } from './samples.ts'

const AWAY = { unreachable: true } as const
const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`
const message = (number: number): EdgeMessage => ({ number, id: `m-${number}`, from: 'customer', text: `text ${number}`, sent_at: at(0) })

/** What the edge has. */
let orders: Record<string, number>
let asOf: string | null
let threadAnswers: Answer<MessageThread>[]
let asked: string[]
let kept: MessageFacts | undefined
let writes: number
let shown: { threads: ReadonlyMap<string, Thread>; asOf: number | undefined }
let token: string | undefined
/** Runs before the edge answers with a thread. */
let meanwhile: () => void

beforeEach(() => {
  [orders, asOf, threadAnswers, asked, kept, writes, token, meanwhile] = [{ a: 2, b: 1 }, at(1), [], [], undefined, 0, 'token', () => undefined]
})

async function open(): Promise<MessageReader> {
  const reader = new MessageReader({
    disk: {
      messages: async () => structuredClone(kept),
      putMessages: async (facts) => {
        kept = structuredClone(facts)
        writes += 1
      },
    },
    now: () => Date.parse(at(0)),
    token: () => token,
    numbers: async (): Promise<Answer<MessageNumbers>> => {
      asked.push('numbers')
      return { value: { as_of: asOf, orders: Object.entries(orders).map(([order_id, number]) => ({ order_id, number })) } }
    },
    thread: async (order) => {
      asked.push(order)
      meanwhile()
      return threadAnswers.shift() ?? { value: { as_of: asOf, items: Array.from({ length: orders[order]! }, (_, n) => message(n + 1)) } }
    },
    changed: (threads, asOf) => (shown = { threads, asOf }),
  })
  await reader.open()
  return reader
}

const lengths = () => Object.fromEntries([...shown.threads].map(([order, { items }]) => [order, items.length]))

it('reads the threads whose number has grown, and no other', async () => {
  const reader = await open()
  await reader.read()
  expect(asked.splice(0)).toEqual(['numbers', 'a', 'b'])
  asOf = at(2)
  await reader.read()
  expect(asked.splice(0)).toEqual(['numbers'])
  orders.b = 3
  await reader.read()
  expect(asked).toEqual(['numbers', 'b'])
  expect([lengths(), shown.asOf]).toEqual([{ a: 2, b: 3 }, Date.parse(at(2))])
})

it('has all of it after a start without the edge', async () => {
  const first = await open()
  await first.read()
  await first.see('a')
  const before = shown
  await open()
  expect(shown).toEqual(before)
  expect([countUnseen(shown.threads.get('a')), countUnseen(shown.threads.get('b'))]).toEqual([0, 1])
})

it('keeps what it read where the edge goes away, moves its moment only with all of them, and reads the rest next', async () => {
  const reader = await open()
  threadAnswers = [{ value: { as_of: at(1), items: [message(1), message(2)] } }, AWAY]
  await reader.read()
  expect([lengths(), shown.asOf]).toEqual([{ a: 2 }, undefined])
  expect(kept?.threads.map((thread) => thread.order_id)).toEqual(['a'])
  asked = []
  await reader.read()
  expect(asked).toEqual(['numbers', 'b'])
  expect([lengths(), shown.asOf]).toEqual([{ a: 2, b: 1 }, Date.parse(at(1))])
})

it('goes on past an order that the edge has just dropped', async () => {
  const reader = await open()
  threadAnswers = [refusal(404, 'order_not_found')]
  await reader.read()
  expect([lengths(), shown.asOf]).toEqual([{ b: 1 }, Date.parse(at(1))])
})

it('forgets no look of the person while an answer comes', async () => {
  const reader = await open()
  await reader.read()
  orders.a = 3
  meanwhile = () => void reader.see('a')
  await reader.read()
  expect(shown.threads.get('a')).toMatchObject({ seen: 2 })
  expect(countUnseen(shown.threads.get('a')), 'the third came after the look').toBe(1)
  expect(kept?.threads.find((thread) => thread.order_id === 'a')?.seen).toBe(2)
})

it('drops what an edge that heard from the cloud since no longer has, and nothing at an edge that knows less', async () => {
  const reader = await open()
  await reader.read()
  orders = { a: 1 }
  for (const older of [null, at(0), at(1)]) {
    asOf = older
    await reader.read()
    expect(lengths(), String(older)).toEqual({ a: 2, b: 1 })
  }
  expect(shown.asOf).toBe(Date.parse(at(1)))
  asOf = at(2)
  await reader.read()
  expect([lengths(), kept?.threads.length]).toEqual([{ a: 1 }, 1])
})

it('asks once at a time, once more for calls that came meanwhile, and never without a sign-in or after its end', async () => {
  const reader = await open()
  await Promise.all([reader.read(), reader.read(), reader.read()])
  expect(asked.filter((what) => what === 'numbers')).toHaveLength(2)
  token = undefined
  asked = []
  await reader.read()
  token = 'token'
  await reader.stop()
  await reader.read()
  expect(asked).toEqual([])
})

it('takes nothing in that comes after its end', async () => {
  const reader = await open()
  meanwhile = () => void reader.stop()
  await reader.read()
  expect([shown.threads.size, kept]).toEqual([0, undefined])
})

it('writes a moment without a message to the disk once a minute', async () => {
  const reader = await open()
  await reader.read()
  const before = writes
  for (const later of ['2026-11-21T09:01:15Z', '2026-11-21T09:01:30Z', '2026-11-21T09:01:59Z']) {
    asOf = later
    await reader.read()
  }
  expect(writes - before).toBe(0)
  asOf = '2026-11-21T09:02:00Z'
  await reader.read()
  expect([writes - before, kept?.as_of]).toEqual([1, Date.parse(asOf)])
})

it('reads a thread again while a photo is on its way, although no message is new', async () => {
  orders = { a: 1 }
  const told = (state: 'coming' | 'here'): Answer<MessageThread> => ({ value: { as_of: at(1), items: [{ ...message(1), photo: { hash: 'aa', bytes: 7, state } }] } })
  threadAnswers = [told('coming'), told('here')]
  const reader = await open()
  for (let n = 0; n < 3; n += 1) await reader.read()
  expect(asked).toEqual(['numbers', 'a', 'numbers', 'a', 'numbers'])
  expect(shown.threads.get('a')?.items[0]?.photo?.state).toBe('here')
})
