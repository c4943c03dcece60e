// The address of mail of the person who is signed in.

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { noticeWishes, ownAddress } from '../api/routes.ts'
import { session } from '../session.ts'

/** The address, and whether it waits for its code here. Nothing waits where no mail is sent. */
export function useOwnAddress() {
  const who = () => session.person?.user_id
  const isAsked = computed(() => session.person !== undefined && session.person.role !== 'admin')
  const address = useQuery({ queryKey: computed(() => ['own-address', who()]), queryFn: ({ signal }) => ownAddress(signal), enabled: isAsked })
  const wishes = useQuery({ queryKey: computed(() => ['notice-wishes', who()]), queryFn: ({ signal }) => noticeWishes(signal), enabled: isAsked, refetchOnWindowFocus: false })
  const isMailed = computed(() => wishes.data.value?.channels.includes('email') ?? false)
  const waits = computed(() => {
    const own = address.data.value
    return isMailed.value && own !== undefined && (own.pending !== null || (own.email !== null && !own.is_confirmed))
  })
  /** Answered, or out of reach. */
  const isKnown = computed(() => address.isFetched.value && wishes.isFetched.value)
  return { address, isKnown, isMailed, waits }
}
