// The first page of each list that waits for an admin. The bar counts them and the overview tells
// of them: both read the same answers, so that each is asked for once.

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { allOrders, cases, openRefunds, reviewsAtDesk, status, verifications } from '../api/routes.ts'
import { role } from '../session.ts'
import { usePermissions } from './permissions.ts'

export function useDesks() {
  const { isKnown, opens } = usePermissions()
  const reads = (path: string) => computed(() => role.value === 'admin' && isKnown.value && opens(path))
  return {
    approvals: useQuery({
      queryKey: ['orders', 'all', { status: 'pending_review', sort: 'oldest' }],
      queryFn: ({ signal }) => allOrders({ status: 'pending_review', sort: 'oldest' }, signal),
      enabled: reads('/approvals'),
    }),
    conflicts: useQuery({ queryKey: ['cases', 'open', 'first'], queryFn: ({ signal }) => cases('open', undefined, signal), enabled: reads('/conflicts') }),
    providers: useQuery({ queryKey: ['verifications', 'waiting', 'first'], queryFn: ({ signal }) => verifications({ state: 'waiting' }, signal), enabled: reads('/providers') }),
    reviews: useQuery({ queryKey: ['desk-reviews', 'reported', 'first'], queryFn: ({ signal }) => reviewsAtDesk({ state: 'reported' }, signal), enabled: reads('/reviews') }),
    refunds: useQuery({ queryKey: ['refunds', 'open', 'first'], queryFn: ({ signal }) => openRefunds(undefined, signal), enabled: reads('/money') }),
    regions: useQuery({ queryKey: ['status'], queryFn: ({ signal }) => status(signal), enabled: reads('/regions') }),
  }
}
