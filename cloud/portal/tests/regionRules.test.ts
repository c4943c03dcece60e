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
      unpaid_start: false, unpaid_start_max: { price_max: '80.00', currency: 'CNY' }, address_at_start: true, paid_afterwards: ['it_technology'],
      approval: { price_max: '200.00', currency: 'CNY', service_types: ['cleaning_repair', 'other'] }, approval_in_good_standing: { price_max: '500.00', currency: 'CNY', service_types: ['other'] },
    })
    expect(rulesOf(formOf({ ...ALL, unpaid_start: true })), 'a limit beside no limit allows no more').not.toHaveProperty('unpaid_start_max')
  })

  test('keep the currency of each limit; a new one is in yuan', () => {
    const { approval, approval_in_good_standing: standing, unpaid_start_max: cap } = ALL
    const foreign = formOf({ ...ALL, unpaid_start_max: { ...cap!, currency: 'EUR' }, approval: { ...approval!, currency: 'USD' }, approval_in_good_standing: { ...standing!, currency: 'EUR' } })
    const sent = rulesOf(foreign)
    expect([sent.unpaid_start_max?.currency, sent.approval?.currency, sent.approval_in_good_standing?.currency]).toEqual(['EUR', 'USD', 'EUR'])
    const fresh = formOf(NONE)
    const added = rulesOf({ ...fresh, unpaid: 'upTo', unpaidMost: '80', approval: { ...fresh.approval, isOn: true, most: '200', kinds: ['other'] } })
    expect([added.unpaid_start_max?.currency, added.approval?.currency]).toEqual(['CNY', 'CNY'])
  })

  test('need a price and a kind of work where something is allowed, and only there', () => {
    const form = formOf(NONE)
    expect(wrongIn(form)).toEqual([])
    expect(wrongIn({ ...form, unpaidMost: 'much' })).toEqual([])
    const empty = { ...form.approval, isOn: true, most: '0' }
    expect(wrongIn({ ...form, unpaid: 'upTo', approval: empty, standing: empty })).toEqual(['unpaidMost', 'approvalMost', 'approvalKinds', 'standingMost', 'standingKinds'])
    expect(wrongIn(formOf(ALL))).toEqual([])
    expect(wrongIn({ ...formOf(ALL), approval: { isOn: true, most: '¥1,200', currency: 'CNY', kinds: ['other'] } })).toEqual([])
  })
})
