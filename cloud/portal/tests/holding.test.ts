import { beforeEach, describe, expect, it } from 'vitest'
import { Holding } from '../src/logic/holding.ts'

let now = 0
let timers: { at: number; run: () => void }[] = []
let sent: string[] = []
let answer: (item: string) => Promise<void> = () => Promise.resolve()

function holding(): Holding<string> {
  return new Holding<string>({
    now: () => now,
    send: item => { sent.push(item); return answer(item) },
    changed: () => undefined,
    later: (ms, run) => {
      const timer = { at: now + ms, run }
      timers.push(timer)
      return () => { timers = timers.filter(other => other !== timer) }
    },
  })
}

async function pass(ms: number): Promise<void> {
  const until = now + ms
  for (;;) {
    const [next] = timers.filter(timer => timer.at <= until).sort((a, b) => a.at - b.at)
    if (!next) break
    now = next.at
    timers = timers.filter(timer => timer !== next)
    next.run()
    await new Promise(resolve => { setTimeout(resolve) })
  }
  now = until
}

describe('a decision', () => {
  beforeEach(() => { now = 0; timers = []; sent = []; answer = () => Promise.resolve() })

  it('leaves after ten seconds, not before', async () => {
    const held = holding()
    held.hold(['a'])
    await pass(9_999)
    expect(sent).toEqual([])
    expect(held.leftMs).toBe(1)
    await pass(1)
    expect(sent).toEqual(['a'])
    expect(held.busy).toBe(false)
  })

  it('never leaves once it is undone', async () => {
    const held = holding()
    held.hold(['a', 'b'])
    await pass(5_000)
    expect(held.undo()).toEqual(['a', 'b'])
    await pass(60_000)
    expect(sent).toEqual([])
    expect(held.undo()).toBeUndefined()
  })

  it('is undone newest first, and the others go their way', async () => {
    const held = holding()
    held.hold(['a'])
    await pass(1_000)
    held.hold(['b'])
    expect(held.undo()).toEqual(['b'])
    await pass(9_000)
    expect(sent).toEqual(['a'])
  })

  it('goes at once where the page goes', () => {
    const held = holding()
    held.hold(['a'])
    held.hold(['b', 'c'])
    void held.leave()
    expect(sent).toEqual(['a', 'b', 'c'])
    expect(held.undo()).toBeUndefined()
  })

  it('is forgotten where the person may not send it any more', async () => {
    const held = holding()
    held.hold(['a'])
    held.hold(['b'])
    expect(held.drop()).toEqual(['a', 'b'])
    await pass(60_000)
    expect(sent).toEqual([])
  })

  it('leaves four abreast, and a failure holds up no other', async () => {
    const waiting: (() => void)[] = []
    answer = item => new Promise((resolve, reject) => waiting.push(item === 'i1' ? () => reject(new Error('refused')) : resolve))
    const held = holding()
    held.hold(Array.from({ length: 50 }, (_, i) => `i${i}`))
    await pass(10_000)
    expect(sent).toHaveLength(4)
    while (waiting.length > 0) {
      waiting.splice(0).forEach(done => done())
      await new Promise(resolve => { setTimeout(resolve) })
    }
    expect(sent).toHaveLength(50)
    expect(held.busy).toBe(false)
  })
})
