// The names of people. A provider's is public; a customer's is for the provider who has their job.

import { useI18n } from '@holdfast/kit'
import type { Actor, Order } from '@holdfast/kit/api.gen.ts'
import { useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { Problem } from '../api/problem.ts'
import { orderContact, publicProvider } from '../api/routes.ts'
import { isContactOpen } from '../logic/contact.ts'
import { isErased } from '../logic/deletion.ts'
import { session } from '../session.ts'
import { useNames } from './names.ts'

/** True if the provider deleted their account. */
const isDeleted = (error: unknown) => error instanceof Problem && error.body['deleted'] === true

/** A provider's name, or the signs of their id while they have no public profile. */
export function useProviderName(provider: MaybeRefOrGetter<string | null | undefined>) {
  const { t } = useI18n()
  const names = useNames()
  const id = computed(() => toValue(provider) ?? '')
  const asked = useQuery({ queryKey: computed(() => ['provider', 'public', id.value]), queryFn: ({ signal }) => publicProvider(id.value, signal), enabled: computed(() => id.value !== '') })
  return computed(() => {
    if (isDeleted(asked.error.value)) return t('person.deleted')
    return id.value ? asked.data.value?.full_name ?? names.person({ user_id: id.value, role: 'provider' }) : undefined
  })
}

/** The people of one order, each under one name wherever its page names them. */
export function useOrderPeople(order: () => Order | undefined) {
  const { t } = useI18n()
  const names = useNames()
  const me = computed(() => session.person?.user_id)
  const isOpen = computed(() => {
    const it = order()
    return it !== undefined && isContactOpen(it, me.value)
  })
  const contact = useQuery({
    queryKey: computed(() => ['contact', order()?.id, order()?.provider_id, me.value]),
    queryFn: ({ signal }) => orderContact(order()?.id ?? '', signal),
    enabled: isOpen,
  })
  const providerName = useProviderName(() => (order()?.provider_id === me.value ? undefined : order()?.provider_id))

  function nameOf(actor: Actor): string {
    const it = order()
    if (actor.role === 'provider' && actor.user_id === it?.provider_id) return providerName.value ?? names.person(actor)
    if (it && isErased(it) && actor.role === 'customer' && actor.user_id === it.customer_id) return t('person.deleted')
    const known = isOpen.value && actor.role === 'customer' && actor.user_id === it?.customer_id ? contact.data.value?.full_name : undefined
    return known ?? names.person(actor)
  }

  return { isOpen, contact, nameOf }
}

export type OrderPeople = ReturnType<typeof useOrderPeople>
