// Somebody's way to another service and back. The ticket stays in this tab, and nobody can come back without it.

export interface Visit {
  /** Of auth; only auth can read it. */
  ticket: string
  /** A page signs in, or links the service to the account that is signed in. */
  for: 'entry' | 'link'
  /** The page that was asked for before the sign-in. */
  back?: string | undefined
}

/** What the other service adds to the address of the way back. */
export interface Homecoming { ticket: string; state: string; code: string; iss?: string }

const KEY = 'holdfast.visit'

/** Leaves this page for the other service. */
export function setOut(address: string, visit: Visit): void {
  sessionStorage.setItem(KEY, JSON.stringify(visit))
  location.assign(address)
}

/** The visit of this tab; it is told once. */
export function takeVisit(): Visit | undefined {
  const kept = sessionStorage.getItem(KEY)
  sessionStorage.removeItem(KEY)
  return kept ? (JSON.parse(kept) as Visit) : undefined
}

/** `undefined` where the service has given no code. */
export function homecoming(ticket: string, query: URLSearchParams): Homecoming | undefined {
  const [state, code, iss] = [query.get('state'), query.get('code'), query.get('iss')]
  if (state === null || code === null) return undefined
  return { ticket, state, code, ...(iss === null ? {} : { iss }) }
}
