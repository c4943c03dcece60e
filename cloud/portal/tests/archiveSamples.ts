// A person's data, as the gateway answers it.

import type { Order, OwnCustomer, OwnProvider, Review } from '@holdfast/kit/api.gen.ts'
import { Problem } from '../src/api/problem.ts'
import type { ArchivePerson } from '../src/logic/archive.ts'
import type { ArchiveSource, Progress, ReadingContext } from '../src/logic/archiveReading.ts'
import { step } from './samples.ts'

export const AT = '2026-11-21T10:00:00.000Z'
export const CUSTOMER: ArchivePerson = { user_id: 'lin', username: 'linxiaomei', role: 'customer' }
export const PROVIDER: ArchivePerson = { user_id: 'wang', username: 'wang', role: 'provider' }
export const ADMIN: ArchivePerson = { user_id: 'chen', username: 'chen', role: 'admin' }

export const order = (n: number, change: Partial<Order> = {}): Order => ({
  id: `order-${n}`, code: `N-${n}`, title: `Job ${n}`, description: '', service_type: 'cleaning_repair', price: '180.00', currency: 'CNY', location: 'NORTH', address: '1 Harbour Road',
  service_start_time: null, service_end_time: null, status: 'accepted', payment_status: 'held', version: 3, created_at: AT, updated_at: AT, source: 'portal', customer_id: 'lin', provider_id: 'wang', ...change,
})

export const review = (change: Partial<Review> = {}): Review => ({
  id: 'review', provider_id: 'wang', customer_id: 'lin', order_id: 'order-1', order_code: 'N-1', rating: 5, dimensions: { professionalism: 5, attitude: 4, punctuality: 3 }, comment: 'Good work', images: [],
  helpful_count: 0, created_at: AT, is_edited: false, ...change,
})

export const customer = (change: Partial<OwnCustomer> = {}): OwnCustomer => ({
  user_id: 'lin', role: 'customer', version: 1, is_complete: true, full_name: '林小梅', phone_number: '+8613800138000', created_at: AT, updated_at: AT, preferences: {}, ...change,
})

export const provider = (change: Partial<OwnProvider> = {}): OwnProvider => ({
  ...customer(), user_id: 'wang', role: 'provider', full_name: '王建国', skills: [], service_categories: [], service_areas: [], availability: {}, exceptions: [], portfolio: [], pictures: [], verified: true, is_active: true,
  completed_orders: 1, rating_hundredths: 500, total_reviews: 1, certifications: [], verification: { state: 'verified', asks_more: false, steps: [] }, ...change,
})

export const page = <T>(items: T[], next: string | null = null) => ({ items, next })
export const refused = (status: number, retryAfterS?: number) => new Problem({ status, code: `http_${status}`, title: 'No.' }, status, retryAfterS)
export const picture = (bytes = 'picture') => new Blob([bytes], { type: 'image/jpeg' })

/** Everything is there and empty, until `change` says otherwise. */
export function source(change: Partial<ArchiveSource> = {}): ArchiveSource {
  const nothing = () => Promise.resolve([])
  const noPages = () => Promise.resolve(page([]))
  return {
    account: id => Promise.resolve({ user_id: id, username: 'them', email: 'l***@example.com', email_confirmed: true, role: 'customer', role_id: 1, role_name: 'customer', state: 'open', created_at: AT, roles_given: [] }),
    mail: () => Promise.resolve({ email: 'lin@example.com', is_confirmed: true, pending: null }),
    profile: () => Promise.resolve(customer()),
    addresses: () => Promise.resolve({ items: [], version: 1 }),
    orders: noPages,
    timeline: () => Promise.resolve([step()]),
    photos: nothing, showings: nothing, statement: nothing, payments: nothing, refunds: nothing,
    messages: noPages,
    reviews: noPages,
    earnings: nothing,
    lines: noPages,
    methods: () => Promise.resolve({ items: [], kept: [], proposed: 'simulated' }),
    inbox: noPages,
    wishes: () => Promise.resolve({ channels: [], digest_hour: null, kinds: [], language: 'en', quiet_hours: null, time_zone: 'UTC', version: 0 }),
    sessions: noPages,
    devices: () => Promise.resolve(page([])),
    pushDevices: () => Promise.resolve(page([])),
    identities: () => Promise.resolve({ has_password: true, items: [] }),
    factor: () => Promise.resolve({ recovery_codes_left: 0, required: false, since: null, app_since: null, passkeys: [], passkey_site: 'localhost' }),
    file: () => Promise.resolve(picture()), orderPhoto: () => Promise.resolve(picture()), messagePhoto: () => Promise.resolve(picture()), reviewPicture: () => Promise.resolve(picture()),
    ...change,
  }
}

export function context(change: Partial<ReadingContext> = {}): ReadingContext & { told: Progress[]; slept: number[] } {
  const told: Progress[] = []
  const slept: number[] = []
  const sleep = (ms: number) => {
    slept.push(ms)
    return Promise.resolve()
  }
  return { signal: new AbortController().signal, tell: now => { told.push(now) }, sleep, told, slept, ...change }
}
