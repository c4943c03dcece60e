// Shapes that components share.
import type { RouteLocationRaw } from 'vue-router'
import type { IconName } from './icons.ts'

/** Where a thing really is. */
export const TRUTH_STATES = ['tablet', 'node', 'confirmed', 'needs'] as const
export type TruthState = (typeof TRUTH_STATES)[number]

/** One place on the way: behind, here in one of the four truths, or still ahead. */
export type Hop = { icon: IconName; name: string; at: 'passed' | 'ahead' | TruthState; time?: number; promise?: string }

export type TimelineEntry = { id: string; what: string; who?: string; when: number; detail?: string; detailLang?: string; /** A further sentence below it. */ note?: string; travel?: Hop[]; /** A sentence on the travel, and whether it is shown at once. */ travelNote?: string; open?: boolean }

/** What one person wrote to another. `way` is how far it has come; `day` begins a new day above it. */
export type ThreadMessage = { id: string; mine?: boolean; author: string; text: string; way: string; day?: string; photo?: ThreadPhoto }

/** The photo of a message: `words` name it, and `note` says why there is no `source` yet. */
export type ThreadPhoto = { source?: string | undefined; words: string; note?: string | undefined }

export type RaceLine = {
  name: string
  nameLang?: string
  /** The tablet or the portal it came from. */
  by: string
  tapped?: number
  node?: number
  decided: number
  won: boolean
  outcome: string
  note?: string
}

/** One column of a chart: its value, and a second one beside it. `sentence` says it whole. */
export type ChartColumn = { key: string | number; label: string; value: number; other?: number; figure: string; sentence: string; isUnfinished?: boolean }

export type TableColumn = { key: string; name: string; end?: boolean; sortable?: boolean; hush?: boolean }
export type TableSort = { key: string; way: 'ascending' | 'descending' }

/** `current` says that this place is open, also where its address is a deeper one; a group of places is open with one of them. */
export type Place = { name: string; to: RouteLocationRaw; count?: number; tone?: 'needs'; icon?: IconName; current?: boolean | 'group' }

/** What a job pays, in words. Where the fee is unknown there is only its price. */
export type PayWords = {
  price: string
  gets?: string
  /** The price and what the provider gets of it, in one sentence. */
  sentence: string
  /** The same with the platform's part, for somebody who is about to take the job. */
  terms?: string
}
