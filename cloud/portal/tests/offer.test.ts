import { expect, test } from 'vitest'
import { lackingOffer, offerBody, type OfferForm, offerUntil } from '../src/logic/offer.ts'

const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime()
const NOW = at(21, 10)
const form = (change: Partial<OfferForm> = {}): OfferForm => ({ providers: ['wang'], length: 'half', own: '', ...change })

test.each<[Partial<OfferForm>, number | undefined]>([
  [{ length: 'half' }, at(21, 10, 30)],
  [{ length: 'hours' }, at(21, 12)],
  [{ length: 'noon' }, at(22, 12)],
  [{ length: 'own', own: '2026-11-23T18:15' }, at(23, 18, 15)],
  [{ length: 'own', own: '' }, undefined],
])('%o ends at its moment by the clock of the person', (change, end) => {
  expect(offerUntil(form(change), NOW)).toBe(end)
})

test.each<[Partial<OfferForm>, ReturnType<typeof lackingOffer>]>([
  [{}, {}],
  [{ providers: ['1', '2', '3', '4', '5'] }, {}],
  [{ providers: [] }, { provider_ids: 'none' }],
  [{ providers: ['1', '2', '3', '4', '5', '6'] }, { provider_ids: 'many' }],
  [{ length: 'own' }, { until: 'missing' }],
  [{ length: 'own', own: '2026-11-21T10:04' }, { until: 'soon' }],
  [{ length: 'own', own: '2026-11-21T10:05' }, {}],
  [{ length: 'own', own: '2026-11-24T10:00' }, {}],
  [{ providers: [], length: 'own', own: '2026-11-24T10:01' }, { provider_ids: 'none', until: 'late' }],
])('%o lacks %o', (change, lacks) => {
  expect(lackingOffer(form(change), NOW)).toEqual(lacks)
})

test('an offer is asked for with its people and its end', () => {
  expect(offerBody(form({ providers: ['wang', 'zhou'] }), NOW)).toEqual({ provider_ids: ['wang', 'zhou'], until: new Date(at(21, 10, 30)).toISOString() })
  expect(offerBody(form({ length: 'own' }), NOW)).toBeUndefined()
})
