// Runs one command on an order at a time. Pressing twice sends the same command id, which takes effect once.

import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { newCommandId } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { act, type OrderAction, startWithCode } from '../api/routes.ts'
import type { CommandReply } from '@holdfast/kit/api.gen.ts'

export function useOrderCommand() {
  const client = useQueryClient()
  const busy = ref<string>()
  const problem = ref<unknown>()
  const ids = new Map<string, string>()

  /** `code` is the start code. Returns the answer; `undefined` where it was refused or failed, which `problem` tells. */
  async function run(orderId: string, action: OrderAction, reason?: string, code?: string): Promise<CommandReply | undefined> {
    if (busy.value) return undefined
    const key = `${action} ${orderId}`
    const commandId = ids.get(key) ?? newCommandId()
    ids.set(key, commandId)
    busy.value = key
    problem.value = undefined
    try {
      const reply = code === undefined ? await act(orderId, action, commandId, reason) : await startWithCode(orderId, code, commandId)
      if (!isWaiting(reply)) ids.delete(key)
      return reply
    } catch (error) {
      // An answer that was lost may have been a success: the same id asks for it again.
      if (!(error instanceof Problem && error.passes)) ids.delete(key)
      problem.value = error
      return undefined
    } finally {
      busy.value = undefined
      void client.invalidateQueries({ queryKey: ['orders'] })
      void client.invalidateQueries({ queryKey: ['order', orderId] })
      void client.invalidateQueries({ queryKey: ['timeline', orderId] })
    }
  }

  return { busy, problem, run }
}

export function isWaiting(reply: CommandReply): reply is Extract<CommandReply, { state: 'pending' }> {
  return 'state' in reply
}
