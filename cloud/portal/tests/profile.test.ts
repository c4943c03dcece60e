import type { OwnProvider } from '@holdfast/kit/api.gen.ts'
import { expect, test } from 'vitest'
import { actOf, fieldOf, formOf, httpsOf, isOffered, isOver, rangesOf, spansOf, standingOf, wordsOf } from '../src/logic/profile.ts'

const provider: OwnProvider = {
  user_id: 'wang', role: 'provider', version: 7, is_complete: true, full_name: '王建国', phone_number: '12345', bio: 'two\nlines', profile_picture_url: 'https://a.example/b.png',
  created_at: '2026-11-21T08:00:00Z', updated_at: '2026-11-21T08:00:00Z', skills: ['水管'], service_categories: ['other'], service_areas: ['NORTH'], hourly_rate: '60.00',
  experience_years: 0, availability: { monday: ['09:00-24:00'] }, exceptions: [{ day: '2026-12-24', hours: [] }], portfolio: [{ title: 'A kitchen' }], pictures: [], verified: true, is_active: false,
  completed_orders: 3, rating_hundredths: 0, total_reviews: 0, certifications: [], verification: { state: 'verified', asks_more: false, steps: [] },
}

test('work is offered in the areas and of the kinds that a provider entered, and any where they entered none', () => {
  const job = { location: 'NORTH', service_type: 'other' } as const
  expect([isOffered(job, provider), isOffered({ ...job, location: 'MID' }, provider), isOffered({ ...job, service_type: 'it_technology' }, provider)]).toEqual([true, false, false])
  expect([isOffered(job, { service_areas: [], service_categories: ['other'] }), isOffered(job, { service_areas: ['SOUTH'], service_categories: [] }), isOffered(job, { service_areas: [], service_categories: [] })]).toEqual([true, false, true])
})

test('a form holds every field that its person may change, and no other', () => {
  const { version, full_name, phone_number, bio, profile_picture_url, skills, service_categories, service_areas, hourly_rate, experience_years, availability, exceptions, portfolio, is_active } = provider
  const person = { version, full_name, phone_number, bio, profile_picture_url }
  expect(formOf(provider)).toStrictEqual({ ...person, skills, service_categories, service_areas, hourly_rate, experience_years, availability, exceptions, portfolio, is_active })
})

test('a customer’s form holds nothing of a provider’s, and no empty field', () => {
  const { created_at, updated_at } = provider
  const customer = { user_id: 'lin', role: 'customer' as const, version: 2, is_complete: false, full_name: '', phone_number: '', created_at, updated_at, preferences: { location: 'NORTH' as const } }
  const form = { version: 2, full_name: '', phone_number: '', preferences: { location: 'NORTH' } }
  expect(formOf(customer)).toStrictEqual(form)
  expect(formOf({ ...customer, date_of_birth: '1990-01-01' })).toStrictEqual({ ...form, date_of_birth: '1990-01-01' })
})

test('hours go through their fields and back', () => {
  const ranges = ['09:00-12:00', '13:00-24:00']
  expect(spansOf(ranges)).toEqual([{ from: '09:00', to: '12:00' }, { from: '13:00', to: '00:00' }])
  expect(rangesOf(spansOf(ranges))).toEqual(ranges)
  expect(rangesOf([{ from: '', to: '' }])).toEqual([])
  for (const [from, to] of [['09:00', ''], ['', '09:00'], ['09:00', '09:00'], ['10:00', '09:00']] as const) expect(rangesOf([{ from, to }])).toBeUndefined()
})

test('words are parted by the commas of either script, each once', () => {
  expect(wordsOf(' 水管，门锁、 taps, locks ,, taps')).toEqual(['水管', '门锁', 'taps', 'locks'])
  expect(wordsOf(' ')).toEqual([])
})

test('a refusal of a part of a field stands at the field', () => {
  expect(['skills[2]', 'availability.monday', 'full_name', 'items[0].name'].map(fieldOf)).toEqual(['skills', 'monday', 'full_name', 'items'])
})

test('a certificate is over on the day after its last', () => {
  const now = Date.parse('2026-11-21T10:52:00Z')
  expect([undefined, '2026-11-20', '2026-11-21'].map(day => isOver(day, now))).toEqual([false, true, false])
})

test('an address becomes a link where it is one by HTTPS', () => {
  for (const url of ['https://papers.example.org/7.pdf', 'HTTPS://papers.example.org/']) expect(httpsOf(url)).toBe(url)
  for (const url of ['http://papers.example.org/', 'javascript:alert(1)//https://', ' javascript:alert(1)', 'data:text/html,x', '//papers.example.org/', 'x\nhttps://papers.example.org/', '']) expect(httpsOf(url)).toBeUndefined()
})

test('more is asked for where a rejection asks for it, and of the step that did', () => {
  const at = '2026-11-21T10:00:00.000Z'
  expect(standingOf({ state: 'rejected', asks_more: true, steps: [] })).toBe('more')
  expect(standingOf({ state: 'rejected', asks_more: false, steps: [] })).toBe('rejected')
  expect(actOf({ act: 'rejected', asks_more: true, at, by: 'chen' })).toBe('more')
  expect(actOf({ act: 'rejected', at, by: 'chen' })).toBe('rejected')
})
