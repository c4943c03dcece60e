// Sends files to the gateway, and tells how much of one has left. `fetch` does not tell that.

import { away, exchange, headersOf, query, underKey } from './client.ts'

export interface Leaving {
  /** Of the file, from 0 to 1. */
  left: (share: number) => void
  signal: AbortSignal
}

/** The gateway gives up sooner. */
const PATIENCE_MS = 60_000

export function upload<T>(method: 'POST' | 'PUT', path: string, file: Blob, leaving: Leaving, filters: Record<string, string> = {}): Promise<T> {
  const to = path + query(filters)
  const change = `${method} ${to} ${file instanceof File ? `${file.name} ${file.lastModified}` : ''} ${file.size}`
  return underKey(change, key => exchange<T>(path, () => sendFile({ ...headersOf(method), 'idempotency-key': key }, method, to, file, leaving)))
}

function sendFile(headers: Record<string, string>, method: string, path: string, file: Blob, { left, signal }: Leaving): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = () => request.abort()
    request.open(method, path)
    request.timeout = PATIENCE_MS
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded, total }) => left(total > 0 ? loaded / total : 0)
    request.onload = () => resolve(responseOf(request))
    request.onerror = request.ontimeout = () => reject(away())
    request.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'))
    request.onloadend = () => signal.removeEventListener('abort', stop)
    signal.addEventListener('abort', stop)
    request.send(file)
  })
}

function responseOf(request: XMLHttpRequest): Response {
  const retryAfter = request.getResponseHeader('retry-after')
  return new Response(request.responseText, { status: request.status, headers: retryAfter ? { 'retry-after': retryAfter } : {} })
}
