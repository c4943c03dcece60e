// The findings of the books' comparison, gathered by kind.

import type { ReconciliationFinding } from '@holdfast/kit/api.gen.ts'

/** Two of the four do not agree, they could not be compared, or something takes its time. */
export type FindingNature = 'differs' | 'silent' | 'waits'
export type FindingPlace = 'order' | 'payment' | 'cases'

export interface FindingGroup {
  kind: string
  /** The key of its words. */
  word: string
  nature: FindingNature
  /** Where more about each of them stands. */
  place: FindingPlace | undefined
  /** None where the finding is about no row. */
  rows: ReconciliationFinding[]
  /** The report names no more of one kind. */
  isFull: boolean
}

/** The report names so many of most kinds. */
const FINDINGS_MAX = 200
const SILENT: ReadonlySet<string> = new Set(['adapter_silent', 'orders_silent'])
/** The subject of any other kind is a journal, the owner of an account, or a movement that no page finds. */
const PLACES: Readonly<Record<string, FindingPlace>> = {
  held_for_nothing: 'order', shown_unheld: 'order', order_event_missed: 'order', money_word_missed: 'order', needs_person: 'order', cancel_unfinished: 'order',
  late_payment: 'payment', suspense: 'payment', open_case: 'cases',
}

/** The findings by kind, each kind where it came first. */
export function groupsOf(found: readonly ReconciliationFinding[], list: 'differences' | 'waiting'): FindingGroup[] {
  return [...new Set(found.map(one => one.kind))].map(kind => {
    const all = found.filter(one => one.kind === kind)
    return {
      kind,
      // A payment service without statements is silent by nature: comparing again is no use.
      word: list === 'waiting' && kind === 'adapter_silent' ? 'no_statement' : kind,
      nature: list === 'waiting' ? 'waits' : SILENT.has(kind) ? 'silent' : 'differs',
      place: PLACES[kind],
      rows: SILENT.has(kind) ? [] : all,
      isFull: all.length >= FINDINGS_MAX,
    }
  })
}
