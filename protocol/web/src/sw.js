// The service worker: every file of this version is on the device before it takes over, so that a page opens without any
// network. It answers for files and pages alone; requests to the node or the cloud pass by it.
/* global __FILES__ */

const CACHE = 'holdfast-__VERSION__'
const FILES = __FILES__
/** Paths that belong to programs, and to the kiosk, which keeps nothing. */
const NO_PAGES = ['/api/', '/asyncapi.json', '/docs', '/health', '/internal/', '/kiosk', '/link', '/metrics', '/openapi.json']

self.addEventListener('install', (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: file.startsWith('/assets/') ? 'default' : 'reload' }))
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)))
})

self.addEventListener('activate', (event) => {
  const tidy = async () => {
    const names = await caches.keys()
    await Promise.all(names.filter((name) => name.startsWith('holdfast-') && name !== CACHE).map((name) => caches.delete(name)))
    await self.clients.claim()
  }
  event.waitUntil(tidy())
})

self.addEventListener('message', (event) => {
  if (event.data === 'take-over') self.skipWaiting()
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    if (NO_PAGES.some((path) => url.pathname.startsWith(path))) return
    event.respondWith(kept('/').then((page) => page ?? fetch(request)))
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(kept(url.pathname).then((file) => file ?? fetch(request)))
  }
})

async function kept(path) {
  const cache = await caches.open(CACHE)
  return cache.match(path)
}
