// What the record of changes says of each entry: its words, the thing it was done to, and what came of it.

export interface Change { method: string; route: string }

/** The name of a change in the message files: `POST /api/v1/admin/edges/{id}/key` is `post_edges_key`. */
export function changeKey({ method, route }: Change): string {
  const words = route.split('/').filter(word => word && !word.startsWith('{') && !['api', 'v1', 'admin'].includes(word))
  return [method.toLowerCase(), ...words].join('_').replaceAll('-', '_')
}

export type Thing = { kind: 'order' | 'person' | 'edge' | 'region' | 'case'; id: string } | { kind: 'other'; id: string }

const THINGS: Readonly<Record<string, Exclude<Thing['kind'], 'other'>>> = {
  orders: 'order', users: 'person', providers: 'person', edges: 'edge', regions: 'region', assignments: 'region', cases: 'case',
}

/** What stands in the path for the first part of the route that varies. */
export function thingOf({ route, path }: { route: string; path: string }): Thing | undefined {
  const patterns = route.split('/')
  const words = path.split('/')
  const at = patterns.findIndex(word => word.startsWith('{'))
  const id = words[at]
  if (at < 1 || !id) return undefined
  const kind = THINGS[patterns[at - 1] ?? '']
  return { kind: kind ?? 'other', id: decodeURIComponent(id) }
}

export type Outcome = 'done' | 'refused' | 'failed' | 'unknown'

export function outcomeOf(status: number | null | undefined): Outcome {
  if (status === null || status === undefined) return 'unknown'
  if (status < 400) return 'done'
  return status < 500 ? 'refused' : 'failed'
}

/** The moment at which a day begins here, or the one after it. */
export function startOfDay(day: string | undefined, daysLater = 0): string | undefined {
  if (!day) return undefined
  const date = new Date(`${day}T00:00`)
  if (Number.isNaN(date.getTime())) return undefined
  date.setDate(date.getDate() + daysLater)
  return date.toISOString()
}
