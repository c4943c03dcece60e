import { expect, it } from 'vitest'
import type { CancelFees } from '@holdfast/kit/api.gen.ts'
import { cancelPriceOf, feeText } from './cancelPrice.ts'
import { order } from '../../src/device/samples.ts'

const HOUR = 3_600_000
const CREATED = Date.parse('2026-11-21T08:00:00Z')
const START = CREATED + 48 * HOUR
const at = (ms: number) => new Date(ms).toISOString()
const fees = (...versions: [from: number, basis_points: number, notice_hours: number][]): CancelFees => ({
  complete_until: at(CREATED + HOUR), versions: versions.map(([from, basis_points, notice_hours]) => ({ from: at(from), basis_points, notice_hours })),
})
const KNOWN = fees([0, 1_000, 24])
const taken = (change = {}) => order('a', { status: 'accepted', provider_id: 'provider-1', service_start_time: at(START), service_end_time: at(START + 2 * HOUR), ...change })
const FREE = { held: 18_000, fee: 0, refund: 18_000 }
const FREE_UNTIL = START - 24 * HOUR

it('costs the fee from the notice on, and fee and refund make up what is held', () => {
  const price = (before: number) => cancelPriceOf(taken(), KNOWN, START - before)
  expect(price(25 * HOUR)).toEqual({ ...FREE, freeUntil: FREE_UNTIL })
  expect(price(24 * HOUR), 'a full notice').toEqual({ ...FREE, freeUntil: FREE_UNTIL })
  expect(price(24 * HOUR - 1)).toEqual({ held: 18_000, fee: 1_800, refund: 16_200, freeUntil: FREE_UNTIL })
  expect(price(-HOUR)).toMatchObject({ fee: 1_800 })
  expect(cancelPriceOf(taken({ price: '1.99' }), KNOWN, START), 'rounded down').toMatchObject({ fee: 19, refund: 180 })
})

it('costs nothing before a provider has it, without an hour of its own, and where nothing is held', () => {
  for (const change of [{ status: 'pending', provider_id: null }, { service_start_time: null }, { service_end_time: at(START + 23 * HOUR) }] as const) {
    expect(cancelPriceOf(taken(change), KNOWN, START)).toEqual(FREE)
  }
  expect(cancelPriceOf(taken({ payment_status: 'unpaid' }), KNOWN, START)).toEqual({ held: 0, fee: 0, refund: 0 })
  expect(cancelPriceOf(taken(), fees([0, 0, 24]), START)).toEqual(FREE)
})

it('goes by the version of the order\'s creation', () => {
  const versions = fees([CREATED + 1, 5_000, 720], [CREATED, 500, 1], [0, 1_000, 24])
  expect(cancelPriceOf(taken(), versions, START - HOUR + 1)).toMatchObject({ fee: 900 })
  expect(cancelPriceOf(taken(), versions, START - HOUR)).toMatchObject({ fee: 0 })
  expect(cancelPriceOf(taken(), fees([CREATED + 1, 5_000, 720]), START), 'older than every version').toEqual(FREE)
})

it('names no fee that the node does not know', () => {
  for (const known of [undefined, null]) expect(cancelPriceOf(taken(), known, START)).toEqual({ held: 18_000 })
  const late = { created_at: at(CREATED + HOUR) }
  expect(cancelPriceOf(taken(late), KNOWN, START), 'another version may still be set').toEqual({ held: 18_000 })
  expect(cancelPriceOf(taken({ ...late, status: 'pending' }), KNOWN, START), 'none costs anything before a provider has it').toEqual(FREE)
})

it('writes a fee as commands carry it', () => {
  expect([0, 19, 1_800].map(feeText)).toEqual(['0.00', '0.19', '18.00'])
})
