// Keeps the page's files on the device by a service worker, and says when a newer version stands ready.
import { workerUrl } from './trusted.ts'

const LOOK_EVERY_MS = 3_600_000

/**
 * Registers the worker. `ready` is called when a newer version waits: it takes over when the person says so, and the
 * page is loaded anew. Nothing the person has done is touched.
 */
export async function keepOffline(ready: (takeOver: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const container = navigator.serviceWorker
  const registration = await container.register(workerUrl())
  const tell = () => {
    const waiting = registration.waiting
    if (waiting && container.controller) ready(() => waiting.postMessage('take-over'))
  }
  let isOurs = false
  const told = () => {
    tell()
    isOurs = container.controller !== null
  }
  const follow = () => registration.installing?.addEventListener('statechange', told)
  told()
  // An update may be on its way already.
  follow()
  registration.addEventListener('updatefound', follow)
  // The first worker claims a page that already runs its version; only a later one makes it old.
  container.addEventListener('controllerchange', () => {
    if (isOurs) location.reload()
    isOurs = true
  })
  setInterval(() => registration.update().catch(() => undefined), LOOK_EVERY_MS)
}
