// What a provider gets for a job, in words.

import { type PayWords, useFormats, useI18n } from '@holdfast/kit'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { netOf } from '@holdfast/kit/fees.ts'
import { useQuery } from '@tanstack/vue-query'
import { newestPlatformFees } from '../api/routes.ts'
import { minorOf } from './money.ts'

/** The answer tells of every order that is published within the hour. */
const FRESH_MS = 30 * 60_000

export function usePay() {
  const { t } = useI18n()
  const formats = useFormats()
  const asked = useQuery({ queryKey: ['platform-fees'], queryFn: ({ signal }) => newestPlatformFees(signal), staleTime: FRESH_MS })

  /** Where the fee is unknown, or another one may still be set, there is only the price. */
  function payOf(order: Order): PayWords {
    const money = (minor: number) => formats.value.money(minor, order.currency)
    const price = money(minorOf(order.price))
    const net = netOf(minorOf(order.price), order, asked.data.value)
    if (!net || net.mayChange) return { price, sentence: price }
    const words = { price, net: money(net.minor), fee: money(net.fee) }
    return { price, gets: t('available.gets', words), sentence: t('available.getsOf', words), terms: t('available.terms', words) }
  }

  return { payOf }
}
