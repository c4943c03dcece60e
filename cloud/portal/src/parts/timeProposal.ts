// The other time that one of the two people of an accepted order proposes, and the acts on it.

import { toast } from '@holdfast/kit'
import type { Order, TimeProposalForm } from '@holdfast/kit/api.gen.ts'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import { newCommandId } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { agreeToTime, declineTime, proposeTime, takeBackTime, timeProposal } from '../api/routes.ts'
import { session } from '../session.ts'

/** One of the two people of an accepted order. */
export function mayHaveOtherTime(order: Pick<Order, 'status' | 'customer_id' | 'provider_id'>): boolean {
  const { user_id: me, role } = session.person ?? {}
  const isOwn = (role === 'customer' && order.customer_id === me) || (role === 'provider' && order.provider_id === me)
  return isOwn && order.status === 'accepted'
}

export const timeProposalQuery = (id: string) => ({ queryKey: ['time-proposal', id], queryFn: ({ signal }: { signal: AbortSignal }) => timeProposal(id, signal) })

export function useTimeProposal(order: () => Order) {
  const client = useQueryClient()
  const asked = useQuery(computed(() => ({ ...timeProposalQuery(order().id), enabled: mayHaveOtherTime(order()) })))
  const standing = computed(() => (mayHaveOtherTime(order()) ? asked.data.value : undefined))
  const busy = ref(false)
  const problem = ref<unknown>()
  /** The same agreement keeps its id until its outcome is known. */
  const ids = new Map<string, string>()

  async function run(act: () => Promise<string | undefined>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = undefined
    try {
      const said = await act()
      if (said) toast(said, { seconds: 8 })
      return true
    } catch (error) {
      problem.value = error
      return false
    } finally {
      busy.value = false
      const { id } = order()
      for (const queryKey of [['order', id], ['timeline', id], ['time-proposal', id], ['orders']]) void client.invalidateQueries({ queryKey })
    }
  }

  async function agree(proposal: string): Promise<string> {
    const commandId = ids.get(proposal) ?? newCommandId()
    ids.set(proposal, commandId)
    try {
      return (await agreeToTime(order().id, proposal, commandId)).message
    } catch (error) {
      if (!(error instanceof Problem && error.passes)) ids.delete(proposal)
      throw error
    }
  }

  return {
    standing, busy, problem,
    agree: (proposal: string) => run(() => agree(proposal)),
    decline: (proposal: string) => run(() => declineTime(order().id, proposal).then(() => undefined)),
    propose: (form: TimeProposalForm) => run(() => proposeTime(order().id, form).then(() => undefined)),
    takeBack: () => run(() => takeBackTime(order().id).then(() => undefined)),
  }
}
