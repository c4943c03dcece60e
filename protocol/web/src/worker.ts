// Keeps the page's files on the device by a service worker, and says when a newer version stands ready.
import { workerUrl } from './trusted.ts'

const LOOK_EVERY_MS = 3_600_000

/**
 * Registers the worker. `ready` is called when a newer version waits: it takes over when the person says so, and the
 * page is loaded anew. Nothing the person has done is touched. In the other tabs `ready` is called again, to load them.
 * Each call replaces the one before, and comes again after a while for a person who has not answered.
 */
export async function keepOffline(ready: (takeOver: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const container = navigator.serviceWorker
  const registration = await container.register(workerUrl())
  let hasAsked = false
  let isOld = false
  const takeOver = () => {
    const next = registration.waiting
    // Another tab was faster: the version that this page needs is active already.
    if (!next) return location.reload()
    hasAsked = true
    next.postMessage('take-over')
  }
  const tell = () => {
    if (container.controller && (registration.waiting || isOld)) ready(takeOver)
  }
  let isOurs = false
  const told = () => {
    if (registration.waiting) tell()
    isOurs = container.controller !== null
  }
  const follow = () => registration.installing?.addEventListener('statechange', told)
  told()
  // An update may be on its way already.
  follow()
  registration.addEventListener('updatefound', follow)
  // The first worker claims a page that already runs its version; only a later one makes it old.
  container.addEventListener('controllerchange', () => {
    if (isOurs && hasAsked) return location.reload()
    // Another tab asked for it. A form may be half filled here.
    isOld = isOurs
    isOurs = true
    if (isOld) tell()
  })
  setInterval(() => registration.update().then(tell, () => undefined), LOOK_EVERY_MS)
}

/** Tells the worker that the person signed out: it deletes every answer that may lie in a cache. */
export function forgetAnswers(): void {
  if (!('serviceWorker' in navigator)) return
  // A page that was on its way while the worker took over has no controller.
  void navigator.serviceWorker.getRegistration().then((registration) => registration?.active?.postMessage('signed-out'))
}

/** Removes the worker with its files: the next load comes from the server. */
export async function dropOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const registration = await navigator.serviceWorker.getRegistration()
  await registration?.unregister()
  for (const name of await caches.keys()) await caches.delete(name)
}
