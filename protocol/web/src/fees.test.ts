import { expect, it } from 'vitest'
import type { PlatformFees } from '@holdfast/kit/api.gen.ts'
import { netOf } from './fees.ts'

const at = (ms: number) => new Date(ms).toISOString()
const fees = (...versions: [from: number, basis_points: number][]): PlatformFees => ({
  complete_until: at(30), versions: versions.map(([from, basis_points]) => ({ from: at(from), basis_points })),
})
const made = (created = 20) => ({ created_at: at(created), status: 'pending', payment_status: 'held' }) as const
const net = (minor: number, basisPoints: number) => netOf(minor, made(), fees([0, basisPoints]))!

// The vectors of `cloud/payment/custody/src/fees.rs`.
it('splits a price into two parts that make up the whole', () => {
  for (const amount of [0, 1, 99, 100, 101, 3_333, 9_999_999_999]) {
    for (const basisPoints of [0, 1, 333, 1_000, 9_999, 10_000]) {
      const { minor, fee } = net(amount, basisPoints)
      expect(minor + fee, `${amount} at ${basisPoints}`).toBe(amount)
      expect(Math.min(minor, fee), `${amount} at ${basisPoints}`).toBeGreaterThanOrEqual(0)
    }
  }
})

it('rounds the fee down', () => {
  expect(net(199, 1_000)).toMatchObject({ fee: 19, minor: 180 })
  expect([net(9_999_999_999, 9_999).fee, net(3_333, 333).fee]).toEqual([9_998_999_999, 110])
})

it('takes the version of the order\'s creation', () => {
  const versions = fees([20, 900], [10, 500])
  const feeOf = (created: number) => netOf(10_000, made(created), versions)?.fee
  expect([9, 10, 19, 20].map(feeOf)).toEqual([undefined, 500, 500, 900])
})

it('says where another version may still be set', () => {
  expect([29, 30].map((created) => netOf(100, made(created), fees([0, 1]))?.mayChange)).toEqual([false, true])
})

it('tells nothing where it knows nothing, or where money went back', () => {
  expect([undefined, null, fees()].map((known) => netOf(100, made(), known))).toEqual([undefined, undefined, undefined])
  const known = fees([0, 1])
  for (const change of [{ status: 'cancelled' }, { payment_status: 'refunded' }, { payment_status: 'partially_refunded' }] as const) {
    expect(netOf(100, { ...made(), ...change }, known)).toBeUndefined()
  }
})
