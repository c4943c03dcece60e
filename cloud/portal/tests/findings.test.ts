import type { ReconciliationFinding } from '@holdfast/kit/api.gen.ts'
import { expect, test } from 'vitest'
import { groupsOf } from '../src/logic/findings.ts'

/** The words of every kind, as the payment service writes them. */
const [RUST = ''] = Object.values(import.meta.glob<string>('../../payment/src/reconcile.rs', { eager: true, query: '?raw', import: 'default' }))
const KINDS = [...(/FindingKind \{(.*?)\n {4}\}/s.exec(RUST)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, kind]) => kind ?? '')
const WORDS = import.meta.glob<{ compared: { kind: Record<string, unknown> } }>('../src/locales/desk/*.json', { eager: true, import: 'default' })

const finding = (kind: string, subject: string): ReconciliationFinding => ({ kind: kind as ReconciliationFinding['kind'], subject, since: null, order_id: null, provider_id: null, amount: null, currency: null })

test('every kind of finding has its words in both languages, and no words are left over', () => {
  expect(KINDS).toHaveLength(17)
  for (const { compared } of Object.values(WORDS)) expect(Object.keys(compared.kind).sort()).toEqual([...KINDS, 'no_statement'].sort())
})

test('findings of one kind stand together, the kinds in the order of the report', () => {
  const groups = groupsOf([finding('suspense', 'a'), finding('open_case', 'b'), finding('suspense', 'c')], 'waiting')
  expect(groups.map(({ kind, rows }) => [kind, rows.map(row => row.subject)])).toEqual([['suspense', ['a', 'c']], ['open_case', ['b']]])
})

test('a part that could not be asked differs in nothing and names no row', () => {
  const [silent, differs] = groupsOf([finding('orders_silent', 'nil'), finding('shown_unheld', 'o')], 'differences')
  expect(silent).toMatchObject({ nature: 'silent', rows: [] })
  expect(differs).toMatchObject({ nature: 'differs', rows: [{ subject: 'o' }] })
})

test('a payment service without statements only waits, with words of its own', () => {
  const silent = finding('adapter_silent', 'nil')
  expect(groupsOf([silent], 'waiting')[0]).toMatchObject({ nature: 'waits', word: 'no_statement' })
  expect(groupsOf([silent], 'differences')[0]).toMatchObject({ nature: 'silent', word: 'adapter_silent' })
})

test('open cases alone are worked off in their own list', () => {
  const areCases = (kind: string) => groupsOf([finding(kind, 'x')], 'waiting')[0]?.areCases
  expect([...KINDS, 'a_kind_of_tomorrow'].filter(areCases)).toEqual(['open_case'])
})

test('a kind of which there may be more than the report names says so', () => {
  const many = (n: number) => Array.from({ length: n }, (_, at) => finding('late_refund', `${at}`))
  expect([199, 200].map(n => groupsOf(many(n), 'waiting')[0]?.isFull)).toEqual([false, true])
})
