// Filters of a list that live in the address, as a form.

import { computed, reactive, watch } from 'vue'
import { type LocationQueryRaw, useRoute, useRouter } from 'vue-router'
import { type Filter, FILTERS, filtersOf } from '../logic/orderFilters.ts'

/** `kept` are the other words of the address. */
export function useFilters(names: readonly Filter[], kept: () => LocationQueryRaw) {
  const route = useRoute()
  const router = useRouter()
  const words = computed(() => filtersOf(route.query, names))
  /** The form as it is being filled in; the address has what is asked for. */
  const form = reactive(Object.fromEntries(FILTERS.map(name => [name, ''])) as Record<Filter, string>)
  // By its text: another sort in the address must not take away what is typed but not asked for.
  watch(() => JSON.stringify(words.value), () => { for (const name of names) form[name] = words.value[name] ?? '' }, { immediate: true })

  function search(): void {
    void router.replace({ query: { ...filtersOf(form, names), ...kept() } })
  }

  return { words, form, search }
}
