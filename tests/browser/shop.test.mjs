// A shop's edge over TLS at the shop's own name, on a real platform. The app can be installed there,
// starts with edge and cloud away, and loses no work. The kiosk publishes, follows, cancels and
// reviews while it is cut off, and wipes itself.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { CHROMIUM, IS_DEEP, keepPicture, openPage, poll, screenshot } from './browser.mjs'
import { beginNameless, describe, enrol, finish, JOB, onward, publish, receiptOn } from './kiosk.mjs'
import { apiOf, OF_FEW_PEOPLE, startPlatform } from './platform.mjs'
import { openShop } from './shop.mjs'
import { findTraces, WHOLE_TEXTS } from './traces.mjs'
import { completionsArrive, finishAccepted, killBrowserOf, openTablet, photosArrive, signIn, truthsAre, work } from './workday.mjs'

const REGION = 'SOUTH'
const NAME = 'shop.test'
const EDGE = 'shop-1'
const PROVIDER = 'provider-south'
const CUSTOMER = 'customer-south'
const KIOSK = 'kiosk-south'
const JOBS = Array.from({ length: IS_DEEP ? 10 : 3 }, (_, n) => ({
  title: `Gutter ${n + 1}`, description: 'Full of leaves. 都是落叶。', service_type: 'cleaning_repair', price: '60.00', location: REGION, address: `${n + 1} Mill Lane`,
}))
/** The edge is away while the last of them are done. */
const AT_EDGE = Math.ceil(JOBS.length / 2)
const STEPS = 3
const COUNTER = { width: 1080, height: 1920 }
const COMMENT = 'Wombat-proof work'
/** A start or completion leaves the tablet after this time. */
const UNDO_MS = 10_000
const IDLE_MS = 60_000
const ASK_MS = 30_000
const WIPED_MS = 15_000
/** What the browser writes to the console while the edge or the cloud is away. */
const AWAY = /net::ERR_|WebSocket|status of 503/

let platform, shop, disk

before(async () => {
  disk = mkdtempSync(join(tmpdir(), 'holdfast-tablet-'))
  const kiosks = { HOLDFAST__AUTH__KIOSKS: JSON.stringify([KIOSK]) }
  platform = await startPlatform({ ...OF_FEW_PEOPLE, ...kiosks })
  shop = await openShop(platform, { name: NAME, edge: EDGE, region: REGION, environment: OF_FEW_PEOPLE })
})

after(async () => {
  killBrowserOf(disk)
  await shop?.close()
  await platform?.stop()
  rmSync(disk, { recursive: true, force: true })
})

/** The same tablet each time: its disk stays. */
async function startTablet() {
  const { context, page, wrongs } = await openTablet(disk, shop.browser)
  const faults = () => wrongs.filter((wrong) => !AWAY.test(wrong))
  return { context, page, faults }
}

/** The rules by which Chromium offers to install an app. Headless Chromium does not run this check, so the test compares what the check reads. */
async function assertInstallable(context, page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  assert.equal(await page.evaluate(() => isSecureContext), true)
  const session = await context.newCDPSession(page)
  const { url, data, errors, manifest } = await session.send('Page.getAppManifest')
  await session.detach()
  assert.equal(url, `${shop.url}/manifest.webmanifest`)
  assert.deepEqual(errors, [])
  assert.deepEqual([manifest.startUrl, manifest.scope, manifest.display], [`${shop.url}/`, `${shop.url}/`, 'kStandalone'])
  const { name, icons } = JSON.parse(data)
  assert.equal(name, 'Holdfast for providers')
  const sizes = await page.evaluate(measureIcons, icons.filter(({ type, purpose }) => type === 'image/png' && purpose === 'any'))
  assert.deepEqual(sizes, [['192x192', '192x192'], ['512x512', '512x512']])
}

/** Runs in the page: the size of each icon, as its manifest has it and as it is. */
function measureIcons(icons) {
  return Promise.all(icons.map(async ({ src, sizes }) => {
    const { width, height } = await createImageBitmap(await (await fetch(src)).blob())
    return [sizes, `${width}x${height}`]
  }))
}

async function publishJobs() {
  const [customer, admin] = await Promise.all([apiOf(platform, CUSTOMER), apiOf(platform, 'admin')])
  const published = await Promise.all(JOBS.map((job) => customer.post('/orders', job)))
  const ids = published.map(({ order_id }) => order_id)
  await Promise.all(ids.map((id) => admin.post(`/orders/${id}/approve`, {})))
  return { customer, admin, ids }
}

/** The next test finds the edge running and linked, even if the app's test failed midway. */
async function bringShopBack() {
  killBrowserOf(disk)
  shop.toCloud.heal()
  await shop.start()
  await shop.waitForLink(true)
}

async function cutOff() {
  shop.toCloud.cut()
  await shop.waitForLink(false)
}

test('the app can be installed at the shop, works on without cloud and then without edge, is killed, and all its work arrives', async (t) => {
  t.after(bringShopBack)
  const { customer, admin, ids } = await publishJobs()
  const { context, page, faults } = await startTablet()
  // The page's clock starts 20 s behind, so `runFor` passes the undo time and never overtakes the real clock.
  await page.clock.install({ time: Date.now() - 2 * UNDO_MS })
  await page.goto(shop.url)
  await signIn(page, PROVIDER, platform.passwordOf(PROVIDER))
  for (const { title } of JOBS) await page.locator('.job', { hasText: title }).first().waitFor()
  await assertInstallable(context, page)

  await cutOff()
  await page.getByRole('heading', { name: 'This region is cut off from the cloud' }).waitFor()
  await keepPicture(page, 'shop/app-cut-off')
  for (const id of ids.slice(0, AT_EDGE)) await work(page, shop.url, id)
  await page.goto(`${shop.url}/queue`)
  await page.clock.runFor(UNDO_MS)
  const atEdge = Array(AT_EDGE * STEPS).fill('At the regional node')
  await truthsAre(page, atEdge)
  await shop.kill()
  for (const id of ids.slice(AT_EDGE)) await work(page, shop.url, id)
  await page.goto(`${shop.url}/queue`)
  const onTablet = Array((JOBS.length - AT_EDGE) * STEPS).fill('On this tablet')
  await truthsAre(page, [...atEdge, ...onTablet])
  assert.deepEqual(faults(), [])
  killBrowserOf(disk)

  const { page: evening, faults: eveningFaults } = await startTablet()
  await assert.rejects(shop.standing(), 'the edge is away')
  await evening.goto(shop.url)
  await evening.getByRole('heading', { name: /near you/ }).waitFor()
  await evening.goto(`${shop.url}/queue`)
  await truthsAre(evening, [...atEdge, ...onTablet])
  await keepPicture(evening, 'shop/app-cold-start')
  await shop.start()
  await truthsAre(evening, ids.flatMap(() => Array(STEPS).fill('At the regional node')))
  shop.toCloud.heal()
  await evening.locator('.empty').waitFor()
  await keepPicture(evening, 'shop/app-healed')

  await completionsArrive(admin, ids, EDGE)
  await photosArrive(customer, ids)
  assert.deepEqual(eveningFaults(), [])
})

/** A visit with a job, from the first touch to the printed receipt. */
async function publishAtKiosk(page, photo) {
  await beginNameless(page)
  await describe(page, undefined, photo)
  const sent = page.waitForRequest('**/commands')
  await publish(page)
  const { order_id, order } = (await sent).postDataJSON().body
  return { id: order_id, photos: order.photos, receipt: await receiptOn(page) }
}

/** A visit that shows the order of a scanned receipt. */
async function scanReceipt(page, { code, secret }) {
  await page.locator('.begin .button').nth(2).click()
  await page.fill('#code', `${platform.gateway}/track/${code}?s=${secret}`)
  await page.locator('.ticket').waitFor()
}

/** Until the page shows that status as what the edge knows and the cloud has not confirmed. */
async function waitUntilKept(page, status) {
  await page.locator(`.status[data-status=${status}]`).waitFor()
  await page.locator('.truth[data-truth=node]').waitFor()
}

/** The places where the kiosk still has a word of a visit. */
const findLeft = (context, page, more = []) => findTraces(context, page, [...Object.values(JOB), COMMENT, ...more], [JOB.title, JOB.street, JOB.phone, COMMENT, ...more])

/** One job is open at the shop, and the other is accepted there and paid for. */
async function bringToShop({ account, admin, worker }, provider, cancelled, reviewed) {
  for (const { id } of [cancelled, reviewed]) await poll(() => admin.post(`/orders/${id}/approve`, {}))
  await worker.post(`/orders/${reviewed.id}/accept`, {})
  await poll(() => account.post('/payments', { order_id: reviewed.id, amount: JOB.price }))
  await poll(async () => assert.equal((await admin.get(`/orders/${reviewed.id}`)).payment_status, 'held'))
  await provider.locator('.job', { hasText: cancelled.receipt.code }).waitFor()
  await provider.goto(`${shop.url}/jobs/${reviewed.id}`)
  await provider.locator('.status[data-status=accepted]').waitFor()
}

async function publishCutOff(context, page) {
  const { id, photos, receipt } = await publishAtKiosk(page, await page.screenshot())
  assert.equal(photos.length, 1)
  await waitUntilKept(page, 'pending_review')
  await keepPicture(page, 'shop/kiosk-published')
  await finish(page)
  assert.deepEqual(await findLeft(context, page, [receipt.secret, photos[0].hash]), [])

  await scanReceipt(page, receipt)
  await waitUntilKept(page, 'pending_review')
  await keepPicture(page, 'shop/kiosk-followed')
  await finish(page)
  return { id, photo: photos[0] }
}

async function cancelCutOff(page, receipt) {
  await scanReceipt(page, receipt)
  await page.locator('.status[data-status=pending]').waitFor()
  await page.getByRole('button', { name: 'Cancel it' }).click()
  await page.getByText('Nothing has been paid, so nothing is owed.').waitFor()
  await page.getByText('Your cancel is kept at the South node.').waitFor()
  await keepPicture(page, 'shop/kiosk-cancel')
  await page.getByRole('button', { name: 'Cancel for ¥0.00' }).click()
  await waitUntilKept(page, 'cancelled')
  await finish(page)
}

async function reviewCutOff(context, page, receipt) {
  await scanReceipt(page, receipt)
  await waitUntilKept(page, 'completed')
  await page.getByRole('button', { name: 'Review it' }).click()
  await page.locator('input[name=rating]').nth(4).check()
  await page.fill('#comment', COMMENT)
  await keepPicture(page, 'shop/kiosk-review')
  await onward(page)
  await waitUntilKept(page, 'reviewed')
  await finish(page)
  assert.deepEqual(await findLeft(context, page, [receipt.secret]), [])
}

/** A person goes away from a page that has all of their words and a photo. */
async function leaveUnfinished(context, page) {
  await page.clock.install()
  await page.reload()
  await beginNameless(page)
  await describe(page, undefined, await page.screenshot())
  const places = (await findLeft(context, page)).map((trace) => trace.split(':')[0])
  assert.ok(places.includes('document') && places.includes('memory'), 'the search finds what is there')
  await page.clock.runFor(IDLE_MS + 1_000)
  await page.locator('dialog.idle[open]').waitFor()
  await page.clock.runFor(ASK_MS + 1_000)
  await page.locator('.wiped').waitFor()
  await keepPicture(page, 'shop/kiosk-wiped')
  assert.deepEqual(await findLeft(context, page), [], 'the page that says so')
  await page.clock.runFor(WIPED_MS + 1_000)
  await page.locator('.hero').waitFor()
  assert.deepEqual(await findLeft(context, page), [], 'the next first page')
}

/** The cloud has what was done at the shop, each act once. */
async function actsArrive(account, admin, { published, cancelled, reviewed }) {
  const isNow = (id, status) => poll(async () => assert.equal((await admin.get(`/orders/${id}`)).status, status))
  await Promise.all([isNow(published.id, 'pending_review'), isNow(cancelled.id, 'cancelled'), isNow(reviewed.id, 'reviewed')])
  const actsAtShop = async ({ id }) => {
    const { items } = await admin.get(`/orders/${id}/timeline`)
    return items.filter(({ source }) => source === EDGE).map(({ action }) => action ?? 'publish')
  }
  const acts = await Promise.all([published, cancelled, reviewed].map(actsAtShop))
  assert.deepEqual(acts, [['publish'], ['publish', 'cancel'], ['publish', 'start', 'complete', 'review']])
  const { items: orders } = await account.get('/orders')
  assert.deepEqual(orders.map(({ id }) => id).sort(), [published.id, cancelled.id, reviewed.id].sort())
  const { items: reviews } = await account.get('/users/me/reviews')
  assert.deepEqual(reviews.map(({ order_id, rating, comment }) => [order_id, rating, comment]), [[reviewed.id, 5, COMMENT]])
  await poll(async () => {
    const { items: photos } = await admin.get(`/orders/${published.id}/photos`)
    assert.deepEqual(photos.map(({ hash, taken, arrived_at }) => [hash, taken, arrived_at !== null]), [[published.photo.hash, 'job', true]])
  })
}

test('the kiosk at the shop publishes, follows, cancels and reviews while it is cut off, and wipes itself', async () => {
  await platform.register(KIOSK, 'customer')
  const [account, admin, worker] = await Promise.all([KIOSK, 'admin', PROVIDER].map((username) => apiOf(platform, username)))
  const browser = await chromium.launch({ executablePath: CHROMIUM, ...shop.browser, args: [...shop.browser.args, WHOLE_TEXTS] })
  const options = { locale: 'en', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' }
  const context = await browser.newContext({ ...options, viewport: COUNTER })
  const [{ page, wrongs }, provider] = await Promise.all([openPage(context), browser.newContext(options).then(openPage)])
  try {
    // The provider's tablet has a separate clock, so that nothing waits until its steps leave.
    await provider.page.clock.install()
    await provider.page.goto(shop.url)
    await signIn(provider.page, PROVIDER, platform.passwordOf(PROVIDER))
    await page.goto(`${shop.url}/kiosk`)
    await enrol(page, KIOSK, platform.passwordOf(KIOSK))
    const cancelled = await publishAtKiosk(page)
    await finish(page)
    const reviewed = await publishAtKiosk(page)
    await finish(page)
    await bringToShop({ account, admin, worker }, provider.page, cancelled, reviewed)

    await cutOff()
    await page.reload()
    await page.locator('.hero .banner', { hasText: 'the network is down' }).waitFor()
    await finishAccepted(provider.page, reviewed.id)
    await provider.page.goto(`${shop.url}/queue`)
    await provider.page.clock.runFor(UNDO_MS)
    const published = await publishCutOff(context, page)
    await cancelCutOff(page, cancelled.receipt)
    await truthsAre(provider.page, Array(STEPS - 1).fill('At the regional node'))
    await reviewCutOff(context, page, reviewed.receipt)
    await leaveUnfinished(context, page)

    shop.toCloud.heal()
    await actsArrive(account, admin, { published, cancelled, reviewed })
    assert.deepEqual([...wrongs, ...provider.wrongs].filter((wrong) => !AWAY.test(wrong)), [])
  } catch (error) {
    await screenshot(page, 'shop/kiosk-failed')
    await screenshot(provider.page, 'shop/provider-failed')
    throw error
  } finally {
    await browser.close()
  }
})
