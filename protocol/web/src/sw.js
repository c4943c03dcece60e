// The service worker: every file of this version is on the device before it takes over, so that a page opens without any
// network. It answers for files and pages alone; requests to the node or the cloud pass by it.
/* global __FILES__, __PROGRAMS__ */

const CACHE = 'holdfast-__VERSION__'
const FILES = __FILES__
/** While servers of two versions answer, the page of the other one has to fail the install, which is tried again. */
const PAGE_INTEGRITY = '__PAGE_INTEGRITY__'
/** First parts of the paths that belong to programs. */
const NO_PAGES = ['api', 'asyncapi.json', 'health', 'internal', 'link', 'metrics', 'openapi.json', 'verify-token', ...__PROGRAMS__]

self.addEventListener('install', (event) => {
  // The page that the person reads has the line first.
  const fresh = FILES.map((file) => new Request(file, {
    cache: file.startsWith('/assets/') ? 'default' : 'reload',
    integrity: file === '/' ? PAGE_INTEGRITY : '',
    priority: 'low',
  }))
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
  if (event.data === 'signed-out') event.waitUntil(keepFilesAlone())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    if (!isPage(url.pathname)) return
    event.respondWith(kept('/').then((page) => page ?? fetch(request)))
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(kept(url.pathname).then((file) => file ?? fetch(request)))
  }
})

/** A path of a program, or of a file, is the server's to answer. */
function isPage(path) {
  const parts = path.split('/').filter((part) => part !== '')
  return !NO_PAGES.includes(parts[0]) && !parts.at(-1)?.includes('.')
}

/** Deletes everything but the files of this version, which are the same for everyone. */
async function keepFilesAlone() {
  // The files of a newer version that waits are as public as these.
  const isNext = self.registration.installing ?? self.registration.waiting
  const isKept = (name) => name === CACHE || (isNext && name.startsWith('holdfast-'))
  const names = await caches.keys()
  await Promise.all(names.filter((name) => !isKept(name)).map((name) => caches.delete(name)))
  const cache = await caches.open(CACHE)
  const requests = await cache.keys()
  const others = requests.filter(({ url }) => !FILES.includes(url.slice(self.location.origin.length)))
  await Promise.all(others.map((request) => cache.delete(request)))
}

async function kept(path) {
  const cache = await caches.open(CACHE)
  return cache.match(path)
}
