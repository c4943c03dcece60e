// One's own profile and addresses, which share a version. It is read when the page opens and when its person asks: a form
// does not change under their hands.

import { toast, useI18n } from '@holdfast/kit'
import { useQueryClient } from '@tanstack/vue-query'
import { reactive } from 'vue'
import type { Address, AddressBook, OwnProfile, WorkPicture } from '@holdfast/kit/api.gen.ts'
import { Problem } from '../api/problem.ts'
import { addresses, profile } from '../api/routes.ts'
import { fieldOf } from '../logic/profile.ts'

export interface OwnState {
  data: { profile: OwnProfile; addresses: Address[] } | undefined
  error: unknown
  isError: boolean
  dataUpdatedAt: number
  refetch: () => Promise<void>
  busy: boolean
  /** Why the last change was not made, where no field of its form says it. */
  problem: unknown
  wrong: Record<string, string>
  /** Makes a change on the version that was read, and returns whether it was made. */
  change: (send: (version: number) => Promise<OwnProfile | AddressBook>) => Promise<boolean>
  /** Takes in what became of files. A form keeps what was typed. */
  filed: (version: number, fields: { photo?: string | undefined; pictures?: WorkPicture[] }) => void
  /** Forgets what was wrong with the last change. */
  settle: () => void
}

export function useOwnProfile(): OwnState {
  const { t } = useI18n()
  const client = useQueryClient()

  async function refetch(): Promise<void> {
    state.isError = false
    try {
      const [own, book] = await Promise.all([profile(), addresses()])
      // A change between the two is met by the older version, which the next change then finds out.
      state.data = { profile: { ...own, version: Math.min(own.version, book.version) }, addresses: book.items }
      state.dataUpdatedAt = Date.now()
      settle()
    } catch (error) {
      Object.assign(state, { error, isError: true })
    }
  }

  function settle(): void {
    Object.assign(state, { problem: undefined, wrong: {} })
  }

  async function change(send: (version: number) => Promise<OwnProfile | AddressBook>): Promise<boolean> {
    if (state.busy || !state.data) return false
    state.busy = true
    settle()
    try {
      const answer = await send(state.data.profile.version)
      const before = state.data
      state.data = 'items' in answer
        ? { profile: { ...before.profile, version: answer.version }, addresses: answer.items }
        : { ...before, profile: answer }
      // Other pages lead by it a provider who is not verified.
      void client.invalidateQueries({ queryKey: ['verification'] })
      toast(t('profile.kept'), { seconds: 5 })
      return true
    } catch (error) {
      if (error instanceof Problem && error.errors.length > 0) {
        state.wrong = Object.fromEntries(Object.entries(error.fields).map(([field, text]) => [fieldOf(field), text]))
      } else {
        state.problem = error
      }
      return false
    } finally {
      state.busy = false
    }
  }

  function filed(version: number, fields: { photo?: string | undefined; pictures?: WorkPicture[] }): void {
    if (state.data) Object.assign(state.data.profile, fields, { version })
  }

  const state: OwnState = reactive({
    data: undefined, error: undefined, isError: false, dataUpdatedAt: 0, refetch, busy: false, problem: undefined, wrong: {}, change, filed, settle,
  })
  void refetch()
  return state
}
