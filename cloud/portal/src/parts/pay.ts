// What a provider gets for a job, and when, in words.

import { type PayWords, useFormats, useI18n } from '@holdfast/kit'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { netOf } from '@holdfast/kit/fees.ts'
import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import { newestPlatformFees } from '../api/routes.ts'
import { minorOf } from './money.ts'

/** The answer tells of every order that is published within the hour. */
const FRESH_MS = 30 * 60_000

const HOUR_MS = 60 * 60_000

const useTerms = () => useQuery({ queryKey: ['platform-fees'], queryFn: ({ signal }) => newestPlatformFees(signal), staleTime: FRESH_MS })

/** How long money is held after the work is complete, in words. */
export function useHold(): ComputedRef<string> {
  const { t } = useI18n()
  const asked = useTerms()
  return computed(() => {
    const ms = asked.data.value?.objection_ms
    if (ms === undefined) return t('money.holdUnknown')
    const hours = Math.ceil(ms / HOUR_MS)
    return t('money.hold', { n: hours }, hours)
  })
}

export function usePay() {
  const { t } = useI18n()
  const formats = useFormats()
  const asked = useTerms()

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
