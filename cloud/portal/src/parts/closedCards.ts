// Cards with first steps, each of which a person may close. This browser remembers it.

import { keepLook, readLook } from '@holdfast/kit/preferences.ts'
import { computed, ref } from 'vue'
import { session } from '../session.ts'

export type ClosableCard = 'first-job' | 'first-order' | 'set-up'

/** On a shared device the cards closed last are remembered. */
const CLOSED_MAX = 60
const closed = ref<readonly string[]>(readLook().closed)

export function useClosable(card: ClosableCard) {
  const key = computed(() => `${card} ${session.person?.user_id ?? ''}`)
  const isClosed = computed(() => closed.value.includes(key.value))

  /** Another tab may have closed others meanwhile. */
  function keep(isClosing: boolean): void {
    const others = readLook().closed.filter(one => one !== key.value)
    closed.value = (isClosing ? [...others, key.value] : others).slice(-CLOSED_MAX)
    keepLook({ closed: [...closed.value] })
  }

  /** The focus would go with the button. */
  function close(): void {
    keep(true)
    document.getElementById('main')?.focus()
  }

  /** The person tries something that needs the card's steps. */
  function reopen(): void {
    if (isClosed.value) keep(false)
  }

  return { close, isClosed, reopen }
}
