// The keys of wishes to move money. A wish keeps its key until its outcome is known, also across a reload of the page, so
// that it acts once however often it is sent.

export type IntentStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

interface Intent { words: string; key: string }

const PREFIX = 'holdfast.intent.'

/** `fresh` makes a key. A store of one tab is enough: the payment service itself lets one payment be open. */
export function intentKeys(store: IntentStore, fresh: () => string) {
  function known(name: string): Intent | undefined {
    const kept = store.getItem(PREFIX + name)
    return kept === null ? undefined : (JSON.parse(kept) as Intent)
  }

  /** The key of the wish in these words; in other words it is another wish. */
  function keyOf(name: string, words: string): { key: string; isFresh: boolean } {
    const before = known(name)
    if (before?.words === words) return { key: before.key, isFresh: false }
    const key = fresh()
    store.setItem(PREFIX + name, JSON.stringify({ words, key }))
    return { key, isFresh: true }
  }

  /** Its outcome is known: the same words are a new wish from here on. */
  function end(name: string): void {
    store.removeItem(PREFIX + name)
  }

  return { keyOf, end }
}
