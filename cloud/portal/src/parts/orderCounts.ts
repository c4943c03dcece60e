// How many orders somebody has, and how they ended, in words.

import { useFormats, useI18n } from '@holdfast/kit'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { countEnds, ENDS } from '../logic/approvalFacts.ts'

export function useOrderCounts() {
  const { t } = useI18n()
  const formats = useFormats()

  /** `isMore` where not all of them were read. */
  return (orders: readonly Pick<Order, 'status'>[], isMore: boolean, words: 'earlier' | 'orders'): string => {
    const count = formats.value.number(orders.length)
    const ended = countEnds(orders)
    return [
      t(`orderCounts.${words}`, { n: isMore ? t('overview.orMore', { n: count }) : count }, orders.length),
      ...ENDS.filter(end => ended[end] > 0).map(end => t(`orderCounts.${end}`, { n: formats.value.number(ended[end]) })),
    ].join(t('docs.comma'))
  }
}
