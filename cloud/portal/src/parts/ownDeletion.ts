// Whether the person who is signed in has asked to delete their account, and what it waits for.

import { useFormats, useI18n } from '@holdfast/kit'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { ownDeletion } from '../api/routes.ts'
import { waitOf } from '../logic/deletion.ts'
import { session } from '../session.ts'

/** Another administrator closes the account of one. */
export function useOwnDeletion() {
  const { t } = useI18n()
  const formats = useFormats()
  const who = () => session.person?.user_id
  const isOffered = computed(() => session.person !== undefined && session.person.role !== 'admin')
  const asked = useQuery({ queryKey: computed(() => ['own-deletion', who()]), queryFn: ({ signal }) => ownDeletion(signal), enabled: isOffered, staleTime: 60_000, refetchOnWindowFocus: false })
  const deleteAt = computed(() => asked.data.value?.delete_at ?? undefined)
  /** The day, or that it has come. */
  const title = computed(() => {
    const at = Date.parse(deleteAt.value ?? '')
    return at < Date.now() ? t('deletion.isDue') : t('deletion.goesAt', { day: formats.value.date(at, 'full') })
  })

  /** What is still open, as a sentence; none where nothing is. */
  const waitsFor = computed(() => {
    const matters = asked.data.value?.waits_for
    const wait = matters && waitOf(matters)
    if (!wait) return undefined
    const orders = t('deletion.orders', { n: wait.orders }, wait.orders)
    const payments = t('deletion.payments', { n: wait.payments }, wait.payments)
    const open = { both: t('deletion.both', { orders, payments }), orders, payments }[wait.kind]
    return t('deletion.waits', { open })
  })

  return { asked, isOffered, deleteAt, title, waitsFor }
}
