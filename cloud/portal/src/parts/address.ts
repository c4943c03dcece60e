// Filters and selections live in the address, so that a view can be sent and back works.

import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** One word of the query; a change replaces the address, so that back leaves the page and not each filter. */
export function useAddress(name: string): WritableComputedRef<string | undefined> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const value = route.query[name]
      return typeof value === 'string' && value !== '' ? value : undefined
    },
    set: value => {
      const { [name]: _, ...rest } = route.query
      void router.replace({ query: value ? { ...rest, [name]: value } : rest, hash: route.hash })
    },
  })
}

/** A word of the query that is one of a list. */
export function useChoice<T extends string>(name: string, all: readonly T[]): WritableComputedRef<T | undefined> {
  const word = useAddress(name)
  return computed({
    get: () => all.find(one => one === word.value),
    set: value => { word.value = value },
  })
}
