// The one Trusted Types policy of our own: it lets the page's service worker through and nothing else.

const WORKER = '/sw.js'

type Policy = { createScriptURL(url: string): string }
type Factory = { createPolicy(name: string, rules: Policy): Policy }

function only(url: string): string {
  if (url !== WORKER) throw new TypeError(`not a script of this page: ${url}`)
  return url
}

let policy: Policy | undefined

/** The address of the service worker, as the browser wants it. */
export function workerUrl(): string {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes
  policy ??= factory?.createPolicy('holdfast', { createScriptURL: only }) ?? { createScriptURL: only }
  return policy.createScriptURL(WORKER)
}
