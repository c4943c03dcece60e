// A job that is being described: its steps, what each still lacks, and the order that it becomes. It lives in the memory
// of this page alone.
import { photoRefOf, type PreparedPhoto } from '@holdfast/kit/photos.ts'
import type { Draft as OrderDraft, Region, ServiceType } from '@holdfast/kit/api.gen.ts'

export type WhenChoice = 'soon' | 'afternoon' | 'evening' | 'tomorrow' | 'other'

export type Draft = {
  service: ServiceType | ''
  title: string
  details: string
  photos: readonly PreparedPhoto[]
  when: WhenChoice | ''
  /** For another day: how many days ahead, and hours such as `14-16`. */
  daysAhead: number
  hours: string
  street: string
  phone: string
  price: string
}

export const STEPS = ['what', 'words', 'photos', 'when', 'where', 'price', 'check'] as const
export type Step = (typeof STEPS)[number]
export type DraftField = 'service' | 'title' | 'when' | 'hours' | 'street' | 'phone' | 'price'
/** `past` is a time that is over. */
export type Lack = 'missing' | 'past' | 'invalid'

export const HOURS = ['8-10', '10-12', '12-14', '14-16', '16-18', '18-20'] as const
/** Today's choices, as hours of the day, with the last hour at which each can still be chosen. */
const AFTERNOON = '14-16'
const EVENING = '18-20'
const MORNING = '9-12'
export const DAYS_AHEAD_MAX = 14
/** The digits of the shortest phone number, with and without the code of an area. */
const PHONE_DIGITS_MIN = 7
const PHONE_DIGITS_MAX = 15

const FIELDS: Readonly<Record<Step, readonly DraftField[]>> = {
  what: ['service'],
  words: ['title'],
  photos: [],
  when: ['when', 'hours'],
  where: ['street', 'phone'],
  price: ['price'],
  check: [],
}

export const blankDraft = (): Draft => ({ service: '', title: '', details: '', photos: [], when: '', daysAhead: 2, hours: HOURS[3], street: '', phone: '', price: '' })

export type Window = { start: number; end: number }

/** The time that was chosen; undefined for as soon as possible. */
export function windowOf(draft: Draft, now: number): Window | undefined {
  switch (draft.when) {
    case '':
    case 'soon':
      return undefined
    case 'afternoon':
      return windowAt(now, 0, AFTERNOON)
    case 'evening':
      return windowAt(now, 0, EVENING)
    case 'tomorrow':
      return windowAt(now, 1, MORNING)
    case 'other':
      return windowAt(now, draft.daysAhead, draft.hours)
  }
}

function windowAt(now: number, daysAhead: number, hours: string): Window {
  const day = new Date(now)
  const [from = 0, to = 24] = hours.split('-').map(Number)
  const at = (hour: number) => new Date(day.getFullYear(), day.getMonth(), day.getDate() + daysAhead, hour).getTime()
  return { start: at(from), end: at(to) }
}

/** The gaps in one step. */
export function lacking(draft: Draft, step: Step, now: number): Partial<Record<DraftField, Lack>> {
  const lacks: Partial<Record<DraftField, Lack>> = {}
  for (const field of FIELDS[step]) {
    const why = lackOf(draft, field, now)
    if (why) lacks[field] = why
  }
  return lacks
}

function lackOf(draft: Draft, field: DraftField, now: number): Lack | undefined {
  if (field === 'hours') return undefined
  if (!draft[field].trim()) return 'missing'
  if (field === 'when') return (windowOf(draft, now)?.end ?? Infinity) <= now ? 'past' : undefined
  if (field === 'phone') return isPhone(draft.phone) ? undefined : 'invalid'
  if (field === 'price') return priceOf(draft.price) === undefined ? 'invalid' : undefined
  return undefined
}

function isPhone(text: string): boolean {
  const digits = text.replace(/[\s()+-]/g, '')
  return /^\d+$/.test(digits) && digits.length >= PHONE_DIGITS_MIN && digits.length <= PHONE_DIGITS_MAX
}

/** A price in yuan as the protocol writes it, such as `180.00`. */
export function priceOf(text: string): string | undefined {
  const [, yuan, fen = ''] = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? []
  if (yuan === undefined) return undefined
  const price = `${Number(yuan)}.${fen.padEnd(2, '0')}`
  return Number(price) > 0 ? price : undefined
}

/** In minor units, to be shown. */
export const minorOf = (price: string): number => Math.round(Number(price) * 100)

/** The order; undefined while a step lacks something. `phoneWord` stands before the number. */
export function orderOf(draft: Draft, region: Region, now: number, phoneWord: string): OrderDraft | undefined {
  const price = priceOf(draft.price)
  if (!draft.service || price === undefined || STEPS.some((step) => Object.keys(lacking(draft, step, now)).length > 0)) return undefined
  const window = windowOf(draft, now)
  return {
    title: draft.title.trim(),
    description: draft.details.trim(),
    service_type: draft.service,
    price,
    currency: 'CNY',
    location: region,
    // The address is the one text of an order that stays hidden until the job is surely its reader's.
    address: `${draft.street.trim()}, ${phoneWord} ${draft.phone.trim()}`,
    ...(draft.photos.length > 0 && { photos: draft.photos.map(photoRefOf) }),
    ...(window && { service_start_time: new Date(window.start).toISOString(), service_end_time: new Date(window.end).toISOString() }),
  }
}
