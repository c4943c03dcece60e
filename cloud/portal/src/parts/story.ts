// An order's timeline in words, and each step's travel as hops.

import { type Hop as KitHop, type IconName, langOf, type TimelineEntry as KitEntry, useFormats, useI18n } from '@holdfast/kit'
import type { Actor, Currency, IncidentReport, TimelineEntry } from '@holdfast/kit/api.gen.ts'
import { isWorthTelling, timeOf, travelOf, type Hop, type Place } from '../logic/travel.ts'
import { session } from '../session.ts'
import { minorOf } from './money.ts'
import { useNames } from './names.ts'

const ICONS: Readonly<Record<Place, IconName>> = {
  portal: 'globe', sender: 'person', tablet: 'tablet', node: 'node', cloud: 'cloud', confirmed: 'confirmed', needs: 'needs',
}

/** `currency` is the order's, for the prices in its history; `nameOf` gives its people the names that its page gives them. */
export function useStory(currency: () => Currency | undefined, nameOf?: (actor: Actor) => string) {
  const { t } = useI18n()
  const formats = useFormats()
  const names = useNames()

  function hop(hop: Hop): KitHop {
    const name = hop.place === 'node' && hop.edge ? t('travel.nodeNamed', { edge: hop.edge }) : t(`travel.${hop.place}`)
    const promise = hop.tookMs === undefined ? undefined : t('travel.took', { span: names.span(hop.tookMs) })
    return {
      icon: ICONS[hop.place], name, at: hop.at,
      ...(hop.time ? { time: Date.parse(hop.time) } : {}),
      ...(promise ? { promise } : {}),
    }
  }

  function what(step: TimelineEntry): string {
    if (step.payment_status) return t(`step.payment.${step.payment_status}`)
    if (isErasure(step)) return t('step.erased')
    if (step.offer) return t(`step.offer.${step.offer}`, { time: names.at(step.offered_until) })
    const action = step.action ?? 'publish'
    if (isNothing(step)) return t(step.actor.user_id === session.person?.user_id ? 'step.nothing.mine' : 'step.nothing.other')
    const mine = step.actor.user_id === session.person?.user_id
    if (step.incident) return report(step.incident, mine)
    if (step.incident_answer) return t(`step.answer.${step.incident_answer.agreed ? 'yes' : 'no'}.${mine ? 'mine' : 'other'}`)
    if (step.moved_to) return t(`step.reschedule.${mine ? 'mine' : 'other'}`, { when: names.when({ service_end_time: null, ...step.moved_to }) })
    if (action === 'withdraw' && !mine && step.actor.role === 'admin') return t('step.withdraw.admin')
    return t(`step.${action}.${mine ? 'mine' : 'other'}`)
  }

  /** What happened, with the price of more work. */
  function report({ kind, extra_price }: IncidentReport, mine: boolean): string {
    const what = t(`step.report.${mine ? 'mine' : 'other'}`, { what: t(`incident.${kind}`) })
    if (!extra_price) return what
    const known = currency()
    return t('step.reportPrice', { what, price: known ? formats.value.money(minorOf(extra_price), known) : extra_price })
  }

  function entry(step: TimelineEntry, isNewest: boolean): KitEntry {
    const when = timeOf(step)
    const travel = travelOf(step)
    const reason = step.reason ?? undefined
    const detail = reason ?? (step.code && !isErasure(step) ? names.code(step.code) : undefined)
    const showsWho = session.person?.role === 'admin' && !step.payment_status && !isErasure(step)
    return {
      id: `${step.version} ${step.command_id}`,
      what: what(step),
      when: when ? Date.parse(when) : 0,
      ...(showsWho ? { who: (nameOf ?? names.person)(step.actor) } : {}),
      ...(detail ? { detail } : {}),
      ...(reason ? { detailLang: langOf(reason) } : {}),
      ...(step.moved_from ? { note: t('step.reschedule.before', { when: names.when({ service_end_time: null, ...step.moved_from }) }) } : {}),
      ...(step.address_shown ? { note: t('order.addressShown') } : {}),
      ...(isWorthTelling(step) ? { travel: travel.hops.map(hop), open: isNewest } : {}),
      ...(travel.heldMs === undefined ? {} : { travelNote: t('travel.held', { edge: step.edge ?? '', span: names.span(travel.heldMs) }) }),
    }
  }

  /** Newest first. A customer reads of a request that changed nothing only beside the one that did, unless it showed the address. */
  function entries(timeline: readonly TimelineEntry[]): KitEntry[] {
    const newestFirst = [...timeline].sort((a, b) => b.version - a.version || (timeOf(b) ?? '').localeCompare(timeOf(a) ?? ''))
    if (session.person?.role !== 'customer') return newestFirst.map((step, at) => entry(step, at === 0))
    const late = newestFirst.filter(step => isNothing(step) && step.action === 'accept' && !step.address_shown)
    const shown = newestFirst.filter(step => !late.includes(step))
    const winning = shown.find(step => step.action === 'accept')
    return shown.map((step, at) => (step === winning ? withLate(entry(step, at === 0), late) : entry(step, at === 0)))
  }

  function withLate(winning: KitEntry, late: readonly TimelineEntry[]): KitEntry {
    const notes = late.flatMap(step => timeOf(step) ?? []).map(at => t('travel.another', { time: formats.value.date(Date.parse(at), 'time') }))
    return { ...winning, ...(notes.length > 0 ? { travelNote: [winning.travelNote, ...notes].filter(Boolean).join(' ') } : {}) }
  }

  return { entries, formats, hop }
}

/** A step that changed nothing, such as a lost acceptance. */
export function isNothing(step: TimelineEntry): boolean {
  return step.code !== null && step.from === step.to
}

/** The platform erased texts; no person acted. */
function isErasure(step: TimelineEntry): boolean {
  return step.code === 'author_deleted'
}
