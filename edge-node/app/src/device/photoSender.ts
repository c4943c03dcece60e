// Brings the photos of one person to the edge, in chunks, after their commands.
//
// Must stay true: a photo leaves this tablet's disk only once the cloud has it, or the person has read that it is not
// taken; of two photos one moves at a time.
import type { PhotoStanding } from '@holdfast/kit/api.gen.ts'
import type { Answer, Edge } from './edge.ts'
import type { QueueItem } from './item.ts'
import { pauseMs } from './pace.ts'
import { type Photo, wayOf } from './photo.ts'
import { Turns } from './turns.ts'

export type PhotoDisk = {
  photos(): Promise<Photo[]>
  putPhotos(photos: readonly Photo[]): Promise<void>
  removePhotos(ids: readonly string[]): Promise<void>
}

export type PhotoWorld = {
  now(): number
  disk: PhotoDisk
  items(): readonly QueueItem[]
  token(): string | undefined
  standing(photo: Photo): Promise<Answer<PhotoStanding>>
  send(photo: Photo, offset: number, chunk: ArrayBuffer): Promise<Answer<PhotoStanding>>
  changed(photos: Photo[]): void
  later(run: () => void, ms: number): unknown
  never(timer: unknown): void
}

const CHUNK_BYTES = 128 * 1024
/** The node has it: asked again for the cloud's word. */
const ASK_EVERY_MS = 30_000
/** A photo that arrives changed again and again is damaged here. */
const DAMAGED_MAX = 3
/** A sent one is shown so long, without its content. */
const SHOWN_MS = 2 * 24 * 3_600_000

export class PhotoSender {
  private photos = new Map<string, Photo>()
  private timer: unknown
  private readonly turns = new Turns()
  private isStopped = false
  private readonly world: PhotoWorld

  constructor(world: PhotoWorld) {
    this.world = world
  }

  async open(): Promise<void> {
    const { disk, now } = this.world
    const all = await disk.photos()
    const old = all.filter((photo) => photo.state === 'sent' && photo.taken_at < now() - SHOWN_MS)
    await disk.removePhotos(old.map((photo) => photo.id))
    this.photos = new Map(all.filter((photo) => !old.includes(photo)).map((photo) => [photo.id, photo]))
    this.show()
    this.schedule()
  }

  stop(): Promise<void> {
    this.isStopped = true
    this.world.never(this.timer)
    return this.turns.idle
  }

  list(): Photo[] {
    return [...this.photos.values()].sort((a, b) => a.taken_at - b.taken_at)
  }

  /** They are on disk already. */
  added(photos: readonly Photo[]): void {
    for (const photo of photos) this.photos.set(photo.id, photo)
    this.show()
    this.schedule()
  }

  /** The person takes it back before the tap, or has read why it is not taken. */
  drop(ids: readonly string[]): Promise<void> {
    return this.turns.take(async () => {
      await this.world.disk.removePhotos(ids)
      for (const id of ids) this.photos.delete(id)
      this.show()
    })
  }

  /** The line is back, or a command has moved: what waited may leave. */
  retryNow(): Promise<void> {
    return this.turns.take(async () => {
      // Only here: a full disk, or the time to write them all again, keeps none of them back.
      for (const photo of this.list().filter((each) => this.mayMove(each))) this.photos.set(photo.id, { ...photo, next_at: 0 })
    }).then(() => this.step())
  }

  step(): Promise<void> {
    return this.turns.take(async () => {
      for (;;) {
        const photo = this.isStopped || !this.world.token() ? undefined : this.next()
        if (!photo || !(await this.move(photo))) return
      }
    }).finally(() => this.schedule())
  }

  private next(): Photo | undefined {
    return this.list().find((photo) => this.mayMove(photo) && photo.next_at <= this.world.now())
  }

  private mayMove(photo: Photo): boolean {
    const isUnderWay = photo.state === 'taken' || photo.state === 'stored'
    return isUnderWay && wayOf(photo, this.world.items()) === 'leaves'
  }

  /** False where nothing moves now. */
  private async move(photo: Photo): Promise<boolean> {
    let known = await this.learn(photo, await this.world.standing(photo))
    while (known?.state === 'taken' && known.have < known.bytes && known.code === undefined) {
      if (this.isStopped) return false
      const offset: number = known.have
      const chunk = known.content.slice(offset, offset + CHUNK_BYTES)
      known = await this.learn(known, await this.world.send(known, offset, chunk))
      // The node takes it, and yet has no more of it.
      if (known?.state === 'taken' && known.code === undefined && known.have <= offset) {
        this.photos.set(known.id, { ...known, next_at: this.world.now() + pauseMs(known.attempts + 1), attempts: known.attempts + 1 })
        return true
      }
    }
    return known !== undefined
  }

  /** Keeps what the edge answered; `undefined` where the edge was not reached. */
  private async learn(photo: Photo, answer: Answer<PhotoStanding>): Promise<Photo | undefined> {
    const next = { ...photo, ...this.heard(photo, answer) }
    // The disk writes a photo whole, so only what must outlive this window goes there. A full one keeps no photo back.
    const isNews = next.state !== photo.state || next.damaged !== photo.damaged || next.code !== photo.code
    if (isNews) await this.keep([next]).catch(() => undefined)
    this.photos.set(next.id, next)
    this.show()
    return 'unreachable' in answer ? undefined : next
  }

  private heard(photo: Photo, answer: Answer<PhotoStanding>): Partial<Photo> {
    const attempts = photo.attempts + 1
    const pause = { attempts, next_at: this.world.now() + pauseMs(attempts) }
    if ('unreachable' in answer) return { ...pause, code: 'unreachable' }
    if ('problem' in answer) {
      const { code } = answer.problem
      // The node has lost the command, or does not hold it yet.
      if (code === 'photo_not_named') return { ...pause, state: 'taken', have: 0, code }
      if (code !== 'photo_damaged') return { ...pause, code }
      const damaged = photo.damaged + 1
      return damaged >= DAMAGED_MAX ? { state: 'refused', damaged, code } : { ...pause, damaged, have: 0, code }
    }
    const { state, have, code } = answer.value
    if (state === 'sent') return { state, have: photo.bytes, code: undefined, content: new ArrayBuffer(0) }
    if (state === 'refused') return { state, code }
    if (state === 'stored') return { state, have: photo.bytes, code: undefined, attempts: 0, next_at: this.world.now() + ASK_EVERY_MS }
    // It has all bytes and yet not the photo: asked again, but not at once for ever.
    if (have >= photo.bytes) return { ...pause, state: 'taken', have }
    // The node lost it, or has a part of it.
    return { state: 'taken', have, code: undefined, attempts: 0, next_at: 0 }
  }

  private schedule(): void {
    this.world.never(this.timer)
    const waiting = this.list().filter((photo) => this.mayMove(photo))
    if (this.isStopped || waiting.length === 0 || !this.world.token()) return
    const next = Math.min(...waiting.map((photo) => photo.next_at))
    const wait = Math.max(50, Math.min(next - this.world.now(), ASK_EVERY_MS))
    this.timer = this.world.later(() => this.step().catch(() => this.schedule()), wait)
  }

  private async keep(photos: Photo[]): Promise<void> {
    if (photos.length === 0) return
    await this.world.disk.putPhotos(photos)
    for (const photo of photos) this.photos.set(photo.id, photo)
    this.show()
  }

  private show(): void {
    this.world.changed(this.list())
  }
}

type Owner = Pick<PhotoWorld, 'items' | 'token' | 'changed'>

/** Over HTTP to this edge. */
export function photoSenderFor(disk: PhotoDisk, edge: Edge, owner: Owner): PhotoSender {
  const token = () => owner.token() ?? ''
  return new PhotoSender({
    ...owner,
    now: () => Date.now(),
    disk,
    standing: (photo) => edge.photo(photo, photo.command ?? '', token()),
    send: (photo, offset, chunk) => edge.sendPhoto(photo, photo.command ?? '', token(), offset, chunk),
    later: (run, ms) => setTimeout(run, ms),
    never: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout> | undefined),
  })
}
