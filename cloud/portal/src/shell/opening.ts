// A page that opens shows its heading at once, and the rest together once its first answers are here: what comes one by
// one would push away what somebody is about to read or press.

import type { QueryClient } from '@tanstack/vue-query'
import { nextTick, onBeforeUnmount, readonly, ref, type Ref, watch } from 'vue'

/** An answer often leads to the next question. After such a pause there was none. */
const QUIET_MS = 30
/** After that a page shows what it has, and the rest as it comes. */
const OPENING_MS_MAX = 3_000

/** Whether this page is opening. Without a page, as between two, nothing is. */
export function useOpening(client: QueryClient, page: () => string | undefined): Readonly<Ref<boolean>> {
  const isOpening = ref(false)
  const isAsking = () => client.isFetching({ predicate: ({ state }) => state.data === undefined && state.fetchFailureCount === 0 }) > 0
  let quiet: ReturnType<typeof setTimeout> | undefined
  let bound: ReturnType<typeof setTimeout> | undefined

  function end(): void {
    clearTimeout(quiet)
    clearTimeout(bound)
    isOpening.value = false
  }

  function look(): void {
    clearTimeout(quiet)
    if (isOpening.value && !isAsking()) quiet = setTimeout(end, QUIET_MS)
  }

  watch(page, async now => {
    end()
    if (now === undefined) return
    isOpening.value = true
    bound = setTimeout(end, OPENING_MS_MAX)
    // Its parts have asked by then. One that has all its answers from before is shown without a pause.
    await nextTick()
    if (!isAsking()) end()
  }, { immediate: true })

  const stop = client.getQueryCache().subscribe(look)
  onBeforeUnmount(() => {
    stop()
    end()
  })
  return readonly(isOpening)
}
