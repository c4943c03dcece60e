import { describe, expect, test } from 'vitest'
import type { OfflineRules } from '@holdfast/kit/api.gen.ts'
import { formOf, rulesOf, wrongIn } from '../src/logic/regionRules.ts'

const NONE: OfflineRules = { unpaid_start: false, approval: null }
const ALL: OfflineRules = {
  unpaid_start: false, unpaid_start_max: { price_max: '80.00', currency: 'CNY' }, address_at_start: true, paid_afterwards: ['it_technology'],
  approval: { price_max: '200.00', currency: 'CNY', service_types: ['cleaning_repair', 'other'] }, approval_in_good_standing: { price_max: '500.00', currency: 'CNY', service_types: ['other'] },
}

describe('the rules of a region', () => {
  test('come back from the form as they went in', () => {
    expect(rulesOf(formOf(NONE))).toEqual({ unpaid_start: false, address_at_start: false, paid_afterwards: [] })
    expect(rulesOf(formOf(ALL))).toEqual({
      unpaid_start: false, unpaid_start_max: { price_max: '80.00' }, address_at_start: true, paid_afterwards: ['it_technology'],
      approval: { price_max: '200.00', service_types: ['cleaning_repair', 'other'] }, approval_in_good_standing: { price_max: '500.00', service_types: ['other'] },
    })
    expect(rulesOf(formOf({ ...ALL, unpaid_start: true })), 'a limit beside no limit allows no more').not.toHaveProperty('unpaid_start_max')
  })

  test('need a price and a kind of work where something is allowed, and only there', () => {
    const form = formOf(NONE)
    expect(wrongIn(form)).toEqual([])
    expect(wrongIn({ ...form, unpaidMost: 'much' })).toEqual([])
    const empty = { isOn: true, most: '0', kinds: [] }
    expect(wrongIn({ ...form, unpaid: 'upTo', approval: empty, standing: empty })).toEqual(['unpaidMost', 'approvalMost', 'approvalKinds', 'standingMost', 'standingKinds'])
    expect(wrongIn(formOf(ALL))).toEqual([])
    expect(wrongIn({ ...formOf(ALL), approval: { isOn: true, most: '¥1,200', kinds: ['other'] } })).toEqual([])
  })
})
