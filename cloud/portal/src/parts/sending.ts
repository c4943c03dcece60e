// Sends one thing at a time, so that pressing twice sends it once.

import { ref } from 'vue'

export function useSending() {
  const busy = ref(false)
  const problem = ref<unknown>()

  /** Is ignored while an earlier attempt runs. An error goes to `refused` if there is one, otherwise into `problem`. */
  async function attempt(work: () => Promise<void>, refused?: (error: unknown) => void): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = undefined
    try {
      await work()
    } catch (error) {
      if (refused) refused(error)
      else problem.value = error
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, attempt }
}
