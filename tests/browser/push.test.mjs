// Notifications on a device: turned on and off by their person, shown by the worker, and ended at a sign-out. The headless shell
// has no push service and shows no notifications, so both are played; a deep run has a browser that shows them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { axe, FULL_CHROMIUM, IS_DEEP, isMarkupChecked, keepPicture, LANGUAGES, launch, losses, openPage, poll, settled, smallTargets } from './browser.mjs'
import { gateway, NOW, orderOf } from './portal.answers.mjs'
import { wordsOf } from './portal.mjs'
import { PUSH_KEY } from './push.answers.mjs'
import { serve } from './serve.mjs'

const PAGES = fileURLToPath(new URL('../../cloud/portal/dist', import.meta.url))
const WISHES = '/inbox?show=wishes'
const ORDER = `/orders/${orderOf(1).id}`

let browser

before(async () => { browser = await (IS_DEEP ? launch([], FULL_CHROMIUM) : launch()) })
after(() => browser?.close())

/**
 * A page with its service worker. `left` is the address of a subscription that the browser has from before, made for the key
 * `leftKey`.
 */
async function open({ locale = 'en', width = 1280, permission = 'default', left, leftKey = PUSH_KEY, before: script } = {}) {
  const state = gateway({ role: 'customer' })
  const server = await serve(PAGES, { '/api/v1/': state.answer })
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale, timezoneId: 'UTC', reducedMotion: 'reduce', permissions: ['notifications'] })
  await context.clock.install({ time: NOW })
  context.on('close', () => void server.close())
  await context.addInitScript(playPushService, { key: PUSH_KEY, left, leftKey, permission })
  if (script) await context.addInitScript(script)
  const { page, wrongs } = await openPage(context)
  const go = async (path) => {
    await page.goto(server.url + path)
    await page.locator('#main').waitFor()
    await settled(page)
  }
  return { state, context, page, go, wrongs, url: server.url }
}

/** Runs in the page: a push service and the browser's question. The subscription outlives the page, like a browser's. */
function playPushService({ key, left, leftKey, permission }) {
  let answer = left ? 'granted' : permission
  Object.defineProperty(Notification, 'permission', { get: () => answer })
  Notification.requestPermission = async () => (answer = answer === 'default' ? 'granted' : answer)
  const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  const kept = () => sessionStorage.getItem('subscription') ?? (sessionStorage.getItem('dropped') ? null : left ?? null)
  const subscriptionAt = (endpoint) => ({
    endpoint, options: { applicationServerKey: bytesOf(endpoint === left ? leftKey : key).buffer }, toJSON: () => ({ endpoint, keys: { p256dh: 'device-key', auth: 'device-secret' } }),
    unsubscribe: async () => {
      sessionStorage.removeItem('subscription')
      sessionStorage.setItem('dropped', endpoint)
      return true
    },
  })
  PushManager.prototype.getSubscription = async () => (kept() ? subscriptionAt(kept()) : null)
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly || applicationServerKey !== key) throw new Error('a browser refuses this')
    sessionStorage.setItem('subscription', 'https://push.example.org/this')
    return subscriptionAt('https://push.example.org/this')
  }
}

/** Runs in the worker. */
function playNotifications() {
  const all = new Map()
  self.registration.showNotification = async (title, { tag, ...more }) => all.set(tag, { title, tag, ...more, close: () => all.delete(tag) })
  self.registration.getNotifications = async ({ tag } = {}) => [...all.values()].filter((one) => !tag || one.tag === tag)
}

/** A browser with a subscription has its worker from before. */
async function goAgain({ page, go }, path) {
  await go(path)
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await go(path)
}

const dropped = (page) => page.evaluate(() => sessionStorage.getItem('dropped'))
const sent = ({ method, path }) => `${method} ${path}`

test('a person turns notifications on, sees their devices, ends one, and leaves none behind at the sign-out', async () => {
  const { state, context, page, go, wrongs } = await open()
  await go(WISHES)
  const part = page.getByRole('region', { name: 'Notifications on this device' })
  await part.getByText('Off on this device.').waitFor()
  await part.getByRole('button', { name: 'Turn on for this device' }).press('Enter')
  await part.getByText('On: news comes to this device').waitFor()
  await part.getByText('No news is chosen for your devices yet').waitFor()
  const [{ body }] = state.changes()
  assert.deepEqual(body, { name: 'Chrome, Linux', endpoint: 'https://push.example.org/this', p256dh: 'device-key', auth: 'device-secret' })
  const own = state.push.devices[0].id
  const items = part.getByRole('listitem')
  assert.equal(await items.count(), 4)
  assert.match(await items.first().innerText(), /Chrome, Linux\s+This device\s+On since .*\s+Not notified yet/)
  assert.match(await items.nth(2).innerText(), /Could not be notified/)
  await part.getByRole('button', { name: 'End Firefox, Windows' }).click()
  await page.getByText('no more notifications to Firefox, Windows').waitFor()
  await poll(async () => assert.equal(await items.count(), 3))
  assert.equal(await dropped(page), null, 'this device stays on')

  await page.locator('.who').click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.locator('#name').waitFor()
  assert.deepEqual(state.changes().slice(2).map(sent), [`DELETE /push/devices/${own}`, 'DELETE /session'])
  assert.equal(await dropped(page), 'https://push.example.org/this')
  assert.deepEqual(wrongs, [])
  await context.close()
})

test('what another person left in this browser is dropped once somebody else signs in', async () => {
  const { context, page, go } = await open({ left: 'https://push.example.org/theirs' })
  await goAgain({ page, go }, '/orders')
  await page.waitForFunction(() => sessionStorage.getItem('dropped') === 'https://push.example.org/theirs')
  await context.close()
  // The address of a device in the person's list.
  const own = await open({ left: 'desk' })
  await goAgain(own, WISHES)
  await own.page.getByText('On: news comes to this device').waitFor()
  assert.equal(await dropped(own.page), null)
  await own.context.close()
})

test('a browser subscribes again by itself after the platform got another key', async () => {
  const former = PUSH_KEY.replace(/^BP/, 'BQ')
  const { state, context, page, go } = await open({ left: 'desk', leftKey: former })
  const [{ id: old }] = state.push.devices
  await goAgain({ page, go }, '/orders')
  await poll(() => assert.deepEqual(state.changes().map(sent), ['POST /push/devices', `DELETE /push/devices/${old}`]))
  assert.equal(state.changes()[0].body.endpoint, 'https://push.example.org/this')
  assert.equal(await dropped(page), 'desk')
  await context.close()
})

test('a browser that blocks notifications, or has none, says so and how to get them', async () => {
  const scenes = { blocked: { permission: 'denied' }, unsupported: { before: () => { delete window.PushManager } }, off: {} }
  const looks = [['blocked', 'en'], ['unsupported', 'zh-CN']]
  const all = Object.keys(scenes).flatMap((scene) => LANGUAGES.map((lang) => [scene, lang]))
  for (const [scene, lang] of IS_DEEP ? all : looks) {
    const words = wordsOf('cloud/portal', lang).push
    const { context, page, go, wrongs } = await open({ locale: lang, width: 390, ...scenes[scene] })
    await go(WISHES)
    await page.getByText(words.state[scene]).waitFor()
    assert.equal(await page.getByRole('button', { name: words.turnOn }).count(), scene === 'off' ? 1 : 0)
    assert.equal(await page.getByText(words.allow).count(), scene === 'blocked' ? 1 : 0)
    await keepPicture(page, `push/${scene}-${lang}`)
    if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
    assert.deepEqual([await smallTargets(page, 24), await losses(page), wrongs], [[], [], []])
    await context.close()
  }
})

test('the worker shows a push while no page is seen, and leads to its page', async () => {
  const { state, context, page, go, url } = await open()
  await go('/orders')
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  const session = await context.newCDPSession(page)
  const registered = new Promise((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => { if (registrations.length > 0) resolve(registrations[0].registrationId) })
  })
  await session.send('ServiceWorker.enable')
  const registrationId = await registered
  const push = (told) => session.send('ServiceWorker.deliverPushMessage', { origin: url, registrationId, data: typeof told === 'string' ? told : JSON.stringify(told) })
  const [worker] = context.serviceWorkers()
  if (!IS_DEEP) await worker.evaluate(playNotifications)
  /** What the worker takes for the open pages; without a state, those that there are. */
  const showPages = (state) => worker.evaluate((state) => { self.clients.matchAll = state ? async () => [{ visibilityState: state }] : Clients.prototype.matchAll }, state)
  const shown = () => worker.evaluate(async () => (await self.registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, data })))

  await showPages('visible')
  await push({ title: 'Seen already', text: '', tag: 'a', path: '/inbox' })
  await push('no JSON')
  await showPages('hidden')
  for (const title of ['First', 'Payment received']) await push({ title, text: 'More in your inbox.', tag: 'b', path: ORDER })
  await push({ title: 'Elsewhere', text: 'x', tag: 'c', path: '//evil.example/x' })
  const expected = [['Payment received', 'More in your inbox.', 'b', ORDER], ['Elsewhere', 'x', 'c', '/inbox']].map(([title, body, tag, path]) => ({ title, body, tag, data: { path } }))
  await poll(async () => assert.deepEqual((await shown()).sort((a, b) => a.tag.localeCompare(b.tag)), expected))

  // A page may be focused or opened only after a real press.
  const press = (tag) => worker.evaluate(async (tag) => {
    WindowClient.prototype.focus = async function () { return this }
    self.clients.openWindow = async (path) => { self.opened = path }
    const [notification] = await self.registration.getNotifications({ tag })
    self.dispatchEvent(Object.assign(new ExtendableEvent('notificationclick'), { notification }))
  }, tag)
  await showPages()
  await press('b')
  await page.waitForURL(url + ORDER)
  await worker.evaluate(() => { self.clients.matchAll = async () => [] })
  await press('c')
  await poll(async () => assert.equal(await worker.evaluate(() => self.opened), '/inbox'))
  await poll(async () => assert.deepEqual(await shown(), []))

  // The browser replaces the address of a device.
  await worker.evaluate(() => {
    const newSubscription = { toJSON: () => ({ endpoint: 'https://push.example.org/new', keys: { p256dh: 'k', auth: 'a' } }) }
    self.dispatchEvent(Object.assign(new ExtendableEvent('pushsubscriptionchange'), { oldSubscription: { endpoint: 'phone' }, newSubscription }))
  })
  const changes = await state.changed(2)
  assert.deepEqual(changes[0].body, { name: 'Safari, iOS', endpoint: 'https://push.example.org/new', p256dh: 'k', auth: 'a' })
  assert.match(sent(changes[1]), /^DELETE \/push\/devices\/.*691$/)
  await context.close()
})
