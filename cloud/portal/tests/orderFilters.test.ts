import { describe, expect, it } from 'vitest'
import { filtersOf, OPEN_FILTERS, readFilters, readOpenFilters } from '../src/logic/orderFilters.ts'

describe('the filters of orders', () => {
  it('are the words of an address, and nothing else in it', () => {
    expect(filtersOf({ q: ' tap ', status: 'accepted', at: '1', least: '', from: ['a', 'b'], most: null })).toEqual({ q: 'tap', status: 'accepted' })
  })

  it('become what the route takes', () => {
    const { query, wrong } = readFilters({ q: 'tap 水', status: 'accepted', region: 'NORTH', service: 'cleaning_repair', least: '¥90', most: '180.5', from: '2026-11-01', until: '2026-11-30' })
    expect(wrong).toEqual({})
    expect(query).toEqual({
      text: 'tap 水', status: 'accepted', region: 'NORTH', service_type: 'cleaning_repair', price_min: '90.00', price_max: '180.50',
      from: new Date(2026, 10, 1).toISOString(), until: new Date(2026, 11, 1).toISOString(),
    })
  })

  it('find an order by its code however it is typed', () => {
    expect(readFilters({ q: 'n7f3k9q' }).query).toEqual({ code: 'N-7F3K9Q' })
  })

  it('of open jobs are fewer, and keep words that may be a code', () => {
    const words = filtersOf({ q: 'shelves', region: 'NORTH', service: 'other', least: '90', most: '10', status: 'accepted', mine: '1' }, OPEN_FILTERS)
    expect(words).toEqual({ q: 'shelves', region: 'NORTH', service: 'other', least: '90' })
    expect(readOpenFilters(words)).toEqual({ query: { text: 'shelves', region: 'NORTH', service_type: 'other', price_min: '90.00' }, wrong: {} })
    expect(readOpenFilters({ q: 'tap', least: 'much' })).toEqual({ query: { text: 'tap' }, wrong: { least: 'price' } })
  })

  it('ask for one day, and leave out what is no choice', () => {
    const { query, wrong } = readFilters({ from: '2026-11-21', until: '2026-11-21', status: 'lost', region: 'MOON' })
    expect(wrong).toEqual({})
    expect(query).toEqual({ from: new Date(2026, 10, 21).toISOString(), until: new Date(2026, 10, 22).toISOString() })
  })

  it('name each word that is none, at its field', () => {
    expect(readFilters({ least: 'much', most: '1.234', from: 'May', until: '2026-02-30' }).wrong).toEqual({ least: 'price', most: 'price', from: 'day', until: 'day' })
    expect(readFilters({ least: '90', most: '89.99', from: '2026-11-21', until: '2026-11-20' }).wrong).toEqual({ most: 'prices', until: 'days' })
  })
})
