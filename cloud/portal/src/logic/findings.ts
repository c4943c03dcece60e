// The findings of the books' comparison, gathered by kind.

import type { ReconciliationFinding } from '@holdfast/kit/api.gen.ts'

/** Two of the four do not agree, they could not be compared, or something takes its time. */
export type FindingNature = 'differs' | 'silent' | 'waits'

export interface FindingGroup {
  kind: string
  /** The key of its words. */
  word: string
  nature: FindingNature
  /** They are worked off in the list of cases. */
  areCases: boolean
  /** None where the finding is about no row. */
  rows: ReconciliationFinding[]
  /** The report names no more of one kind. */
  isFull: boolean
}

/** The report names so many of most kinds. */
const FINDINGS_MAX = 200
const SILENT: ReadonlySet<string> = new Set(['adapter_silent', 'orders_silent'])

/** The findings by kind, each kind where it came first. */
export function groupsOf(found: readonly ReconciliationFinding[], list: 'differences' | 'waiting'): FindingGroup[] {
  return [...new Set(found.map(one => one.kind))].map(kind => {
    const all = found.filter(one => one.kind === kind)
    return {
      kind,
      // A payment service without statements is silent by nature: comparing again is no use.
      word: list === 'waiting' && kind === 'adapter_silent' ? 'no_statement' : kind,
      nature: list === 'waiting' ? 'waits' : SILENT.has(kind) ? 'silent' : 'differs',
      areCases: kind === 'open_case',
      rows: SILENT.has(kind) ? [] : all,
      isFull: all.length >= FINDINGS_MAX,
    }
  })
}
