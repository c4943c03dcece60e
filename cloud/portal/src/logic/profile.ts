// One's own profile as a form. Each change sends all of it, so that no part is lost.

import type { HoursRange, Order, OwnProfile, OwnProvider, ProfileForm, VerificationAct, VerificationState } from '@holdfast/kit/api.gen.ts'

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** Hours as two fields take them. A field knows no 24:00: a range that ends at 00:00 ends with its day. */
export interface HoursSpan { from: string; to: string }

export function isProvider(profile: OwnProfile): profile is OwnProvider {
  return profile.role === 'provider'
}

/** A provider who is asked for more is not verified either, and reads other words. */
export type VerificationStanding = VerificationState | 'more'

export function standingOf({ state, asks_more }: OwnProvider['verification']): VerificationStanding {
  return asks_more ? 'more' : state
}

export function actOf({ act, asks_more }: OwnProvider['verification']['steps'][number]): VerificationAct | 'more' {
  return asks_more ? 'more' : act
}

/** Whether a provider does such work in that region. Without areas or kinds each counts. */
export function isOffered({ location, service_type }: Pick<Order, 'location' | 'service_type'>, { service_areas, service_categories }: Pick<OwnProvider, 'service_areas' | 'service_categories'>): boolean {
  const isNear = service_areas.length === 0 || service_areas.includes(location)
  return isNear && (service_categories.length === 0 || service_categories.includes(service_type))
}

/** Everything of a profile that its person may change. */
export function formOf(profile: OwnProfile): ProfileForm {
  const { version, full_name, phone_number, bio, profile_picture_url } = profile
  const person = { version, full_name, phone_number, ...given({ bio, profile_picture_url }) }
  if (!isProvider(profile)) {
    const { date_of_birth, preferences } = profile
    return { ...person, ...given({ date_of_birth, preferences }) }
  }
  const { skills, service_categories, service_areas, hourly_rate, experience_years, availability, exceptions, portfolio, is_active } = profile
  return { ...person, ...given({ skills, service_categories, service_areas, hourly_rate, experience_years, availability, exceptions, portfolio, is_active }) }
}

/** The fields that hold something. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

/** An address that a browser opens by HTTPS and by nothing else. */
export function httpsOf(url: string): string | undefined {
  return /^https:\/\//i.test(url) ? url : undefined
}

/** Words between commas of either script, each once. */
export function wordsOf(line: string): string[] {
  return [...new Set(line.split(/[,，、;；\n]/).map(word => word.trim()).filter(word => word !== ''))]
}

export function spansOf(ranges: readonly HoursRange[] = []): HoursSpan[] {
  return ranges.map(range => {
    const [from = '', to = ''] = range.split('-')
    return { from, to: to === '24:00' ? '00:00' : to }
  })
}

/** Hours in the form of the API, empty lines left out; `undefined` where a line lacks an end or ends before it begins. */
export function rangesOf(spans: readonly HoursSpan[]): HoursRange[] | undefined {
  const filled = spans.filter(({ from, to }) => from !== '' || to !== '')
  const ranges = filled.map(({ from, to }) => ({ from, to: to === '00:00' ? '24:00' : to }))
  if (ranges.some(({ from, to }) => from === '' || to === '' || from >= to)) return undefined
  return ranges.map(({ from, to }) => `${from}-${to}`)
}

/** The field of a form that a refusal names: `skills[2]` stands in the field `skills`. */
export function fieldOf(named: string): string {
  return named.startsWith('availability.') ? named.slice('availability.'.length) : named.replace(/\[.*$/, '')
}

/** True for a day that is over. */
export function isOver(day: string | undefined, now: number): boolean {
  return day !== undefined && day < new Date(now).toISOString().slice(0, 10)
}
