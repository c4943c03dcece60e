import { expect, it } from 'vitest'
import { answered } from './answer.ts'
import { amountOf, reportOf, reportsOn, wrongIn } from './incident.ts'
import { jobsOf } from './jobs.ts'
import { decided, item, ME, notTaken, order, stored } from './samples.ts'

const form = { kind: 'more_work' as const, note: ' 阀门磨损 ', price: '80' }

it('makes a command of the form, with a price for more work alone', () => {
  expect(reportOf('a', form)).toEqual({ type: 'report_incident', order_id: 'a', kind: 'more_work', note: '阀门磨损', extra_price: '80.00' })
  expect(reportOf('a', { ...form, kind: 'running_late', note: ' ' })).toEqual({ type: 'report_incident', order_id: 'a', kind: 'running_late' })
})

it('names the fields to correct', () => {
  expect(wrongIn(form)).toEqual({})
  expect(wrongIn({ kind: undefined, note: '水'.repeat(501), price: '' })).toEqual({ kind: true, note: true })
  expect(wrongIn({ ...form, price: '' })).toEqual({ price: true })
  expect(wrongIn({ ...form, kind: 'other', price: 'x' })).toEqual({})
})

it('reads a price as people type it', () => {
  expect(['80', '80.5', '1,200', '1,234,567', '¥ 80.05', '0080'].map(amountOf)).toEqual(['80.00', '80.50', '1200.00', '1234567.00', '80.05', '80.00'])
  expect(['', '0', '0.00', '-1', '1.234', '80,50', '1,2345', '1，2345', '1e3', '123456789', '八十'].map(amountOf)).toEqual(Array(11).fill(undefined))
})

it('leaves a job as sure and as far as it is', () => {
  const mine = order('a', { provider_id: ME, status: 'accepted' })
  const waiting = item(2, 'report_incident')
  const refused = answered(item(3, 'report_incident'), decided(3, 'rejected', 'too_many_incidents'), 1)!
  const kept = answered(item(4, 'report_incident'), stored(4), 1)!
  const lost = answered(item(5, 'report_incident'), notTaken(5, 'invalid_input'), 1)!
  for (const report of [waiting, refused, kept, lost]) {
    const job = jobsOf([mine], [report], ME)[0]!
    expect(job).toMatchObject({ truth: 'confirmed', order: { status: 'accepted' } })
    expect(job.item).toBeUndefined()
  }
  const started = jobsOf([mine], [item(1, 'start_order'), waiting], ME)[0]!
  expect(started).toMatchObject({ truth: 'tablet', order: { status: 'in_progress' } })
  expect(started.item?.body.type).toBe('start_order')
})

it('lists the reports of one job in the order of the taps', () => {
  const items = [item(4, 'report_incident'), item(1, 'start_order'), item(2, 'report_incident'), item(3, 'report_incident', 'b')]
  expect(reportsOn('a', items).map((each) => each.device_seq)).toEqual([2, 4])
})
