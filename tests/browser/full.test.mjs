// A tablet whose storage is full while its node is out of reach. The browser's own quota fills it, so what fails is what
// fails at a shop: each picture is at its job or its person is told, and each tap is kept or refused in words.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { poll } from './browser.mjs'
import { commandsOnDisk } from './disk.mjs'
import { order, PASSWORD } from './edge.mjs'
import { ask, jobOf, play, signIn } from './tablet.mjs'
import { truthsAre } from './workday.mjs'

const id = (n) => order(n).id
/** More than the app needs for itself. */
const ROOM = 6 * 1024 * 1024
/** Takes a small photo and no usual one: `room.ts` leaves two mebibytes to the queue. */
const ROOM_FOR_SMALL = 2_550_000
/** Without room it is measured again after this time. */
const MEASURED_MS = 6_000
/** The longest pause before a command or a photo is sent again. */
const RESENT_MS = 31_000

const NO_ROOM = 'No room for another photo on this tablet'
const REFUSED = 'storage is full, so nothing was recorded'

/** What the browser keeps for the app at most, from before its first start on. The limit ends with the session. */
async function limitStorage(context, page, origin) {
  const session = await context.newCDPSession(page)
  const limit = (quotaSize) => session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize })
  await limit(ROOM)
  return {
    async leave(bytes) {
      const { usage } = await session.send('Storage.getUsageAndQuota', { origin })
      await limit(usage + bytes)
    },
    /** The browser looks at its limit again when a write is larger than what it knew to be left. */
    async fill() {
      await limit(1)
      assert.equal(await page.evaluate(writeLarge, ROOM), 'QuotaExceededError')
    },
    free: () => limit(ROOM),
  }
}

/** Runs in the page: tries to store so many bytes that no browser can compress. */
async function writeLarge(size) {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  const opening = indexedDB.open('large')
  opening.onupgradeneeded = () => opening.result.createObjectStore('all')
  await new Promise((opened) => (opening.onsuccess = opened))
  const write = opening.result.transaction('all', 'readwrite')
  write.objectStore('all').put(bytes, 1)
  return new Promise((done) => {
    write.oncomplete = () => done('written')
    write.onabort = () => done(write.error.name)
  }).finally(() => opening.result.close())
}

/** Somebody is signed in at the board of a tablet with a limit. */
function playWithLimit(scenes, change) {
  return play(async ({ start, edge, state }) => {
    const { context, page } = await start()
    const storage = await limitStorage(context, page, edge.url)
    await page.goto(edge.url)
    await signIn(page)
    // It has stored the app by then.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await scenes({ page, storage, edge, state })
  }, change)
}

async function photograph(page) {
  await page.setInputFiles('.shoot input', { name: 'work.png', mimeType: 'image/png', buffer: await page.screenshot() })
  await page.locator('.photo img').waitFor()
}

async function unlock(page) {
  await page.waitForURL('**/lock')
  await page.fill('input[type=password]', PASSWORD)
  await page.click('button[type=submit]')
  await page.locator('.job').first().waitFor()
}

const isRefused = (page) => page.locator('.toasts', { hasText: REFUSED }).waitFor()

/** The whole photo that the only command on the tablet's disk names. */
async function photoArrives(page, state) {
  const { items: [{ body }] } = await page.evaluate(commandsOnDisk)
  const [{ hash, bytes }] = body.evidence.photos
  await poll(async () => {
    await page.clock.runFor(RESENT_MS)
    assert.equal(state.photos.get(hash)?.length, bytes)
  })
  assert.equal(createHash('sha256').update(state.photos.get(hash)).digest('hex'), hash)
}

test('a tablet without room says so before a photo is taken, offers small ones, and keeps the completion with what it has', () => playWithLimit(async ({ page, storage, edge, state }) => {
  await page.goto(`${edge.url}/jobs/${id(14)}/complete`)
  await page.locator('.shoot').waitFor()
  await storage.leave(ROOM_FOR_SMALL)
  edge.goAway()
  await page.reload()
  await page.getByText(NO_ROOM).waitFor()
  assert.equal(await page.locator('.shoot').count(), 0, 'there is nothing to take one with')
  await page.getByRole('button', { name: 'Take it small' }).click()
  await photograph(page)
  await page.clock.install()
  await page.click('form button[type=submit]')
  await page.locator('.status[data-status=completed]').waitFor()
  state.isAway = false
  await photoArrives(page, state)
}, { answer: 'stored' }))

test('a photo that finds no room is not kept, and no further one is taken until there is some', () => playWithLimit(async ({ page, storage, edge }) => {
  await page.clock.install()
  await page.goto(`${edge.url}/jobs/${id(14)}/complete`)
  await page.locator('[aria-busy=false] .shoot').waitFor()
  edge.goAway()
  await storage.fill()
  await page.setInputFiles('.shoot input', { name: 'work.png', mimeType: 'image/png', buffer: await page.screenshot() })
  await page.locator('.toasts', { hasText: 'the photo was not kept' }).waitFor()
  await page.getByText(NO_ROOM).waitFor()
  assert.equal(await page.locator('.shoot').count(), 0)
  await storage.free()
  await page.clock.runFor(MEASURED_MS)
  await page.locator('.shoot').waitFor()
}))

test('what a full tablet cannot keep is refused in words, and what it has stays as it was', () => playWithLimit(async ({ page, storage, edge, state }) => {
  await page.clock.install()
  await page.goto(`${edge.url}/jobs/${id(15)}`)
  await page.locator('details summary').click()
  await photograph(page)
  edge.goAway()
  await page.getByRole('button', { name: 'Start' }).click()
  await page.locator('.status[data-status=in_progress]').waitFor()
  await storage.fill()
  await page.locator('.toasts').getByRole('button', { name: 'Undo' }).click()
  await isRefused(page)
  const { items } = await page.evaluate(commandsOnDisk)
  assert.deepEqual(items.map(({ body }) => [body.type, body.photos.length]), [['start_order', 1]])
  state.isAway = false
  await poll(async () => {
    await page.clock.runFor(RESENT_MS)
    assert.equal(state.frames[0]?.body.type, 'start_order')
  })
}, { answer: 'stored' }))

test('a full tablet opens, locks, lets its person in, sends all that it has, and takes the answers in by itself once there is room', () => playWithLimit(async ({ page, storage, edge, state }) => {
  edge.goAway()
  await ask(page, 'Set up a router')
  await ask(page, '厨房水龙头漏水')
  await storage.fill()
  await jobOf(page, '空调清洗').getByRole('button').click()
  await isRefused(page)
  await page.clock.install()
  await page.goto(`${edge.url}/queue`)
  const onTablet = Array(2).fill('On this tablet')
  await truthsAre(page, onTablet)
  state.isAway = false
  await poll(async () => {
    await page.clock.runFor(RESENT_MS)
    assert.deepEqual([...new Set(state.frames.map(({ body }) => body.order_id))].sort(), [id(11), id(12)])
  })
  await truthsAre(page, onTablet)

  await page.click('.who')
  await page.locator('dialog[open] button[type=submit]').click()
  await unlock(page)
  // What opens a tablet without a password cannot be kept now.
  await page.goto(`${edge.url}/queue`)
  await unlock(page)
  await page.getByRole('link', { name: /^Queue/ }).click()
  await truthsAre(page, onTablet)
  await storage.free()
  await poll(async () => {
    await page.clock.runFor(RESENT_MS)
    assert.deepEqual(await page.locator('.item .truth').allInnerTexts(), Array(2).fill('At the regional node'))
  })
}, { answer: 'stored' }))
