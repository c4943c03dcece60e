// Sends requests to the gateway under the cookie of the session. The token itself never reaches this page.

import { uuidOf } from '../logic/commandIds.ts'
import { changeKeys } from './changes.ts'
import { Problem, UNREACHABLE, problemOf, unreachable } from './problem.ts'

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  /** The key under which a change is done once, however often it is sent. Without one it gets its own. */
  commandId?: string
  signal?: AbortSignal
  /** Lets the request outlive the page. */
  keepalive?: boolean
}

interface Surroundings {
  language: () => string
  csrf: () => string | undefined
  /** Asks for the session again: its CSRF token was not the right one. */
  renew: () => Promise<void>
  /** The session ended, or is another's. */
  signedOut: () => void
  /** True if the last request reached Holdfast. */
  reached: (reached: boolean) => void
}

let around: Surroundings = {
  language: () => 'en', csrf: () => undefined, renew: () => Promise.resolve(), signedOut: () => undefined, reached: () => undefined,
}

export function surround(surroundings: Surroundings): void {
  around = surroundings
}

/** Time limit for one request; the gateway gives up sooner. */
const PATIENCE_MS = 20_000
/** The same for a file, over a slow line. */
const FILE_PATIENCE_MS = 120_000

const SECRETS: ReadonlySet<string> = new Set(['invalid_credentials', 'code_wrong', 'passkey_wrong'])

export function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = 'GET', body, commandId } = options
  if (method === 'GET' || commandId) return exchange(path, () => send(path, options))
  const change = `${method} ${path} ${JSON.stringify(body)}`
  return underKey(change, key => exchange<T>(path, () => send(path, { ...options, commandId: key })))
}

/** The bytes of a file, as Holdfast has them now. */
export function requestFile(path: string, signal?: AbortSignal): Promise<Blob> {
  return exchange(path, () => send(path, signal ? { signal } : {}, FILE_PATIENCE_MS), response => blobOf(response, signal))
}

/** A line that breaks in the middle of a file is no answer. */
function blobOf(response: Response, signal?: AbortSignal): Promise<Blob> {
  return response.blob().catch((error: unknown) => {
    throw signal?.aborted ? error : away()
  })
}

const changes = changeKeys(newCommandId)

/** Pressing twice, or again after an answer that was lost, sends the same key. */
export async function underKey<T>(change: string, run: (key: string) => Promise<T>): Promise<T> {
  const key = changes.begin(change)
  try {
    const reply = await run(key)
    changes.end(change, key, true)
    return reply
  } catch (error) {
    changes.end(change, key, error instanceof Problem && !error.passes)
    throw error
  }
}

/** Sends, and once more where the page's sign-in was an old one. */
export async function exchange<T>(path: string, sendOnce: () => Promise<Response>, read: (response: Response) => Promise<T> = answer): Promise<T> {
  let response = await sendOnce()
  if (!response.ok) {
    let problem = await problemOf(response)
    if (problem.code === 'csrf_token_wrong') {
      // Another tab signed in anew. A command keeps its id, so sending it twice does it once.
      await around.renew()
      response = await sendOnce()
      if (response.ok) return read(response)
      problem = await problemOf(response)
    }
    around.reached(problem.code !== UNREACHABLE)
    // A wrong password, code or passkey does not end the session that asked.
    if (response.status === 401 && !SECRETS.has(problem.code) && !path.startsWith('/api/v1/session')) around.signedOut()
    throw problem
  }
  return read(response)
}

async function answer<T>(response: Response): Promise<T> {
  around.reached(true)
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T)
}

async function send(path: string, options: RequestOptions, patienceMs = PATIENCE_MS): Promise<Response> {
  const { method = 'GET', body, commandId, signal, keepalive = false } = options
  const headers = headersOf(method)
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (commandId) headers['idempotency-key'] = commandId
  const patience = AbortSignal.timeout(patienceMs)
  const init: RequestInit = {
    method, headers, keepalive, credentials: 'same-origin', cache: 'no-store',
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  }
  if (body !== undefined) init.body = JSON.stringify(body)
  try {
    return await fetch(path, init)
  } catch (error) {
    if (signal?.aborted) throw error
    throw away()
  }
}

/** Of every request: the language of the answer, and the proof that a change comes from this page. */
export function headersOf(method: string): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json', 'accept-language': around.language() }
  const csrf = around.csrf()
  if (method !== 'GET' && csrf) headers['x-csrf-token'] = csrf
  return headers
}

/** Notes that Holdfast gave no answer. */
export function away(): Error {
  around.reached(false)
  return unreachable()
}

export function query(parameters: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(parameters).filter((pair): pair is [string, string | number] => pair[1] !== undefined && pair[1] !== '')
  if (pairs.length === 0) return ''
  return `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}`
}

/** A random id. `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
export function newCommandId(): string {
  return uuidOf(crypto.getRandomValues(new Uint8Array(16)), 4)
}
