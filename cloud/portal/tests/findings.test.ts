import type { ReconciliationFinding } from '@holdfast/kit/api.gen.ts'
import { expect, test } from 'vitest'
import { groupsOf } from '../src/logic/findings.ts'

/** The words of every kind, as the payment service writes them. */
const [RUST = ''] = Object.values(import.meta.glob<string>('../../payment/src/reconcile.rs', { eager: true, query: '?raw', import: 'default' }))
const KINDS = [...(/FindingKind \{(.*?)\n {4}\}/s.exec(RUST)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, kind]) => kind ?? '')
const WORDS = import.meta.glob<{ compared: { kind: Record<string, unknown> } }>('../src/locales/*.json', { eager: true, import: 'default' })

const finding = (kind: string, subject: string, since: string | null = null): ReconciliationFinding => ({ kind, subject, since })

test('every kind of finding has its words in both languages, and no words are left over', () => {
  expect(KINDS).toHaveLength(16)
  for (const { compared } of Object.values(WORDS)) expect(Object.keys(compared.kind).sort()).toEqual([...KINDS, 'no_statement'].sort())
})

test('findings of one kind stand together, the kinds in the order of the report', () => {
  const groups = groupsOf([finding('suspense', 'a'), finding('open_case', 'b'), finding('suspense', 'c')], 'waiting')
  expect(groups.map(({ kind, rows }) => [kind, rows.map(row => row.subject)])).toEqual([['suspense', ['a', 'c']], ['open_case', ['b']]])
})

test('a part that could not be asked differs in nothing and names no row', () => {
  const [silent, differs] = groupsOf([finding('orders_silent', 'nil'), finding('shown_unheld', 'o')], 'differences')
  expect(silent).toMatchObject({ nature: 'silent', rows: [], place: undefined })
  expect(differs).toMatchObject({ nature: 'differs', place: 'order' })
})

test('a payment service without statements only waits, with words of its own', () => {
  const silent = finding('adapter_silent', 'nil')
  expect(groupsOf([silent], 'waiting')[0]).toMatchObject({ nature: 'waits', word: 'no_statement' })
  expect(groupsOf([silent], 'differences')[0]).toMatchObject({ nature: 'silent', word: 'adapter_silent' })
})

test('only what surely is an order or a payment leads to its books', () => {
  const place = (kind: string) => groupsOf([finding(kind, 'x')], 'differences')[0]?.place
  expect(KINDS.filter(kind => place(kind) === 'order')).toEqual(['held_for_nothing', 'shown_unheld', 'order_event_missed', 'money_word_missed', 'needs_person', 'cancel_unfinished'])
  expect(KINDS.filter(kind => place(kind) === 'payment')).toEqual(['late_payment', 'suspense'])
  expect(place('a_kind_of_tomorrow')).toBeUndefined()
})

test('a kind of which there may be more than the report names says so', () => {
  const many = (n: number) => Array.from({ length: n }, (_, at) => finding('late_refund', `${at}`))
  expect([199, 200].map(n => groupsOf(many(n), 'waiting')[0]?.isFull)).toEqual([false, true])
})
