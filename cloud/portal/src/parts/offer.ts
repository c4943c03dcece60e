// Words for an open job that is offered to a few providers for a time.

import { useFormats, useI18n } from '@holdfast/kit'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { offerReach, runningOffer } from '@holdfast/kit/offers.ts'
import { role } from '../session.ts'
import { useNames } from './names.ts'

export function useOfferWords() {
  const { t } = useI18n()
  const names = useNames()
  const formats = useFormats()

  /** For a customer, and for a provider; undefined once every provider can accept the job. */
  return (order: Order, now: number): string | undefined => {
    const offer = runningOffer(order, now)
    if (!offer) return undefined
    const time = names.since(offer.until)
    if (role.value !== 'provider') return t('order.offered', { time })
    return t(`offer.${offerReach(order, now) ?? 'others'}`, { time, left: formats.value.ago(Date.parse(offer.until), now) })
  }
}
