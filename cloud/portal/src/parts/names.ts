// Words for people, codes, times and places that only ids stand for.

import { useFormats, useI18n } from '@holdfast/kit'
import type { Actor, Order } from '@holdfast/kit/api.gen.ts'
import { namesNoHour } from '@holdfast/kit/bookings.ts'
import { isErased } from '../logic/deletion.ts'
import { useDeskNames } from './deskNames.ts'

export function useNames() {
  const { t, te } = useI18n()
  const formats = useFormats()
  const findName = useDeskNames()
  // The last signs of an id tell two people apart; the first ones are a time.
  const shortId = (id: string) => id.replaceAll('-', '').slice(-6).toUpperCase()

  return {
    shortId,
    /** By the name for those who may read it. */
    person: (actor: Actor) => findName(actor.user_id) ?? t(`person.${actor.role}`, { id: shortId(actor.user_id) }),
    /** The title of an order, or a word in place of an erased one. */
    title: (order: { title: string }) => (isErased(order) ? t('order.erased') : order.title),
    code: (code: string) => (te(`code.${code}`) ? t(`code.${code}`) : code),
    span(ms: number): string {
      const seconds = ms / 1000
      if (seconds < 10) return t('span.seconds', { n: seconds.toFixed(1) })
      if (seconds < 60) return t('span.seconds', { n: Math.round(seconds) })
      if (seconds < 3600) return t('span.minutes', { n: Math.floor(seconds / 60), s: Math.round(seconds % 60) })
      const minutes = Math.round(seconds / 60)
      return t('span.hours', { n: Math.floor(minutes / 60), m: minutes % 60 })
    },
    /** An entry of a log, by its own name. */
    command: (type: string) => (te(`command.${type}`) ? t(`command.${type}`) : type),
    caseTitle: (kind: string) => (te(`case.${kind}.title`) ? t(`case.${kind}.title`) : kind),
    caseAdvice: (kind: string) => (te(`case.${kind}.advice`) ? t(`case.${kind}.advice`) : t('case.other')),
    /** The age in one unit, as a list has room for no more. */
    age(since: string, now: number): string {
      const minutes = Math.max(0, Math.floor((now - Date.parse(since)) / 60_000))
      if (minutes < 1) return t('age.now')
      if (minutes < 60) return t('age.minutes', { n: minutes })
      if (minutes < 48 * 60) return t('age.hours', { n: Math.floor(minutes / 60) })
      const days = Math.floor(minutes / 1440)
      return t('age.days', { n: days }, days)
    },
    /** Where an order or a step came from. */
    source: (source: string) => (source === 'portal' || source === 'kiosk' ? t(`source.${source}`) : t('source.edge', { edge: source })),
    when(order: Pick<Order, 'service_start_time' | 'service_end_time'>): string {
      const { service_start_time: start, service_end_time: end } = order
      if (!start) return t('order.anyTime')
      if (namesNoHour(start, end)) return t('order.anyTimeOf', { day: formats.value.date(Date.parse(start), 'dayOfWeek') })
      const from = formats.value.date(Date.parse(start), 'weekday')
      return end ? t('order.fromTo', { from, to: formats.value.date(Date.parse(end), 'time') }) : from
    },
    /** The start of what still lasts: with its day where that is not today. */
    since(instant: string | number): string {
      const at = new Date(instant)
      const isToday = at.toDateString() === new Date().toDateString()
      return formats.value.date(at, isToday ? 'time' : 'weekday')
    },
    at: (instant: string | null | undefined) => (instant ? formats.value.date(Date.parse(instant), 'full') : '–'),
  }
}
