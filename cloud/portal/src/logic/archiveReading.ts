// Reads everything that a person may read about themselves, part by part. Nothing is left out
// without a `Gap`: a part that fails ends the reading, and another run continues from there.

import type { AccountView, AddressBook, DeviceItem, Earnings, FactorState, IdentityList, InboxItem, MailAddress, MessageView, NotificationPreferences, NumberShowingView, Order, OrderPhotoView, OwnProfile, Payment, PaymentMethods, PushDeviceItem, RefundRequest, Review, SessionItem, StatementLine, TimelineEntry } from '@holdfast/kit/api.gen.ts'
import { Problem } from '../api/problem.ts'
import { type Archive, ARCHIVE_BOUNDS, type ArchiveBounds, type ArchiveFile, type ArchivePerson, type Gap, isAuthor, type OwnOrder, type Part, pathOf } from './archive.ts'
import { isProvider } from './profile.ts'

interface Page<T> { items: T[]; next: string | null }
type Pages<T> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>
type One<T> = (signal: AbortSignal) => Promise<T>
type OfOrder<T> = (id: string, signal: AbortSignal) => Promise<T>

/** The routes of the gateway. */
export interface ArchiveSource {
  account: OfOrder<AccountView>
  mail: One<MailAddress>
  profile: One<OwnProfile>
  addresses: One<AddressBook>
  orders: Pages<Order>
  timeline: OfOrder<TimelineEntry[]>
  photos: OfOrder<OrderPhotoView[]>
  showings: OfOrder<NumberShowingView[]>
  statement: OfOrder<StatementLine[]>
  messages: (id: string, cursor: string | undefined, signal: AbortSignal) => Promise<Page<MessageView>>
  payments: OfOrder<Payment[]>
  refunds: OfOrder<RefundRequest[]>
  reviews: Pages<Review>
  earnings: One<Earnings[]>
  lines: Pages<StatementLine>
  methods: One<PaymentMethods>
  inbox: Pages<InboxItem>
  wishes: One<NotificationPreferences>
  sessions: Pages<SessionItem>
  devices: One<{ items: DeviceItem[] }>
  pushDevices: One<{ items: PushDeviceItem[] }>
  identities: One<IdentityList>
  factor: One<FactorState>
  file: OfOrder<Blob>
  orderPhoto: (order: string, hash: string, signal: AbortSignal) => Promise<Blob>
  messagePhoto: (order: string, number: number, signal: AbortSignal) => Promise<Blob>
  reviewPicture: (review: string, image: string, signal: AbortSignal) => Promise<Blob>
}

/** `waitsS`: Holdfast answers so many questions a minute, and the reading goes on after that. */
export interface Progress { part: Part; at?: number; of?: number; waitsS?: number }

export interface ReadingContext {
  signal: AbortSignal
  tell: (progress: Progress) => void
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  bounds?: ArchiveBounds
}

export class PartFailed extends Error {
  readonly part: Part

  constructor(part: Part, cause: unknown) {
    super(`could not read the part ${part}`, { cause })
    this.part = part
  }
}

const FAILURES_MAX = 2
const RETRY_MS = 1_000
/** One after the other, before the next answer. */
const WAITS_MAX = 10
const WAIT_S = { usual: 10, most: 90 }

/** Keeps what it has read, so that another run reads only what is missing. */
export class ArchiveReading {
  private readonly kept = new Map<string, unknown>()
  private readonly source: ArchiveSource
  private readonly person: ArchivePerson

  constructor(source: ArchiveSource, person: ArchivePerson) {
    this.source = source
    this.person = person
  }

  read(context: ReadingContext): Promise<Archive> {
    return new Run(this.source, this.person, this.kept, context).readAll()
  }
}

/** A file to read, by the place where it is to stand. */
interface WantedFile { of: ArchiveFile['of']; id: string; folder: string; words: readonly (string | number)[]; read: One<Blob>; found?: (path: string) => void }

class Run {
  private readonly gaps: Gap[] = []
  private now: Progress = { part: 'account' }
  private readonly source: ArchiveSource
  private readonly person: ArchivePerson
  private readonly kept: Map<string, unknown>
  private readonly context: ReadingContext
  private readonly bounds: ArchiveBounds

  constructor(source: ArchiveSource, person: ArchivePerson, kept: Map<string, unknown>, context: ReadingContext) {
    this.source = source
    this.person = person
    this.kept = kept
    this.context = context
    this.bounds = context.bounds ?? ARCHIVE_BOUNDS
  }

  async readAll(): Promise<Archive> {
    const { source, person } = this
    const { role, user_id: me } = person
    const account = await this.part('account', () => this.one('account', signal => source.account(me, signal)))
    const mail = await this.part('account', () => this.one('mail', source.mail))
    const profile = await this.part('profile', () => this.one('profile', source.profile))
    const addresses = await this.part('profile', () => this.one('addresses', source.addresses))
    const listed = await this.part('orders', () => this.list('orders', 'orders', source.orders, this.bounds.orders))
    const orders = await this.part('histories', () => this.readHistories(listed))
    const reviews = await this.part('reviews', () => this.list('reviews', 'reviews', source.reviews, this.bounds.lines))
    const money = await this.part('money', () => this.readMoney())
    const inbox = role === 'admin' ? undefined : await this.part('inbox', () => this.list('inbox', 'inbox', source.inbox, this.bounds.lines))
    const wishes = await this.part('wishes', () => this.one('wishes', source.wishes))
    const signIns = await this.part('signIns', () => this.readSignIns())
    const files = await this.part('files', () => this.readFiles(this.wantedFiles(profile, reviews, orders)))
    return { person, account, mail, profile, addresses, orders, reviews, ...money, ...(inbox ? { inbox } : {}), wishes, ...signIns, files, gaps: this.gaps }
  }

  private async readHistories(orders: readonly Order[]): Promise<OwnOrder[]> {
    const read: OwnOrder[] = []
    for (const order of orders) {
      this.tell({ part: 'histories', at: read.length + 1, of: orders.length })
      read.push(await this.readHistory(order))
    }
    return read
  }

  private async readHistory(order: Order): Promise<OwnOrder> {
    const { source } = this
    const of = <T>(name: string, read: OfOrder<T>) => this.optional('histories', `${name} ${order.id}`, signal => read(order.id, signal))
    const timeline = await of('timeline', source.timeline)
    const photos = await of('photos', source.photos)
    const number_showings = await of('showings', source.showings)
    const statement = await of('statement', source.statement)
    const messages = await this.readMessages(order)
    const own = { ...order, timeline, photos: photos && photos.map(photo => ({ ...photo })), number_showings, statement, messages: messages && messages.map(message => ({ ...message })) }
    if (this.person.role === 'provider') return own
    return { ...own, payments: await of('payments', source.payments), refund_requests: await of('refunds', source.refunds) }
  }

  /** Between the two people of an order, from its acceptance on. */
  private async readMessages(order: Order): Promise<MessageView[] | null> {
    if (this.person.role === 'admin' || order.provider_id === null) return []
    const pages: Pages<MessageView> = (cursor, signal) => this.source.messages(order.id, cursor, signal)
    try {
      return await this.list('histories', `messages ${order.id}`, pages, this.bounds.lines)
    } catch (error) {
      if (!isGone(error)) throw error
      this.miss('histories', 'gone', 1)
      return null
    }
  }

  private async readMoney(): Promise<Pick<Archive, 'earnings' | 'lines' | 'methods'>> {
    const { source, person } = this
    const nothing = { earnings: [], lines: [], methods: [] }
    if (person.role === 'customer') return { ...nothing, methods: (await this.one('methods', source.methods)).kept }
    if (person.role === 'admin') return nothing
    const earnings = await this.one('earnings', source.earnings)
    return { ...nothing, earnings, lines: await this.list('money', 'lines', source.lines, this.bounds.lines) }
  }

  private async readSignIns(): Promise<Pick<Archive, 'sessions' | 'devices' | 'pushDevices' | 'identities' | 'factor'>> {
    const { source, person } = this
    const sessions = await this.list('signIns', 'sessions', source.sessions, this.bounds.lines)
    const { items: devices } = await this.one('devices', source.devices)
    const { items: pushDevices } = await this.one('pushDevices', source.pushDevices)
    const identities = await this.one('identities', source.identities)
    const factor = person.role === 'admin' ? { factor: await this.one('factor', source.factor) } : {}
    return { sessions, devices, pushDevices, identities, ...factor }
  }

  /** The files that the person owns, and the photos of their orders that have arrived. */
  private wantedFiles(profile: OwnProfile, reviews: readonly Review[], orders: readonly OwnOrder[]): WantedFile[] {
    const { source } = this
    const file = (of: ArchiveFile['of'], id: string, words: readonly (string | number)[]): WantedFile => ({ of, id, folder: 'files', words, read: signal => source.file(id, signal) })
    const papers = isProvider(profile) ? profile.certifications.flatMap(({ document }, n) => (document ? [file('certificate', document, ['certificate', n + 1])] : [])) : []
    const pictures = isProvider(profile) ? profile.pictures.map(({ file_id }, n) => file('work_picture', file_id, ['picture', n + 1])) : []
    const ofReviews = reviews.filter(one => isAuthor(this.person, one)).flatMap((review, n) => review.images.map((image, at): WantedFile => (
      { of: 'review', id: image, folder: 'files', words: ['review', n + 1, at + 1], read: signal => source.reviewPicture(review.id, image, signal) })))
    return [...(profile.photo ? [file('profile_photo', profile.photo, ['photo'])] : []), ...pictures, ...papers, ...ofReviews, ...orders.flatMap(order => [...this.wantedPhotos(order), ...this.wantedMessagePhotos(order)])]
  }

  private wantedPhotos(order: OwnOrder): WantedFile[] {
    const photos = order.photos ?? []
    const waiting = photos.filter(photo => photo.arrived_at === null && photo.refused === undefined).length
    this.miss('files', 'waiting', waiting)
    // A photo that two steps name is one file.
    const arrived = [...new Map(photos.filter(photo => photo.arrived_at !== null).map(photo => [photo.hash, photo])).values()]
    return arrived.map(({ hash, taken }, n) => ({
      of: 'order', id: hash, folder: `photos/${pathWord(order.code)}`, words: [taken, n + 1], read: signal => this.source.orderPhoto(order.id, hash, signal),
      found: path => photos.filter(photo => photo.hash === hash && photo.arrived_at !== null).forEach(photo => { photo.file = path }),
    }))
  }

  /** A refused photo is not waited for. */
  private wantedMessagePhotos(order: OwnOrder): WantedFile[] {
    const named = (order.messages ?? []).flatMap(message => (message.photo ? [{ message, photo: message.photo }] : []))
    const arrived = named.filter(({ photo }) => photo.arrived_at !== null)
    this.miss('files', 'waiting', named.filter(({ photo }) => photo.arrived_at === null && photo.refused === undefined).length)
    return arrived.map(({ message, photo }) => ({
      of: 'order', id: photo.hash, folder: `photos/${pathWord(order.code)}`, words: ['message', message.number],
      read: signal => this.source.messagePhoto(order.id, message.number, signal),
      found: path => { message.file = path },
    }))
  }

  private async readFiles(wanted: readonly WantedFile[]): Promise<ArchiveFile[]> {
    const files: ArchiveFile[] = []
    let bytesSoFar = 0
    for (const [n, { of, id, folder, words, read, found }] of wanted.entries()) {
      const leaveOutRest = () => this.miss('files', 'room', wanted.length - n)
      if (files.length >= this.bounds.files) {
        leaveOutRest()
        break
      }
      this.tell({ part: 'files', at: n + 1, of: wanted.length })
      const bytes = await this.optional('files', `file ${folder} ${id}`, read)
      if (!bytes) continue
      // What does not fit ends the list, so that no later file is read for nothing.
      if (bytesSoFar + bytes.size > this.bounds.fileBytes) {
        leaveOutRest()
        break
      }
      bytesSoFar += bytes.size
      const path = pathOf(folder, words, bytes.type)
      files.push({ path, of, id, bytes })
      found?.(path)
    }
    return files
  }

  private async part<T>(part: Part, work: () => Promise<T>): Promise<T> {
    this.tell({ part })
    try {
      return await work()
    } catch (error) {
      this.context.signal.throwIfAborted()
      throw new PartFailed(part, error)
    }
  }

  /** All pages, or as many of the newest items as the bound allows. */
  private async list<T>(part: Part, name: string, page: Pages<T>, most: number): Promise<T[]> {
    const items: T[] = []
    let cursor: string | undefined
    for (let pages = 0; pages <= most; pages += 1) {
      const at = cursor
      const answer = await this.one(`${name} ${at ?? ''}`, signal => page(at, signal))
      items.push(...answer.items)
      if (items.length > most || (items.length === most && answer.next !== null)) break
      if (answer.next === null) return items
      cursor = answer.next
      this.tell({ part, at: items.length })
    }
    this.gaps.push({ part, why: 'newest', n: Math.min(most, items.length) })
    return items.slice(0, most)
  }

  /** Null if the person may not read it any more, such as an order that was given back. */
  private async optional<T>(part: Part, key: string, read: One<T>): Promise<T | null> {
    const answer = await this.one<T | null>(key, signal => read(signal).catch((error: unknown) => {
      if (isGone(error)) return null
      throw error
    }))
    if (answer === null) this.miss(part, 'gone', 1)
    return answer
  }

  private async one<T>(key: string, read: One<T>): Promise<T> {
    if (this.kept.has(key)) return this.kept.get(key) as T
    const answer = await this.askPatiently(read)
    this.kept.set(key, answer)
    return answer
  }

  private async askPatiently<T>(read: One<T>): Promise<T> {
    const { signal, sleep } = this.context
    let failures = 0
    let waits = 0
    for (;;) {
      signal.throwIfAborted()
      try {
        return await read(signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof Problem) || !error.passes) throw error
        if (error.status === 429) {
          if (++waits > WAITS_MAX) throw error
          const waitsS = Math.min(error.retryAfterS ?? WAIT_S.usual, WAIT_S.most)
          this.context.tell({ ...this.now, waitsS })
          await sleep(waitsS * 1_000, signal)
          this.context.tell(this.now)
        } else {
          if (++failures > FAILURES_MAX) throw error
          await sleep(failures * RETRY_MS, signal)
        }
      }
    }
  }

  private tell(progress: Progress): void {
    this.now = progress
    this.context.tell(progress)
  }

  private miss(part: Part, why: Gap['why'], n: number): void {
    if (n === 0) return
    const known = this.gaps.find(gap => gap.part === part && gap.why === why)
    if (known) known.n += n
    else this.gaps.push({ part, why, n })
  }
}

const isGone = (error: unknown) => error instanceof Problem && (error.status === 403 || error.status === 404)
const pathWord = (word: string) => word.replaceAll(/[^A-Za-z0-9]+/g, '-')
