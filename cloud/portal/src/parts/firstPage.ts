// After a sign-in.

import { onBeforeRouteLeave, useRouter } from 'vue-router'
import type { Role } from '@holdfast/kit/api.gen.ts'
import { firstPage } from '../router.ts'

/**
 * Leads a person who has just signed in to the page that they came for, or to their first one. The bar of places is there
 * before that page is known: a place that they chose meanwhile stays.
 */
export function useFirstPage(): (back: unknown, role: Role) => Promise<void> {
  const router = useRouter()
  let hasLeft = false
  onBeforeRouteLeave(() => { hasLeft = true })
  return async (back, role) => {
    hasLeft = false
    const path = await firstPage(router, back, role)
    if (!hasLeft) await router.replace(path)
  }
}
