// Brings one person's commands to the edge, and takes in the answers of edge and cloud.
//
// Must stay true: an attempt is on disk before its frame leaves, so that a command without one has never left, unless
// the disk is full; an answer is on disk before the screen shows it.
import type { CmdFrame, Receipt, Reply } from '@holdfast/kit/api.gen.ts'
import { answered, isSignIn, meaningOf } from './answer.ts'
import { due, nextDue } from './due.ts'
import type { Answer } from './edge.ts'
import { canUndo, isFirm, type QueueItem, type TabletCommand } from './item.ts'
import { pauseMs } from './pace.ts'
import type { Proofs } from './proof.ts'
import { Turns } from './turns.ts'

export type SenderDisk = {
  items(): Promise<QueueItem[]>
  put(items: readonly QueueItem[]): Promise<void>
  remove(ids: readonly string[]): Promise<void>
  undo(id: string): Promise<void>
  receipts(): Promise<Record<string, Receipt>>
  putReceipts(receipts: Record<string, Receipt>): Promise<unknown>
}

export type SenderWorld = {
  now(): number
  disk: SenderDisk
  /** The edge spoken to; unknown until it was heard of once. */
  edge(): string | undefined
  token(): string | undefined
  /** Shows the edge that the token is this tablet's. */
  proofs: Proofs
  /** Over MQTT; false where that way is not open. */
  publish(frame: string): boolean
  post(frame: string): Promise<Answer<Reply>>
  /** The items are others now. */
  changed(items: QueueItem[]): void
  decided(item: QueueItem): void
  /** The sign-in opens nothing any more, by the edge's code. */
  signInEnded(code: string): void
  reached(isUp: boolean): void
  later(run: () => void, ms: number): unknown
  never(timer: unknown): void
}

type Failure = Exclude<Answer<unknown>, { value: unknown }>

/** Every so many attempts without an answer go over HTTP: something may swallow what MQTT takes. */
const HTTP_EVERY = 3
const DAY_MS = 24 * 3_600_000
/** Confirmed work is kept so long, for the day's record. */
const KEPT_MS = 2 * DAY_MS

export class Sender {
  private items = new Map<string, QueueItem>()
  private receipts: Record<string, Receipt> = {}
  private timer: unknown
  private readonly turns = new Turns()
  private isStopped = false
  private readonly world: SenderWorld

  constructor(world: SenderWorld) {
    this.world = world
  }

  async open(): Promise<void> {
    const { disk, now } = this.world
    const all = await disk.items()
    const old = all.filter((item) => isOver(item) && (item.decided_at ?? item.tapped_at) < now() - KEPT_MS)
    await disk.remove(old.map((item) => item.id))
    this.items = new Map(all.filter((item) => !old.includes(item)).map((item) => [item.id, item]))
    this.receipts = await disk.receipts()
    this.show()
    this.schedule()
  }

  /** Kept once nothing of it is under way any more. */
  stop(): Promise<void> {
    this.isStopped = true
    this.world.never(this.timer)
    return this.turns.idle
  }

  list(): QueueItem[] {
    return [...this.items.values()].sort((a, b) => a.device_seq - b.device_seq)
  }

  /** It is on disk already. */
  added(item: QueueItem): void {
    this.items.set(item.id, item)
    this.show()
    this.schedule()
  }

  /** Takes a command back that has never left; false where it has. */
  undo(id: string): Promise<boolean> {
    return this.turns.take(async () => {
      const item = this.items.get(id)
      if (!item || !canUndo(item, this.list())) return false
      await this.world.disk.undo(id)
      this.items.delete(id)
      this.show()
      return true
    })
  }

  understood(id: string): Promise<void> {
    return this.turns.take(async () => {
      const item = this.items.get(id)
      if (item) await this.keep([{ ...item, understood: true }])
    })
  }

  /** Sends all waiting commands now, save those that can still be undone. */
  retryNow(): Promise<void> {
    return this.turns.take(async () => {
      const waiting = this.list().filter((item) => item.state === 'waiting' && item.next_at > this.world.now())
      await this.keepIfRoom(waiting.map((item) => ({ ...item, next_at: 0 })))
    }).then(() => this.step())
  }

  /** Asks for the decisions that may have been missed; with their receipts, for an edge that lost them. */
  askAgain(): Promise<void> {
    return this.turns.take(async () => {
      const edge = this.world.edge()
      for (const item of this.list().filter((item) => item.state === 'stored' && mayAsk(item, edge))) {
        const frame = await this.frame(item)
        if (!frame || !('value' in frame) || this.isStopped) return
        if (!this.world.publish(frame.value) && !(await this.post(frame.value))) return
      }
    })
  }

  take(reply: Reply): Promise<void> {
    return this.turns.take(() => this.hear(reply))
  }

  step(): Promise<void> {
    return this.turns.take(async () => {
      const now = this.world.now()
      const leaving = this.world.token() ? due(this.list(), now) : []
      const edge = this.world.edge()
      const tried = leaving.map((item) => ({
        ...item,
        attempts: item.attempts + 1,
        next_at: now + pauseMs(item.attempts + 1),
        edges: edge === undefined || item.edges.includes(edge) ? item.edges : [...item.edges, edge],
      }))
      await this.keepIfRoom(tried)
      for (const [at, item] of tried.entries()) {
        const unsent = tried.slice(at)
        const frame = await this.frame(item)
        if (!frame) break
        if (!('value' in frame)) {
          await this.hinderBy(frame, unsent)
          break
        }
        const byHttp = item.attempts % HTTP_EVERY === 0
        if (!byHttp && this.world.publish(frame.value)) continue
        if (!(await this.post(frame.value, unsent))) break
      }
    }).finally(() => this.schedule())
  }

  private schedule(): void {
    this.world.never(this.timer)
    const next = nextDue(this.list(), this.world.now())
    if (this.isStopped || next === undefined || !this.world.token()) return
    const wait = Math.max(50, Math.min(next - this.world.now(), 30_000))
    this.timer = this.world.later(() => this.step().catch(() => this.schedule()), wait)
  }

  private async post(frame: string, unsent: QueueItem[] = []): Promise<boolean> {
    const answer = await this.world.post(frame)
    if ('value' in answer) {
      this.world.reached(true)
      // An answer that a full disk does not take is asked for again, and holds up no other command.
      await this.hear(answer.value).catch(() => undefined)
      return true
    }
    if ('problem' in answer && isSignIn(answer.problem.code) && answer.problem.status !== 503) this.world.signInEnded(answer.problem.code)
    await this.hinderBy(answer, unsent)
    return false
  }

  /** An edge that refuses is in reach: only silence makes it away. */
  private hinderBy(answer: Failure, unsent: QueueItem[]): Promise<void> {
    const isSilent = 'unreachable' in answer
    this.world.reached(!isSilent)
    const trouble = { code: isSilent ? 'unreachable' : answer.problem.code, at: this.world.now() }
    return this.keepIfRoom(unsent.flatMap((item) => (this.items.get(item.id)?.state === 'waiting' ? [{ ...item, trouble }] : [])))
  }

  private async hear(reply: Reply): Promise<void> {
    const item = reply.command_id === null ? undefined : this.items.get(reply.command_id)
    if (!item) return
    if (reply.code === 'proof_required') this.world.proofs.forget()
    if (meaningOf(reply) === 'sign-in' && isSignIn(reply.code ?? '')) this.world.signInEnded(reply.code!)
    const next = answered(item, reply, this.world.now())
    if (!next) return
    await this.keep([next])
    await this.witness(reply.receipt)
    if (next.state === 'decided' || next.state === 'refused') this.world.decided(next)
    this.schedule()
  }

  private async witness(receipt: Receipt | undefined): Promise<void> {
    if (!receipt) return
    const known = this.receipts[receipt.edge]
    if (known && [known.epoch - receipt.epoch, known.seq - receipt.seq].find((by) => by !== 0)! > 0) return
    this.receipts = { ...this.receipts, [receipt.edge]: receipt }
    await this.world.disk.putReceipts(this.receipts)
  }

  /** Nothing without a sign-in; else the frame, or what the edge answered instead of a nonce for the proof. */
  private async frame(item: QueueItem): Promise<Answer<string> | undefined> {
    const own = this.world.token()
    if (!own) return undefined
    const presented = await this.world.proofs.present(own)
    if (!('value' in presented)) return presented
    const edge = this.world.edge()
    const frame: Omit<CmdFrame, 'body'> & { body: TabletCommand } = {
      v: 1,
      id: item.id,
      device_seq: item.device_seq,
      tapped_at: new Date(item.tapped_at).toISOString(),
      seen: edge === undefined ? undefined : this.receipts[edge],
      receipt: item.reply?.receipt,
      repeat: item.edges.some((each) => each !== edge),
      token: presented.value,
      body: item.body,
    }
    return { value: JSON.stringify(frame) }
  }

  /** A full disk keeps nothing back from the edge, which is the way to an emptier one. */
  private async keepIfRoom(items: QueueItem[]): Promise<void> {
    await this.keep(items).catch(() => {
      for (const item of items) this.items.set(item.id, item)
      this.show()
    })
  }

  private async keep(items: QueueItem[]): Promise<void> {
    if (items.length === 0) return
    await this.world.disk.put(items)
    for (const item of items) this.items.set(item.id, item)
    this.show()
  }

  private show(): void {
    this.world.changed(this.list())
  }
}

/** An edge that gave a firm answer is the one to ask about it; another would decide it anew. */
function mayAsk(item: QueueItem, edge: string | undefined): boolean {
  return !isFirm(item) || item.reply?.receipt?.edge === edge
}

function isOver(item: QueueItem): boolean {
  return item.state === 'decided' ? item.understood === true || item.reply?.outcome?.kind !== 'rejected' : item.understood === true
}
