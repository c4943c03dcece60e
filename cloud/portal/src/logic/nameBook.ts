// The names of people by their ids: those that a page shows are asked for together, and kept.

export interface PersonName {
  user_id: string
  full_name: string
  /** The person deleted their account. */
  deleted: boolean
}

export interface NameBook {
  /** The name, if it is known. Asks for it otherwise. */
  find: (id: string) => PersonName | undefined
  clear: () => void
}

/** As many as one request may ask for. */
const AT_ONCE = 50
/** A name whose request failed is asked for again when a page is next drawn after this time. */
const ASKED_AGAIN_MS = 30_000
/** Beyond it all names are asked for anew. */
const KNOWN_MAX = 5_000

/** `known` may be reactive, so that a page shows a name as soon as it is here. `null` means that the person has none. */
export function createNameBook(known: Map<string, PersonName | null>, ask: (ids: readonly string[]) => Promise<readonly PersonName[]>): NameBook {
  let waiting: string[] = []
  const asked = new Set<string>()

  function askForWaiting(): void {
    const ids = waiting
    waiting = []
    for (let n = 0; n < ids.length; n += AT_ONCE) void askFor(ids.slice(n, n + AT_ONCE))
  }

  async function askFor(ids: readonly string[]): Promise<void> {
    try {
      const names = new Map((await ask(ids)).map(name => [name.user_id, name]))
      if (known.size > KNOWN_MAX) {
        clear()
        ids.forEach(id => asked.add(id))
      }
      for (const id of ids.filter(id => asked.has(id))) known.set(id, names.get(id) ?? null)
    } catch {
      setTimeout(() => ids.forEach(id => asked.delete(id)), ASKED_AGAIN_MS)
    }
  }

  function find(id: string): PersonName | undefined {
    const name = known.get(id)
    if (name === undefined && !asked.has(id)) {
      asked.add(id)
      if (waiting.length === 0) queueMicrotask(askForWaiting)
      waiting.push(id)
    }
    return name ?? undefined
  }

  function clear(): void {
    known.clear()
    asked.clear()
    waiting = []
  }

  return { find, clear }
}
