// Holds decisions back for some seconds before they are sent, so that they can be undone as if they had never been
// made. One batch is one press of a person: undo takes back the newest one that has not left.

export interface Batch<T> { readonly items: readonly T[]; readonly due: number }

export interface HoldingPorts<T> {
  now: () => number
  /** Sends one decision; `leaving` is true where the page is about to go. */
  send: (item: T, leaving: boolean) => Promise<void>
  /** Called after every change. */
  changed: () => void
  later: (ms: number, run: () => void) => () => void
}

/** Sent at once; more would only meet the limit of requests a minute. */
const ABREAST = 4

export class Holding<T> {
  private batches: Batch<T>[] = []
  private sending = 0
  private line: T[] = []
  private stopTimer: () => void = () => undefined

  private readonly ports: HoldingPorts<T>
  readonly delayMs: number

  constructor(ports: HoldingPorts<T>, delayMs = 10_000) {
    this.ports = ports
    this.delayMs = delayMs
  }

  hold(items: readonly T[]): void {
    if (items.length === 0) return
    this.batches.push({ items, due: this.ports.now() + this.delayMs })
    this.schedule()
    this.ports.changed()
  }

  /** Takes the newest batch back; `undefined` where everything has left. */
  undo(): readonly T[] | undefined {
    const batch = this.batches.pop()
    if (!batch) return undefined
    this.schedule()
    this.ports.changed()
    return batch.items
  }

  /** The batches that can still be undone, oldest first. */
  get held(): readonly Batch<T>[] {
    return this.batches
  }

  /** True from the moment a decision is made until its answer is there. */
  get busy(): boolean {
    return this.batches.length > 0 || this.line.length > 0 || this.sending > 0
  }

  /** Milliseconds until the newest batch leaves. */
  get leftMs(): number {
    const last = this.batches.at(-1)
    return last ? Math.max(0, last.due - this.ports.now()) : 0
  }

  /** Sends everything now, because nothing can be undone any more: the page or the person goes. */
  async leave(): Promise<void> {
    await Promise.all(this.drop().map(item => this.ports.send(item, true).catch(() => undefined)))
    this.ports.changed()
  }

  /** Forgets and returns all items that have not left. */
  drop(): T[] {
    const items = [...this.line, ...this.batches.flatMap(batch => batch.items)]
    this.batches = []
    this.line = []
    this.stopTimer()
    this.ports.changed()
    return items
  }

  private schedule(): void {
    this.stopTimer()
    const first = this.batches[0]
    if (!first) return
    this.stopTimer = this.ports.later(Math.max(0, first.due - this.ports.now()), () => this.release())
  }

  private release(): void {
    const now = this.ports.now()
    const due = this.batches.filter(batch => batch.due <= now)
    this.batches = this.batches.filter(batch => batch.due > now)
    this.line.push(...due.flatMap(batch => batch.items))
    this.schedule()
    this.pump()
    this.ports.changed()
  }

  private pump(): void {
    while (this.sending < ABREAST) {
      const item = this.line.shift()
      if (item === undefined) return
      this.sending += 1
      void this.ports.send(item, false).catch(() => undefined).finally(() => {
        this.sending -= 1
        this.ports.changed()
        this.pump()
      })
    }
  }
}
