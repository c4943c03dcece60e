// What one's role includes. The gateway judges each request; here it only decides what is offered.

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { Permission } from '@holdfast/kit/api.gen.ts'
import { permissions } from '../api/routes.ts'
import { role, session } from '../session.ts'

export function usePermissions() {
  const own = useQuery({
    queryKey: computed(() => ['permissions', session.person?.user_id]),
    queryFn: ({ signal }) => permissions(signal),
    enabled: computed(() => role.value === 'admin'),
    staleTime: 30_000,
  })
  /** Offered also while it is unknown: the answer to the request says it then. */
  const can = (permission: Permission): boolean => own.data.value?.permissions.includes(permission) ?? true
  return { can }
}
