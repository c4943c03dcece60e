// What waits at each desk, in words: how much, since when, and what of it cannot wait.

import { useFormats, useI18n } from '@holdfast/kit'
import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { letterBoxes, moneyCases } from '../api/routes.ts'
import { doubtsOf } from '../logic/doubts.ts'
import { complaintsOf } from '../logic/health.ts'
import { inOrder, kindsOf, type Pile, pileOf, sumsOf } from '../logic/overview.ts'
import { isOver } from '../logic/profile.ts'
import { useDesks } from './desks.ts'
import { useNames } from './names.ts'
import { usePermissions } from './permissions.ts'
import { useRegionWords } from './regions.ts'

/** A question that one desk answers. */
interface Asked<T> {
  data: Ref<T | undefined>
  isError: Ref<boolean>
  dataUpdatedAt: Ref<number>
}

/** `late` are those whose own time is over or about to begin. */
interface Told { pile: Pile; details: string[]; late: number }

export interface Desk {
  path: string
  to: string
  name: string
  told: Told | undefined
  isSilent: boolean
  at: number
}

const KINDS_MAX = 2

export function useWaitingDesks(now: Ref<number>) {
  const { t, te } = useI18n()
  const formats = useFormats()
  const names = useNames()
  const regionWords = useRegionWords()
  const { isKnown, opens } = usePermissions()
  const { approvals, conflicts, providers, refunds, regions, reviews } = useDesks()
  const reads = (path: string) => computed(() => isKnown.value && opens(path))
  const money = useQuery({ queryKey: ['money-cases', 'first'], queryFn: ({ signal }) => moneyCases(undefined, signal), enabled: reads('/money') })
  const letters = useQuery({ queryKey: ['letters', 'boxes'], queryFn: ({ signal }) => letterBoxes(signal), enabled: reads('/dead-letters') })

  const counted = (key: string, n: number) => (n > 0 ? [t(`overview.${key}`, { n }, n)] : [])
  const kinds = (all: readonly string[], title: (kind: string) => string) => kindsOf(all).slice(0, KINDS_MAX).map(([kind, n]) => t('overview.kind', { kind: title(kind), n }))
  const caseOfMoney = (kind: string) => (te(`moneyCase.${kind}.title`) ? t(`moneyCase.${kind}.title`) : kind)
  const partOf = (part: string) => (te(`letters.part.${part}`) ? t(`letters.part.${part}`) : part)

  function desk<T>(path: string, to: string, name: string, asked: Asked<T>, tell: (data: T) => Told): Desk[] {
    if (!opens(path)) return []
    const data = asked.data.value
    return [{ path, to, name, told: data === undefined ? undefined : tell(data), isSilent: asked.isError.value, at: asked.dataUpdatedAt.value }]
  }

  const all = computed<Desk[]>(() => [
    ...desk('/approvals', '/approvals', t('place.approvals'), approvals, page => {
      const doubts = page.items.map(order => doubtsOf(order, page.items, now.value))
      const late = doubts.filter(found => found.includes('expired') || found.includes('soon')).length
      const flagged = doubts.filter(found => found.length > 0).length
      const fromNodes = page.items.filter(order => order.source !== 'portal').length
      return { pile: pileOf(page, order => order.created_at), late, details: [...counted('late', late), ...counted('flagged', flagged), ...counted('atNode', fromNodes)] }
    }),
    ...desk('/conflicts', '/conflicts?show=cases', t('overview.desk.conflicts'), conflicts, page => {
      const untaken = page.items.filter(one => !one.taken_by)
      return { pile: pileOf(page, one => one.at), late: 0, details: [...kinds(page.items.map(one => one.kind), names.caseTitle), ...counted('untaken', untaken.length)] }
    }),
    ...desk('/providers', '/providers', t('overview.desk.providers'), providers, page => {
      const ended = page.items.filter(one => one.certifications.some(paper => isOver(paper.valid_until, now.value))).length
      return { pile: pileOf(page, one => one.verification.submitted_at), late: 0, details: counted('ended', ended) }
    }),
    ...desk('/money', '/money?view=refunds', t('overview.desk.refunds'), refunds, page => ({
      pile: pileOf(page, one => one.created_at), late: 0,
      details: page.items.length > 0 ? [t('overview.askedFor', { sum: sumsOf(page.items).map(sum => formats.value.money(sum.minor, sum.currency)).join(t('docs.comma')) })] : [],
    })),
    ...desk('/money', '/money?view=cases', t('overview.desk.money'), money, page => ({
      pile: pileOf(page, one => one.opened_at), late: 0,
      details: [...kinds(page.items.map(one => one.kind), caseOfMoney), ...counted('payouts', page.items.filter(one => one.provider_id !== null).length)],
    })),
    ...desk('/reviews', '/reviews', t('overview.desk.reviews'), reviews, page => ({ pile: pileOf(page, () => undefined), late: 0, details: [] })),
    ...desk('/regions', '/regions', t('overview.desk.regions'), regions, report => {
      // Dead letters have their own desk.
      const needing = complaintsOf(report).filter(one => one.needs && one.kind !== 'dead_letters')
      const sentences = needing.slice(0, KINDS_MAX).map(one => t('overview.inRegion', { region: regionWords.place(one), complaint: regionWords.complaint(one) }))
      return { pile: pileOf({ items: needing }, one => one.since), late: 0, details: sentences.length > 0 ? [sentences.join(' ')] : [] }
    }),
    ...desk('/dead-letters', '/dead-letters', t('place.letters'), letters, ({ items, missing }) => ({
      pile: { count: items.reduce((sum, box) => sum + box.waiting, 0), isMore: missing.length > 0, since: undefined }, late: 0,
      details: missing.length > 0 ? [t('letters.missingWhy', { parts: missing.map(partOf).join(t('docs.comma')) })] : [],
    })),
  ])

  const known = computed(() => all.value.flatMap(one => (one.told ? [{ ...one, ...one.told }] : [])))
  const waiting = computed(() => inOrder(known.value.filter(one => one.pile.count > 0)))
  const clear = computed(() => known.value.filter(one => one.pile.count === 0))
  const unknown = computed(() => all.value.filter(one => !one.told))
  return {
    all, waiting, clear, unknown,
    silent: computed(() => all.value.filter(one => one.isSilent)),
    total: computed(() => waiting.value.reduce((sum, one) => sum + one.pile.count, 0)),
    late: computed(() => waiting.value.reduce((sum, one) => sum + one.late, 0)),
    isWhole: computed(() => unknown.value.length === 0 && known.value.every(one => !one.pile.isMore)),
  }
}
