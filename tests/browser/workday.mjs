// A provider's working day at a real edge: a tablet whose disk stays, the jobs done on it, and
// their arrival in the cloud.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { CHROMIUM, poll, watch } from './browser.mjs'

const WORK = ['accept', 'start', 'complete']

/** A browser that keeps all of its data in that folder. */
export async function openTablet(folder, options = { args: ['--no-sandbox'] }) {
  const context = await chromium.launchPersistentContext(folder, { executablePath: CHROMIUM, locale: 'en', ...options, timezoneId: 'Asia/Shanghai', viewport: { width: 820, height: 1180 }, reducedMotion: 'reduce' })
  return { context, ...(await watch(context.pages()[0] ?? (await context.newPage()))) }
}

/** Every process of the tablet's browser ends at once, as when its battery does. */
export function killBrowserOf(folder) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

export async function signIn(page, username, password) {
  await page.fill('#name', username)
  await page.fill('#password', password)
  await page.click('button[type=submit]')
}

/** The truth of each command in the queue, the oldest first. */
export const truthsAre = (page, expected) => poll(async () => assert.deepEqual(await page.locator('.item .truth').allInnerTexts(), expected))

/** A picture of this page, which no other job has. */
async function photograph(page) {
  const buffer = await page.screenshot()
  await page.setInputFiles('.shoot input', { name: 'work.png', mimeType: 'image/png', buffer })
  await page.locator('.photo img').waitFor()
}

const isNow = (page, status) => page.locator(`.status[data-status=${status}]`).waitFor()
const act = (page) => page.locator('.actions .button').first().click()

/** Accepts, starts and completes a job; `seen` looks at each page. */
export async function work(page, base, id, seen = async () => {}) {
  await page.goto(`${base}/jobs/${id}`)
  await isNow(page, 'pending')
  await seen('pending')
  await act(page)
  await finishAccepted(page, id, seen)
}

/** Starts the accepted job of this page, and completes it with a photo of the work. */
export async function finishAccepted(page, id, seen = async () => {}) {
  await isNow(page, 'accepted')
  await seen('accepted')
  await act(page)
  await isNow(page, 'in_progress')
  await seen('started')
  await act(page)
  await page.fill('textarea', `Both sides of ${id.slice(-4)}. 两面。`)
  await photograph(page)
  await seen('complete')
  await page.click('form button[type=submit]')
  await isNow(page, 'completed')
  await seen('completed')
}

/** Each job is completed in the cloud, and each step of it came through that edge once. */
export async function completionsArrive(admin, ids, edge) {
  for (const id of ids) {
    const order = await admin.get(`/orders/${id}`)
    assert.deepEqual([order.status, order.version], ['completed', 5])
    const { items } = await admin.get(`/orders/${id}/timeline`)
    const own = items.filter(({ actor }) => actor.role === 'provider')
    assert.deepEqual(own.map(({ action }) => action), WORK)
    assert.ok(own.every(({ source, hops }) => source === edge && hops.tapped_at <= hops.edge_at && hops.edge_at <= hops.cloud_at), JSON.stringify(own))
  }
}

/** Each photo is at its own job, with the bytes that its command names. */
export async function photosArrive(reader, ids) {
  const hashes = new Set()
  for (const id of ids) {
    const { items } = await reader.get(`/orders/${id}/timeline`)
    const [named] = items.find(({ action }) => action === 'complete').evidence.photos
    const [photo] = await poll(async () => {
      const { items: photos } = await reader.get(`/orders/${id}/photos`)
      assert.ok(photos.length === 1 && photos[0].arrived_at !== null, JSON.stringify(photos))
      return photos
    })
    assert.deepEqual([photo.hash, photo.bytes, photo.taken], [named.hash, named.bytes, 'after'])
    const bytes = await reader.download(`/orders/${id}/photos/${photo.hash}`)
    assert.equal(createHash('sha256').update(bytes).digest('hex'), named.hash)
    hashes.add(named.hash)
  }
  assert.equal(hashes.size, ids.length)
}
