// The cursor and the selected rows of a list, as pure functions over ids in the order they are shown.

export interface Picked { at: string | undefined; selected: readonly string[] }

/** Moves the cursor; it stops at both ends. Without a cursor the first step leads to the first row. */
export function moved(ids: readonly string[], at: string | undefined, by: 1 | -1): string | undefined {
  const index = at === undefined ? -1 : ids.indexOf(at)
  if (index < 0) return by > 0 ? ids[0] : ids.at(-1)
  return ids[Math.min(ids.length - 1, Math.max(0, index + by))]
}

/** The row to look at once `gone` have left the list: the next one that stays, else the one before. */
export function afterDeciding(ids: readonly string[], at: string | undefined, gone: ReadonlySet<string>): string | undefined {
  if (at === undefined || !gone.has(at)) return at ?? ids.find(id => !gone.has(id))
  const index = ids.indexOf(at)
  const below = ids.slice(index + 1).find(id => !gone.has(id))
  return below ?? ids.slice(0, Math.max(0, index)).reverse().find(id => !gone.has(id))
}

export function toggled(selected: readonly string[], id: string): string[] {
  return selected.includes(id) ? selected.filter(other => other !== id) : [...selected, id]
}

/** Selects everything between the row that was selected last and this one. */
export function ranged(ids: readonly string[], selected: readonly string[], to: string): string[] {
  const from = selected.at(-1) ?? to
  const [a, b] = [ids.indexOf(from), ids.indexOf(to)]
  if (b < 0) return [...selected]
  const span = ids.slice(Math.min(a < 0 ? b : a, b), Math.max(a, b) + 1)
  return [...selected.filter(id => !span.includes(id)), ...span.filter(id => id !== to), to]
}
