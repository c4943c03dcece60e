// A part of the service worker: shows what a push tells, and opens the portal at its page. A page that the person sees has
// heard of it already.

const API = '/api/v1/push/devices'
/** Safari ends a subscription whose pushes show nothing. */
const MUST_SHOW = /AppleWebKit/.test(navigator.userAgent) && !/Chrom|Edg/.test(navigator.userAgent)

self.addEventListener('push', (event) => event.waitUntil(announce(event.data)))
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(openPortal(pathIn(event.notification.data?.path)))
})
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(registerAgain(event)))

async function announce(data) {
  const { title, text, tag, path } = readPush(data)
  if (!title) return
  const windows = await portalWindows()
  const isSeen = windows.some(({ visibilityState }) => visibilityState === 'visible')
  if (isSeen && !MUST_SHOW) return
  const shown = { body: text, tag, data: { path: pathIn(path) }, icon: '/icon-192.png', silent: isSeen }
  await self.registration.showNotification(title, shown)
  if (!isSeen) return
  for (const notification of await self.registration.getNotifications({ tag })) notification.close()
}

function readPush(data) {
  try {
    return data?.json() ?? {}
  } catch {
    return {}
  }
}

/** Only a page of this portal. */
function pathIn(path) {
  const here = self.location.origin
  const url = typeof path === 'string' && path.startsWith('/') && URL.canParse(path, here) ? new URL(path, here) : undefined
  return url?.origin === here ? `${url.pathname}${url.search}` : '/inbox'
}

function portalWindows() {
  return self.clients.matchAll({ type: 'window', includeUncontrolled: true })
}

/** An open page goes there by itself: loading it anew would lose what is half filled in. */
async function openPortal(path) {
  const [open] = await self.clients.matchAll({ type: 'window' })
  if (!open) return self.clients.openWindow(path)
  const page = await open.focus()
  page.postMessage({ open: path })
}

/** The browser has replaced its address. Without a session the next page of its person ends the old one. */
async function registerAgain({ oldSubscription, newSubscription }) {
  const subscription = newSubscription ?? await self.registration.pushManager.subscribe(oldSubscription?.options)
  const session = await readJson('/api/v1/session')
  const devices = await readJson(API)
  if (!session || !devices) return
  const old = oldSubscription ? await hashOf(oldSubscription.endpoint) : undefined
  const known = devices.items.find((device) => device.endpoint_hash === old)
  const { endpoint, keys } = subscription.toJSON()
  const headers = { 'content-type': 'application/json', 'x-csrf-token': session.csrf_token }
  const form = { name: known?.name ?? self.location.host, endpoint, ...keys }
  const answer = await fetch(API, { method: 'POST', headers, body: JSON.stringify(form) })
  if (answer.ok && known) await fetch(`${API}/${known.id}`, { method: 'DELETE', headers })
}

async function readJson(path) {
  const answer = await fetch(path, { cache: 'no-store' })
  return answer.ok ? answer.json() : undefined
}

/** As the list of devices has it. */
async function hashOf(endpoint) {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint)))
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
