// The filters of the admins' list of orders and of a provider's open jobs: as words of the
// address, and as the routes take them.

import { ORDER_STATUSES, type OrderStatus, type Region, REGIONS, SERVICE_TYPES, type ServiceType } from '@holdfast/kit/wire.gen.ts'
import { amountOf, minorOf } from '../parts/money.ts'
import { ID, searchOf } from './search.ts'

/** The words, in the order of the form. */
export const FILTERS = ['q', 'status', 'region', 'service', 'least', 'most', 'from', 'until', 'customer', 'provider'] as const
/** Those of open jobs. */
export const OPEN_FILTERS = ['q', 'region', 'service', 'least'] as const satisfies readonly Filter[]
export type Filter = (typeof FILTERS)[number]
export type Filters = Partial<Record<Filter, string>>

export interface OrdersQuery {
  text?: string
  code?: string
  status?: OrderStatus
  region?: Region | undefined
  service_type?: ServiceType | undefined
  customer_id?: string | undefined
  provider_id?: string | undefined
  price_min?: string
  price_max?: string
  /** From this moment on, and before that one. */
  from?: string
  until?: string
}

/** Why a word is none, as a key of the messages. */
export type Wrong = 'price' | 'prices' | 'day' | 'days'

/** The filters of an address that anybody may have written. */
export function filtersOf(query: Readonly<Record<string, unknown>>, names: readonly Filter[] = FILTERS): Filters {
  const words: Filters = {}
  for (const name of names) {
    const value = query[name]
    if (typeof value === 'string' && value.trim() !== '') words[name] = value.trim()
  }
  return words
}

/** What is asked for, and every word that cannot be. A day is one of the reader's own, and `until` counts to its end. */
export function readFilters(words: Filters): { query: OrdersQuery; wrong: Partial<Record<Filter, Wrong>> } {
  const wrong: Partial<Record<Filter, Wrong>> = {}
  const query: OrdersQuery = {
    ...some('status', ORDER_STATUSES.find(one => one === words.status)),
    ...some('region', REGIONS.find(one => one === words.region)),
    ...some('service_type', SERVICE_TYPES.find(one => one === words.service)),
  }
  for (const [name, field] of [['customer', 'customer_id'], ['provider', 'provider_id']] as const) {
    if (ID.test(words[name] ?? '')) query[field] = words[name]
  }
  const search = searchOf(words.q ?? '')
  if (search?.by === 'code') query.code = search.code
  else if (words.q) query.text = words.q

  for (const [name, field] of [['least', 'price_min'], ['most', 'price_max']] as const) {
    const typed = words[name]
    const amount = typed === undefined ? undefined : amountOf(typed)
    if (amount !== undefined) query[field] = amount
    else if (typed !== undefined) wrong[name] = 'price'
  }
  if (query.price_min && query.price_max && minorOf(query.price_max) < minorOf(query.price_min)) wrong.most = 'prices'

  for (const [name, days] of [['from', 0], ['until', 1]] as const) {
    const typed = words[name]
    const moment = typed === undefined ? undefined : startOf(typed, days)
    if (moment !== undefined) query[name] = moment
    else if (typed !== undefined) wrong[name] = 'day'
  }
  if (query.from && query.until && query.until <= query.from) wrong.until = 'days'
  return { query, wrong }
}

export type OpenQuery = Omit<OrdersQuery, 'code' | 'customer_id' | 'provider_id'>

/** The same for open jobs. Their route also looks for words in codes, so a code stays a word. */
export function readOpenFilters(words: Filters): { query: OpenQuery; wrong: Partial<Record<Filter, Wrong>> } {
  const { query: { code: _, ...query }, wrong } = readFilters(words)
  return { query: words.q ? { ...query, text: words.q } : query, wrong }
}

function some<K extends keyof OrdersQuery>(name: K, value: OrdersQuery[K] | undefined): OrdersQuery {
  return value === undefined ? {} : { [name]: value }
}

/** The moment at which that day begins here, or a day some days after it. */
function startOf(day: string, later: number): string | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day)
  if (!match) return undefined
  const [year, month, date] = match.slice(1).map(Number) as [number, number, number]
  const start = new Date(year, month - 1, date + later)
  const isThere = new Date(year, month - 1, date).getMonth() === month - 1
  return isThere ? start.toISOString() : undefined
}
