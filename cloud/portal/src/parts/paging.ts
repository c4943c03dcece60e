// Lists that grow page by page, as one list.

import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'

/** `next` is the cursor of the page after this one. */
interface Page<T> { items: T[]; next: string | null }

/** Reads page after page until the last one, or `most` items. `isCut` says that there are more. */
export async function readPages<T>(most: number, ask: (cursor: string | undefined) => Promise<Page<T>>): Promise<{ items: T[]; isCut: boolean }> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await ask(cursor)
    items.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && items.length < most)
  return { items: items.slice(0, most), isCut: cursor !== undefined || items.length > most }
}

export function usePaged<P extends Page<unknown>>(key: MaybeRefOrGetter<readonly unknown[]>, ask: (cursor: string | undefined, signal: AbortSignal) => Promise<P>, enabled: MaybeRefOrGetter<boolean> = true) {
  const asked = useInfiniteQuery({
    queryKey: computed(() => [...toValue(key), 'pages']),
    queryFn: ({ pageParam, signal }) => ask(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: P) => last.next ?? undefined,
    enabled: computed(() => toValue(enabled)),
  })
  const items = computed<P['items'][number][]>(() => asked.data.value?.pages.flatMap(page => page.items) ?? [])
  return { asked, items }
}
