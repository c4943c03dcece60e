// What one's role includes. The gateway judges each request; here it only decides what is offered.

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { Permission } from '@holdfast/kit/api.gen.ts'
import { permissions } from '../api/routes.ts'
import { role, session } from '../session.ts'

/** The permissions without which an admin's page has nothing to show, by the first part of its path. */
const NEEDED: Readonly<Record<string, readonly Permission[]>> = {
  '/approvals': ['read_desks', 'approve_orders'],
  '/inbox': ['read_desks'],
  '/conflicts': ['read_desks'],
  '/providers': ['verify_providers'],
  '/orders': ['read_desks'],
  '/money': ['read_desks'],
  '/reviews': ['moderate_reviews'],
  '/regions': ['read_platform'],
  '/edges': ['read_platform'],
  '/dead-letters': ['read_platform'],
  '/deliveries': ['read_platform'],
  '/settings': ['read_platform'],
  '/people': ['read_people'],
  '/acts': ['read_acts'],
}

const OVERVIEW = '/overview'
/** The pages that the overview sums up. Admins with only one of them begin there instead. */
const SUMMED_UP = ['/approvals', '/conflicts', '/providers', '/money', '/reviews', '/regions', '/dead-letters']
/** An admin's places, the first one first. */
export const PLACES: readonly string[] = [OVERVIEW, ...Object.keys(NEEDED)]

function isOpened(path: string, has: (permission: Permission) => boolean): boolean {
  if (path === OVERVIEW) return SUMMED_UP.filter(one => isOpened(one, has)).length > 1
  return (NEEDED[path] ?? []).every(has)
}

/** The first page that these permissions open; that of a whole admin while they are unknown. */
export function firstOpened(own: readonly Permission[] | undefined): string | undefined {
  return PLACES.find(path => isOpened(path, needed => own?.includes(needed) ?? true))
}

export function usePermissions() {
  const own = useQuery({
    queryKey: computed(() => ['permissions', session.person?.user_id]),
    queryFn: ({ signal }) => permissions(signal),
    enabled: computed(() => role.value === 'admin'),
    staleTime: 30_000,
  })
  /** Offered also while it is unknown: the answer to the request says it then. */
  const can = (permission: Permission): boolean => own.data.value?.permissions.includes(permission) ?? true
  /** Known to be included. */
  const holds = (permission: Permission): boolean => own.data.value?.permissions.includes(permission) ?? false
  /** Whether a page is offered. Its address stays; the page itself refuses. */
  const opens = (path: string): boolean => isOpened(path, can)
  /** Known, or out of reach: then the requests themselves say what the role lacks. */
  const isKnown = computed(() => own.isFetched.value)
  return { can, holds, isKnown, opens }
}
