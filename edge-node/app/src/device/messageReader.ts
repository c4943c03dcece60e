// Reads what was written about one person's jobs from the edge, and keeps it on the tablet.
//
// Must stay true: an answer never makes unseen what the person has seen; `asOf` moves on only once every thread is as new.
import type { Answer, Edge } from './edge.ts'
import type { EdgeMessage, MessageNumbers, MessageThread } from './messageForms.ts'
import { awaitsPhoto, numberOf, type Thread } from './messages.ts'
import { Turns } from './turns.ts'

/** `as_of` is the moment as of which all threads are the cloud's. */
export type MessageFacts = { threads: Thread[]; as_of?: number }

export type MessageDisk = {
  messages(): Promise<MessageFacts | undefined>
  putMessages(facts: MessageFacts): Promise<void>
}

export type MessageWorld = {
  disk: MessageDisk
  now(): number
  token(): string | undefined
  numbers(token: string): Promise<Answer<MessageNumbers>>
  thread(order: string, token: string): Promise<Answer<MessageThread>>
  changed(threads: ReadonlyMap<string, Thread>, asOf: number | undefined): void
}

/** While nothing is written only the moment changes, and it goes to the disk this often. */
const MOMENT_KEPT_EVERY_MS = 60_000

export class MessageReader {
  private threads = new Map<string, Thread>()
  private asOf: number | undefined
  private keptAsOf = -Infinity
  private reading: Promise<void> | undefined
  private isStale = false
  private isStopped = false
  private readonly turns = new Turns()
  private readonly world: MessageWorld

  constructor(world: MessageWorld) {
    this.world = world
  }

  async open(): Promise<void> {
    const kept = await this.world.disk.messages()
    this.threads = new Map(kept?.threads.map((thread) => [thread.order_id, thread]))
    this.asOf = kept?.as_of
    this.show()
  }

  stop(): Promise<void> {
    this.isStopped = true
    return this.turns.idle
  }

  /** One at a time. A call that comes meanwhile leads to one more. */
  read(): Promise<void> {
    if (this.reading) {
      this.isStale = true
      return this.reading
    }
    this.reading = this.askUntilFresh().finally(() => (this.reading = undefined))
    return this.reading
  }

  /** The person has the newest message of an order before their eyes. */
  see(order: string): Promise<void> {
    const thread = this.threads.get(order)
    if (!thread || thread.seen >= numberOf(thread)) return Promise.resolve()
    this.threads.set(order, { ...thread, seen: numberOf(thread) })
    this.show()
    return this.keep()
  }

  private async askUntilFresh(): Promise<void> {
    do {
      this.isStale = false
      await this.ask()
    } while (this.isStale)
  }

  private async ask(): Promise<void> {
    const token = this.world.token()
    if (!token || this.isStopped) return
    const answer = await this.world.numbers(token)
    if (!('value' in answer) || this.isStopped) return
    const { orders, as_of } = answer.value
    const asOf = as_of === null ? undefined : Date.parse(as_of)
    const hasAll = await this.readNews(orders, token, asOf)
    if (!hasAll || this.isStopped) return
    this.asOf = later(this.asOf, asOf)
    this.show()
    const hasGone = this.drop(new Set(orders.map(({ order_id }) => order_id)), asOf)
    const isOld = (this.asOf ?? -Infinity) - this.keptAsOf >= MOMENT_KEPT_EVERY_MS
    if (hasGone || isOld) await this.keep()
  }

  /** Reads the threads that are others now; false if the edge did not tell them all. */
  private async readNews(orders: MessageNumbers['orders'], token: string, asOf: number | undefined): Promise<boolean> {
    for (const { order_id, number } of orders) {
      if (!this.isNews(this.threads.get(order_id), number, asOf)) continue
      const answer = await this.world.thread(order_id, token)
      if (this.isStopped) return false
      // The edge has dropped the order since it named it.
      const hasGone = 'problem' in answer && answer.problem.status === 404
      if (hasGone) continue
      if (!('value' in answer)) return false
      await this.take(order_id, answer.value.items, asOf)
    }
    return true
  }

  /** An edge that heard from the cloud later knows better; another edge of the region may know less. */
  private isNews(known: Thread | undefined, number: number, asOf = -Infinity): boolean {
    if (number === numberOf(known)) return awaitsPhoto(known, this.world.now())
    return number > numberOf(known) || asOf > known!.as_of
  }

  private take(order_id: string, items: EdgeMessage[], as_of = 0): Promise<void> {
    const seen = this.threads.get(order_id)?.seen ?? 0
    this.threads.set(order_id, { order_id, as_of, items, seen })
    this.show()
    return this.keep()
  }

  /** What the edge has no more was erased, or its order is long over. */
  private drop(named: ReadonlySet<string>, asOf = -Infinity): boolean {
    const gone = [...this.threads.values()].filter((thread) => !named.has(thread.order_id) && asOf > thread.as_of)
    for (const { order_id } of gone) this.threads.delete(order_id)
    if (gone.length > 0) this.show()
    return gone.length > 0
  }

  /** What a full disk does not take is shown all the same, and read again after the next start. */
  private keep(): Promise<void> {
    return this.turns.take(async () => {
      const facts: MessageFacts = { threads: [...this.threads.values()], as_of: this.asOf }
      await this.world.disk.putMessages(facts).catch(() => undefined)
      this.keptAsOf = facts.as_of ?? -Infinity
    })
  }

  private show(): void {
    this.world.changed(new Map(this.threads), this.asOf)
  }
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? one ?? other : Math.max(one, other)
}

/** Over HTTP from this edge. */
export function messageReaderFor(disk: MessageDisk, edge: Edge, owner: Pick<MessageWorld, 'token' | 'changed'>): MessageReader {
  return new MessageReader({ ...owner, disk, now: () => Date.now(), numbers: edge.messages, thread: edge.thread })
}
