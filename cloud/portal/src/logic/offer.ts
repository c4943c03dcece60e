// An admin's offer of an open job to a few providers, as its form has it.

import type { JobOfferForm } from '@holdfast/kit/api.gen.ts'

export const OFFER_LENGTHS = ['half', 'hours', 'noon', 'own'] as const
export type OfferLength = (typeof OFFER_LENGTHS)[number]

export interface OfferForm {
  providers: string[]
  length: OfferLength
  /** `YYYY-MM-DDTHH:MM` by this device's clock, for a length of one's own. */
  own: string
}

export type OfferLack = 'none' | 'many' | 'missing' | 'soon' | 'late'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const NOON = 12
/** What the order service takes. */
export const OFFER_PROVIDERS_MAX = 5
const OFFER_MS = { least: 5 * MINUTE_MS, most: 72 * HOUR_MS }

/** The end of the offer; undefined while the form does not name it. */
export function offerUntil({ length, own }: OfferForm, now: number): number | undefined {
  if (length === 'half') return now + 30 * MINUTE_MS
  if (length === 'hours') return now + 2 * HOUR_MS
  if (length === 'noon') return noonAfter(now)
  const at = Date.parse(own)
  return Number.isNaN(at) ? undefined : at
}

/** Noon of the day after. */
function noonAfter(now: number): number {
  const day = new Date(now)
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1, NOON).getTime()
}

/** What the form lacks, by the fields of the API. */
export function lackingOffer(form: OfferForm, now: number): Partial<Record<keyof JobOfferForm, OfferLack>> {
  const count = form.providers.length
  const until = offerUntil(form, now)
  return {
    ...(count === 0 ? { provider_ids: 'none' } : {}),
    ...(count > OFFER_PROVIDERS_MAX ? { provider_ids: 'many' } : {}),
    ...(until === undefined ? { until: 'missing' } : {}),
    ...(until !== undefined && until - now < OFFER_MS.least ? { until: 'soon' } : {}),
    ...(until !== undefined && until - now > OFFER_MS.most ? { until: 'late' } : {}),
  }
}

export function offerBody(form: OfferForm, now: number): JobOfferForm | undefined {
  const until = offerUntil(form, now)
  return until === undefined ? undefined : { provider_ids: form.providers, until: new Date(until).toISOString() }
}
