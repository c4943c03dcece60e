import { beforeEach, expect, it } from 'vitest'
import type { Receipt, Reply } from '@holdfast/kit/api.gen.ts'
import type { Answer } from './edge.ts'
import { truthOf, type QueueItem } from './item.ts'
import { decided, item, notTaken, refusal, stored } from './samples.ts'
import { NO_PROOFS, type Proofs } from './proof.ts'
import { Sender, type SenderWorld } from './sender.ts'

class Disk {
  kept = new Map<string, QueueItem>()
  seen: Record<string, Receipt> = {}
  isFull = false
  items = async () => [...this.kept.values()]
  put = async (items: readonly QueueItem[]) => {
    if (this.isFull) throw new DOMException('full', 'QuotaExceededError')
    for (const each of items) this.kept.set(each.id, structuredClone(each))
  }
  remove = async (ids: readonly string[]) => ids.forEach((id) => this.kept.delete(id))
  undo = (id: string) => this.remove([id])
  receipts = async () => this.seen
  putReceipts = async (receipts: Record<string, Receipt>) => void (this.seen = receipts)
}

let disk: Disk
let now: number
let isLineUp: boolean
let sent: { id: string; [field: string]: unknown }[]
let posts: Answer<Reply>[]
let timers: (() => void)[]
let ended: string[]
let isNear: boolean | undefined
let proofs: Proofs
let sender: Sender

function world(): SenderWorld {
  return {
    now: () => now,
    disk,
    edge: () => 'north-1',
    token: () => (ended.length > 0 ? undefined : 'token'),
    proofs,
    publish: (frame) => {
      if (isLineUp) sent.push(JSON.parse(frame))
      return isLineUp
    },
    post: async (frame) => {
      const answer = posts.shift() ?? { unreachable: true as const }
      if (!('unreachable' in answer)) sent.push(JSON.parse(frame))
      return answer
    },
    changed: () => {},
    decided: () => {},
    signInEnded: (code) => ended.push(code),
    reached: (isUp) => (isNear = isUp),
    later: (run) => timers.push(run),
    never: () => {},
  }
}

async function reopened(): Promise<Sender> {
  sender?.stop()
  sender = new Sender(world())
  await sender.open()
  return sender
}

beforeEach(() => {
  disk = new Disk()
  ;[now, isLineUp, sent, posts, timers, ended] = [100_000, true, [], [], [], []]
  isNear = undefined
  proofs = NO_PROOFS
})

async function with_(...items: QueueItem[]): Promise<Sender> {
  await disk.put(items)
  return reopened()
}

const truth = (id: string) => truthOf(sender.list().find((each) => each.id === id)!)

it('has the attempt on disk before the frame leaves', async () => {
  await with_(item(1, 'accept_order'))
  const publish = world().publish
  sender = new Sender({ ...world(), publish: (frame) => (expect(disk.kept.get('command-1')!.attempts).toBe(1), publish(frame)) })
  await sender.open()
  await sender.step()
  expect(sent.map((frame) => frame.id)).toEqual(['command-1'])
})

it('brings ten jobs through a kill of the browser, each once confirmed and in order', async () => {
  const work = Array.from({ length: 10 }, (_, at) => `job-${at}`)
  await with_(...work.flatMap((job, at) => [item(3 * at + 1, 'accept_order', job), item(3 * at + 2, 'start_order', job), item(3 * at + 3, 'complete_order', job)]))
  isLineUp = false
  await sender.step()
  expect(sender.list().every((each) => truthOf(each) === 'tablet')).toBe(true)
  await reopened()
  isLineUp = true
  const order: number[] = []
  for (let round = 0; round < 30; round += 1) {
    now += 60_000
    sent = []
    await sender.step()
    for (const frame of sent) {
      order.push(frame.device_seq as number)
      await sender.take(stored(frame.device_seq as number))
    }
  }
  expect(order).toHaveLength(30)
  expect(sender.list().every((each) => truthOf(each) === 'node')).toBe(true)
  await reopened()
  for (let seq = 1; seq <= 30; seq += 1) await sender.take(decided(seq, 'applied'))
  expect(sender.list().every((each) => truthOf(each) === 'confirmed')).toBe(true)
  for (const job of work) {
    const of = order.filter((seq) => disk.kept.get(`command-${seq}`)!.body.order_id === job)
    expect(of).toEqual([...of].sort((a, b) => a - b))
  }
})

it('goes over HTTP where there is no line, and says what hinders it', async () => {
  isLineUp = false
  posts = [{ unreachable: true }, { value: stored(1) }]
  await with_(item(1, 'accept_order'))
  await sender.step()
  expect(sender.list()[0]).toMatchObject({ state: 'waiting', attempts: 1, trouble: { code: 'unreachable' } })
  now += 60_000
  await sender.step()
  expect(truth('command-1')).toBe('node')
})

it('tries HTTP now and then where MQTT takes everything and answers nothing', async () => {
  posts = [{ value: stored(1) }]
  await with_(item(1, 'accept_order'))
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await sender.step()
    now += 60_000
  }
  expect(truth('command-1')).toBe('node')
})

it('stops at an ended sign-in and keeps everything', async () => {
  await with_(item(1, 'accept_order', 'a'), item(2, 'accept_order', 'b'))
  await sender.step()
  await sender.take(notTaken(1, 'token_expired'))
  expect(ended).toEqual(['token_expired'])
  now += 60_000
  sent = []
  await sender.step()
  expect(sent).toEqual([])
  expect(disk.kept.size).toBe(2)
  expect(truth('command-1')).toBe('tablet')
})

it('undoes what has not left, and nothing else', async () => {
  await with_(item(1, 'start_order', 'a', { leaves_at: now + 10_000 }), item(2, 'accept_order', 'b'))
  await sender.step()
  expect(await sender.undo('command-1')).toBe(true)
  expect(await sender.undo('command-2')).toBe(false)
  expect([...disk.kept.keys()]).toEqual(['command-2'])
})

it('shows an answer only once it is on disk', async () => {
  await with_(item(1, 'accept_order'))
  await sender.step()
  disk.isFull = true
  await expect(sender.take(stored(1))).rejects.toThrow()
  expect(truth('command-1')).toBe('tablet')
  disk.isFull = false
  await sender.take(stored(1))
  expect(truth('command-1')).toBe('node')
})

it('sends every command from a full disk, also where the person retries, and takes the answers in once there is room', async () => {
  await with_(item(1, 'accept_order', 'a', { next_at: now + 20_000 }), item(2, 'accept_order', 'b', { next_at: now + 20_000 }))
  disk.isFull = true
  isLineUp = false
  posts = [{ value: stored(1) }, { value: stored(2) }]
  await sender.retryNow()
  expect(sent.map(({ id }) => id)).toEqual(['command-1', 'command-2'])
  expect([truth('command-1'), truth('command-2')]).toEqual(['tablet', 'tablet'])
  disk.isFull = false
  now += 60_000
  posts = [{ value: stored(1) }, { value: stored(2) }]
  await sender.step()
  expect([truth('command-1'), truth('command-2')]).toEqual(['node', 'node'])
})

it('asks for missed decisions with the receipt, and shows the newest as a witness', async () => {
  await with_(item(1, 'accept_order', 'a'), item(2, 'accept_order', 'b'))
  await sender.step()
  await sender.take(stored(1))
  await sender.take(stored(2))
  sent = []
  await sender.askAgain()
  expect(sent.map(({ id, receipt, seen }) => [id, (receipt as Receipt).seq, (seen as Receipt).seq])).toEqual([
    ['command-1', 1, 2],
    ['command-2', 2, 2],
  ])
})

it('asks no other edge about a firm answer: it would decide it anew', async () => {
  await with_(item(1, 'accept_order', 'a'), item(2, 'accept_order', 'b'), item(3, 'accept_order', 'c'))
  await sender.step()
  const firm = stored(2, 'firm')
  await sender.take(stored(1))
  await sender.take({ ...firm, receipt: { ...firm.receipt!, edge: 'north-2' } })
  await sender.take(stored(3, 'firm'))
  sent = []
  await sender.askAgain()
  expect(sent.map((frame) => frame.id)).toEqual(['command-1', 'command-3'])
})

it('names a command that another edge may have as a repeat', async () => {
  await with_(item(1, 'accept_order', 'a', { edges: ['north-2'], attempts: 1 }))
  await sender.step()
  expect(sent[0]!.repeat).toBe(true)
})

it('sends the token with its proof, and asks for another when the edge refuses it', async () => {
  let made = 0
  let nonce = 'n-1'
  proofs = { present: async (token) => ({ value: `${token}~${nonce}~${(made += 1)}` }), forget: () => (nonce = 'n-2') }
  await with_(item(1, 'accept_order'))
  await sender.step()
  expect(sent[0]!.token).toBe('token~n-1~1')
  await sender.take({ ...notTaken(1, 'proof_required'), command_id: sent[0]!.id })
  expect(sender.list()[0]).toMatchObject({ state: 'waiting', trouble: { code: 'proof_required' } })
  now += 60_000
  await sender.step()
  expect(sent[1]!.token).toBe('token~n-2~2')
})

it('keeps a command that cannot be proven now, as where the edge is out of reach', async () => {
  proofs = { present: async () => ({ unreachable: true }), forget: () => {} }
  await with_(item(1, 'accept_order'))
  await sender.step()
  expect(sent).toEqual([])
  expect(sender.list()[0]).toMatchObject({ state: 'waiting', trouble: { code: 'unreachable' } })
  expect(isNear).toBe(false)
})

it('names the refusal of a nonce, from an edge that is in reach', async () => {
  proofs = { present: async () => refusal(503, 'unavailable'), forget: () => {} }
  await with_(item(1, 'accept_order'))
  await sender.step()
  expect(sent).toEqual([])
  expect(sender.list()[0]).toMatchObject({ state: 'waiting', trouble: { code: 'unavailable' } })
  expect(isNear).toBe(true)
})

it('hinders only what has not left, when the proof fails halfway', async () => {
  const answers: Answer<string>[] = [{ value: 'token' }, refusal(500, 'internal')]
  proofs = { present: async () => answers.shift()!, forget: () => {} }
  await with_(item(1, 'accept_order', 'a'), item(2, 'accept_order', 'b'), item(3, 'accept_order', 'c'))
  await sender.step()
  expect(sent.map((frame) => frame.id)).toEqual(['command-1'])
  expect(sender.list().map((each) => each.trouble?.code)).toEqual([undefined, 'internal', 'internal'])
})

it('hinders only what has not left, when the edge falls silent halfway', async () => {
  await with_(item(1, 'accept_order', 'a'), item(2, 'accept_order', 'b', { attempts: 2 }))
  await sender.step()
  expect(sent.map((frame) => frame.id)).toEqual(['command-1'])
  expect(sender.list().map((each) => each.trouble?.code)).toEqual([undefined, 'unreachable'])
})
