// What the archive of a person's own data holds, where it ends, and its files.

import type { AccountView, AddressBook, DeviceItem, Earnings, FactorState, IdentityList, InboxItem, MailAddress, MessageView, NotificationPreferences, NumberShowingView, Order, OrderPhotoView, OwnProfile, Payment, PaymentMethods, PushDeviceItem, RefundRequest, Review, Role, SessionItem, StatementLine, TimelineEntry } from '@holdfast/kit/api.gen.ts'
import { minorOf } from '../parts/money.ts'
import { monthAt, type MonthSums, sumsOfMonth } from './statement.ts'

/** A zip of this kind counts its files in sixteen bits, and a browser holds all of it. */
export const ARCHIVE_BOUNDS = { orders: 10_000, lines: 10_000, files: 20_000, fileBytes: 500_000_000 } as const
export type ArchiveBounds = { readonly [name in keyof typeof ARCHIVE_BOUNDS]: number }

/** The parts in the order in which they are read. */
export const PARTS = ['account', 'profile', 'orders', 'histories', 'reviews', 'money', 'inbox', 'wishes', 'signIns', 'files', 'pack'] as const
export type Part = (typeof PARTS)[number]

/**
 * What is not in the archive. `newest`: the list was cut after `n`. `room`: `n` files had no room.
 * `gone`: the person may not read `n` answers or files any more. `waiting`: `n` photos have not
 * reached Holdfast yet.
 */
export interface Gap { part: Part; why: 'newest' | 'room' | 'gone' | 'waiting'; n: number }

export interface ArchivePerson { user_id: string; username: string | null; role: Role }

/** `file` is its place in the archive, if it is there. */
export type OwnPhoto = OrderPhotoView & { file?: string }

/** `file` is the place of its photo in the archive, if it is there. */
export type OwnMessage = MessageView & { file?: string }

/** An order with all that the person may read of it; null if they may not read it any more. */
export interface OwnOrder extends Order {
  timeline: TimelineEntry[] | null
  photos: OwnPhoto[] | null
  number_showings: NumberShowingView[] | null
  /** Newest first. */
  messages: OwnMessage[] | null
  statement: StatementLine[] | null
  /** A provider reads neither payments nor requests for refunds. */
  payments?: Payment[] | null
  refund_requests?: RefundRequest[] | null
}

export interface ArchiveFile {
  path: string
  of: 'profile_photo' | 'work_picture' | 'certificate' | 'review' | 'order'
  /** The id or the hash by which the other files name it. */
  id: string
  bytes: Blob
}

export interface Archive {
  person: ArchivePerson
  account: AccountView
  mail: MailAddress
  profile: OwnProfile
  addresses: AddressBook
  orders: OwnOrder[]
  reviews: Review[]
  /** A provider's account. */
  earnings: Earnings[]
  lines: StatementLine[]
  /** A customer's. */
  methods: PaymentMethods['kept']
  /** Absent for an administrator: they share theirs. */
  inbox?: InboxItem[]
  wishes: NotificationPreferences
  sessions: SessionItem[]
  devices: DeviceItem[]
  pushDevices: PushDeviceItem[]
  identities: IdentityList
  factor?: FactorState
  files: ArchiveFile[]
  gaps: Gap[]
}

export interface MonthOfAccount extends MonthSums { month: string; currency: string }

/** A provider's account by months and currencies, newest first. The sums are in minor units. */
export function monthsOfAccount({ earnings, lines }: Pick<Archive, 'earnings' | 'lines'>): MonthOfAccount[] {
  const currencies = [...new Set([...earnings, ...lines].map(({ currency }) => currency))]
  return currencies.flatMap(currency => {
    const own = lines.filter(line => line.currency === currency)
    const balance = earnings.find(one => one.currency === currency)?.available ?? '0.00'
    const months = new Map(own.map(({ at }) => monthAt(Date.parse(at))).map(month => [month.name, month]))
    return [...months.values()].map(month => ({ month: month.name, currency, ...sumsOfMonth(own, month, minorOf(balance)) }))
  }).sort((a, b) => b.month.localeCompare(a.month) || a.currency.localeCompare(b.currency))
}

export const isAuthor = (person: ArchivePerson, review: Review) => review.customer_id === person.user_id

export interface TextFile { path: string; text: string }

/** The same content as the page's, for programs. */
export function jsonFilesOf(archive: Archive, drawnAt: number): TextFile[] {
  const { person, account, mail, profile, addresses, orders, reviews, inbox, wishes, sessions, devices, pushDevices, identities, factor, files, gaps } = archive
  const { earnings, lines, methods } = archive
  const money = person.role === 'provider' ? { earnings, statement: lines, months: monthsOfAccount(archive) } : { kept_methods: methods }
  const contents: Record<string, unknown> = {
    about: { format: 1, drawn_at: new Date(drawnAt).toISOString(), person, not_included: gaps },
    account: { account, mail_address: mail },
    profile,
    addresses,
    orders,
    reviews: { written: reviews.filter(one => isAuthor(person, one)), received: reviews.filter(one => !isAuthor(person, one)) },
    ...(person.role === 'admin' ? {} : { money }),
    ...(inbox ? { inbox } : {}),
    notifications: wishes,
    sign_ins: { sessions, devices, identities, notified_devices: pushDevices, ...(factor ? { second_factor: factor } : {}) },
    files: files.map(({ bytes, ...file }) => ({ ...file, bytes: bytes.size, type: bytes.type })),
  }
  return Object.entries(contents).map(([name, content]) => ({ path: `data/${name}.json`, text: `${JSON.stringify(content, null, 2)}\n` }))
}

const ENDINGS: Readonly<Record<string, string>> = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'application/pdf': 'pdf' }

/** A path of letters, digits, dots and dashes alone, whatever the answers say. */
export function pathOf(folder: string, words: readonly (string | number)[], type: string): string {
  const name = words.map(word => String(word).replaceAll(/[^A-Za-z0-9]+/g, '-')).join('-')
  return `${folder}/${name}.${ENDINGS[type] ?? 'bin'}`
}

/** The name under which the archive is saved. */
export function archiveName(person: ArchivePerson, drawnAt: number): string {
  const name = (person.username ?? person.user_id).replaceAll(/[^\w.-]+/g, '-')
  return `holdfast-${name}-${new Date(drawnAt).toISOString().slice(0, 10)}.zip`
}
