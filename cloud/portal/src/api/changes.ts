// The keys of changes on their way. The same change, sent again before its answer is known, has the same key, so that
// it acts once.

interface Change { key: string; flying: number }

/** A lost change keeps its key until another one is sent: by then its sender has given it up. */
export function changeKeys(fresh: () => string) {
  const known = new Map<string, Change>()

  /** Begins to send a change, which its text names. */
  function begin(change: string): string {
    const before = known.get(change)
    if (before) {
      before.flying += 1
      return before.key
    }
    for (const [other, { flying }] of known) if (flying === 0) known.delete(other)
    const key = fresh()
    known.set(change, { key, flying: 1 })
    return key
  }

  /** `isKnown` where Holdfast answered. */
  function end(change: string, key: string, isKnown: boolean): void {
    const sent = known.get(change)
    if (sent?.key !== key) return
    sent.flying -= 1
    if (isKnown) known.delete(change)
  }

  return { begin, end }
}
