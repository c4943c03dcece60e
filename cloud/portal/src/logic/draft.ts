// A job that is being written: its steps, the gaps in each, and the order that it becomes.

import type { Address, Order, OrderForm, Region, ServiceType } from '@holdfast/kit/api.gen.ts'
import { photoRefOf, type PreparedPhoto } from '@holdfast/kit/photos.ts'
import { amountOf } from '../parts/money.ts'
import { followingId } from './commandIds.ts'
import type { ExampleJob } from './firstSteps.ts'
import type { MoreWork } from './incidents.ts'
import { lackOf, ownTimeZone, type Repeat, ruleOf } from './series.ts'

export interface Draft {
  service: ServiceType | undefined
  title: string
  details: string
  region: Region | undefined
  district: string
  street: string
  /** `YYYY-MM-DD` by the person's own clock; empty for any day. */
  day: string
  /** Hours, such as `14-16`; empty for any time. */
  hours: string
  price: string
  /** The work may start only with a code that the customer reads out. Absent in drafts of before. */
  startCode?: boolean
  /** Photos of the job. Absent in drafts of before. */
  photos?: readonly PreparedPhoto[]
  /** How the job repeats, once it has an hour. Absent for a single one. */
  repeat?: Repeat
  /** The id under which it is published once. */
  commandId: string
}

export const HOURS = ['8-10', '10-12', '12-14', '14-16', '16-18', '18-20'] as const

export type DraftField = 'service' | 'title' | 'region' | 'street' | 'day' | 'hours' | 'repeat' | 'price'

/** What is wrong with a field. */
export type DraftLack = 'missing' | 'past' | 'amount' | 'count' | 'until'

const FIELDS: Readonly<Record<1 | 2 | 3, readonly DraftField[]>> = {
  1: ['service', 'title'],
  2: ['region', 'street', 'day', 'hours', 'repeat'],
  3: ['price'],
}

export function blankDraft(commandId: string): Draft {
  return { service: undefined, title: '', details: '', region: undefined, district: '', street: '', day: '', hours: '', price: '', commandId }
}

/** The same job once more, on a day to choose. */
export function draftAgain(order: Order, photos: readonly PreparedPhoto[], commandId: string): Draft {
  const { title, description: details, price } = order
  return { ...draftAtPlaceOf(order, commandId), title, details, price, photos, startCode: Boolean(order.start_code) }
}

/** An order for more work at the place of this one. Its id follows from the report's: a report leads to one order. */
export function draftOfMore(order: Order, { id, note, price }: Pick<MoreWork, 'id' | 'note' | 'price'>, title: string): Draft {
  return { ...draftAtPlaceOf(order, followingId(id)), title, details: note ?? '', price }
}

/** An example, with its words in the reader's language. Place and time are the person's to say. */
export function draftOfExample({ service, price }: ExampleJob, words: Pick<Draft, 'title' | 'details'>, commandId: string): Draft {
  return { ...blankDraft(commandId), ...words, service, price }
}

function draftAtPlaceOf(order: Order, commandId: string): Draft {
  return { ...blankDraft(commandId), service: order.service_type, region: order.location, street: order.address }
}

/** What a saved address says of the place. One without a region leaves it to be chosen. */
export function placeOf({ region, province, city, detail }: Address): Pick<Draft, 'district' | 'street'> & Partial<Pick<Draft, 'region'>> {
  const district = [province, city].filter(Boolean).join(' ')
  return { district, street: detail, ...(region ? { region } : {}) }
}

/** Refusals that the cloud keeps under the id, so that a repeat would get them again. */
const KEPT_REFUSALS: ReadonlySet<string> = new Set(['command_id_reused', 'too_many_open_orders'])

/** The id of the next try, after that refusal. */
export function idAfter(draft: Pick<Draft, 'commandId'>, refusal: string): string {
  return KEPT_REFUSALS.has(refusal) ? followingId(draft.commandId) : draft.commandId
}

/** The gaps in a step. `past` is a day and time that is over by `now`. */
export function lacking(draft: Draft, step: 1 | 2 | 3, now: number): Partial<Record<DraftField, DraftLack>> {
  const lacks: Partial<Record<DraftField, DraftLack>> = {}
  for (const field of FIELDS[step]) {
    if (field === 'day' || field === 'hours' || field === 'repeat') continue
    if (!draft[field]?.trim()) lacks[field] = 'missing'
  }
  if (step === 2 && draft.hours && !draft.day) lacks.day = 'missing'
  const { end } = timesOf(draft)
  if (step === 2 && end !== undefined && end <= now) lacks.hours = 'past'
  const repeat = repeatOf(draft)
  const repeatLack = repeat && lackOf(repeat, draft.day)
  if (step === 2 && repeatLack) lacks.repeat = repeatLack
  const amount = amountOf(draft.price)
  if (step === 3 && draft.price.trim() && (amount === undefined || Number(amount) <= 0)) lacks.price = 'amount'
  return lacks
}

/** A job repeats at an hour, so that each date has its own: without one the choice waits. */
export function repeatOf(draft: Pick<Draft, 'day' | 'hours' | 'repeat'>): Repeat | undefined {
  return draft.hours && timesOf(draft).start !== undefined ? draft.repeat : undefined
}

/** The first step that lacks something; 3 where nothing does. */
export function firstOpenStep(draft: Draft, now: number): 1 | 2 | 3 {
  for (const step of [1, 2] as const) if (Object.keys(lacking(draft, step, now)).length > 0) return step
  return 3
}

export function orderOf(draft: Draft): OrderForm | undefined {
  const price = amountOf(draft.price)
  if (!draft.service || !draft.region || price === undefined) return undefined
  const { start, end } = timesOf(draft)
  const repeat = repeatOf(draft)
  return {
    title: draft.title.trim(),
    description: draft.details.trim(),
    service_type: draft.service,
    price,
    currency: 'CNY',
    location: draft.region,
    address: [draft.district, draft.street].map(part => part.trim()).filter(Boolean).join(' '),
    ...(start === undefined ? {} : { service_start_time: new Date(start).toISOString() }),
    ...(end === undefined ? {} : { service_end_time: new Date(end).toISOString() }),
    ...(repeat ? { repeat: { rule: ruleOf(repeat, draft.day), time_zone: ownTimeZone() } } : {}),
    ...(draft.startCode ? { start_code: true } : {}),
    ...(draft.photos?.length ? { photos: draft.photos.map(photoRefOf) } : {}),
  }
}

/** The time that was chosen; a whole day where no hours were. */
export function timesOf(draft: Pick<Draft, 'day' | 'hours'>): { start?: number; end?: number } {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(draft.day)
  if (!day) return {}
  const [from = 0, to = 24] = draft.hours ? draft.hours.split('-').map(Number) : []
  const at = (hour: number) => new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3]), hour).getTime()
  return { start: at(from), end: at(to) }
}

/** A day of the person's own calendar. */
export function dayOf(at: Date): string {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(part => String(part).padStart(2, '0')).join('-')
}

/** The fields of the API's answer, as the form names them. */
export const FIELD_OF_API: Readonly<Record<string, { field: DraftField | 'details' | 'photos'; step: 1 | 2 | 3 }>> = {
  title: { field: 'title', step: 1 },
  description: { field: 'details', step: 1 },
  photos: { field: 'photos', step: 1 },
  service_type: { field: 'service', step: 1 },
  location: { field: 'region', step: 2 },
  address: { field: 'street', step: 2 },
  service_start_time: { field: 'day', step: 2 },
  service_end_time: { field: 'hours', step: 2 },
  'repeat.rule': { field: 'repeat', step: 2 },
  'repeat.time_zone': { field: 'repeat', step: 2 },
  price: { field: 'price', step: 3 },
}
