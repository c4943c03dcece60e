// What there is to pay with, and what the reader keeps of it for next time.

import { useI18n } from '@holdfast/kit'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { Problem } from '../api/problem.ts'
import { keepPaymentMethod, paymentMethods, removePaymentMethod } from '../api/routes.ts'
import { session } from '../session.ts'

export function usePaymentMethods(isWanted: () => boolean = () => true) {
  const { t, te } = useI18n()
  const client = useQueryClient()
  const queryKey = ['payment-methods', session.person?.user_id]
  const asked = useQuery({ queryKey, queryFn: ({ signal }) => paymentMethods(signal), enabled: computed(isWanted) })
  const items = computed(() => asked.data.value?.items ?? [])
  const kept = computed(() => asked.data.value?.kept ?? [])
  const proposed = computed(() => asked.data.value?.proposed ?? items.value[0]?.method)

  const nameOf = (token: string): string => (te(`pay.method.${token}`) ? t(`pay.method.${token}`) : token)

  async function changed(change: Promise<unknown>): Promise<void> {
    try {
      await change
    } finally {
      await client.invalidateQueries({ queryKey })
    }
  }

  /** Without a word about it, the first one is the default. */
  const keep = (method: string, isDefault = !kept.value.some(one => one.is_default)): Promise<void> =>
    changed(keepPaymentMethod(method, { is_default: isDefault }))

  /** One that is gone already is removed. */
  const remove = (method: string): Promise<void> => changed(removePaymentMethod(method).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
  }))

  return { asked, items, kept, proposed, nameOf, keep, remove }
}
