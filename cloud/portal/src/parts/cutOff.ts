// Tells customers and admins that the region of an order is cut off, so that "open" or "confirmed" is only what the
// cloud knows.

import { useFormats, useI18n } from '@holdfast/kit'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { regionLinks } from '../api/routes.ts'
import { cutOffOf } from '../logic/cutOff.ts'
import { role } from '../session.ts'

/** No news says that a region was cut off. */
const REFRESH_MS = 30_000

export function useCutOff() {
  const { t } = useI18n()
  const formats = useFormats()
  const isFor = computed(() => role.value === 'customer' || role.value === 'admin')
  const asked = useQuery({
    queryKey: ['links'], queryFn: ({ signal }) => regionLinks(signal), refetchInterval: REFRESH_MS, enabled: isFor,
  })

  function timeOf(since: number): string {
    const isToday = new Date(since).toDateString() === new Date().toDateString()
    return formats.value.date(since, isToday ? 'time' : 'full')
  }

  /** The words about an order whose region is cut off. */
  function wordsOf(order: Pick<Order, 'status' | 'location'>) {
    const cut = isFor.value ? cutOffOf(order, asked.data.value ?? []) : undefined
    if (!cut) return undefined
    const region = t(`region.${order.location}`)
    const time = cut.since === undefined ? undefined : timeOf(cut.since)
    const is = time ? t('cutOff.since', { region, time }) : t('cutOff.now', { region })
    return {
      is,
      sentence: t('cutOff.sentence', { is, may: t(`cutOff.may.${cut.may}`) }),
      asOf: time ? t('cutOff.asOf', { time }) : t('cutOff.asOfContact'),
      noNews: t('cutOff.noNews', { region }),
    }
  }

  return { wordsOf }
}
