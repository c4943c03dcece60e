// A shop's edge over TLS at the shop's own name, on a real platform. The app can be installed there,
// starts with edge and cloud away, and loses no work. The kiosk publishes, follows, cancels and
// reviews while it is cut off, and wipes itself. Each page can be read by everybody at that name, as
// at localhost, in a deep run in both languages.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { axe, CHROMIUM, IS_DEEP, keepPicture, losses, lossesOfLargeType, openPage, PAGE_LANGUAGES, poll, screenshot, settled } from './browser.mjs'
import { beginNameless, describe, enrol, finish, JOB, onward, publish, receiptOn } from './kiosk.mjs'
import { apiOf, OF_FEW_PEOPLE, startPlatform } from './platform.mjs'
import { wordsOf } from './portal.mjs'
import { openShop } from './shop.mjs'
import { findTraces, WHOLE_TEXTS } from './traces.mjs'
import { completionsArrive, finishAccepted, killBrowserOf, openTablet, photosArrive, signIn, truthsAre, work } from './workday.mjs'

const REGION = 'SOUTH'
const NAME = 'shop.test'
const EDGE = 'shop-1'
const PROVIDER = 'provider-south'
const CUSTOMER = 'customer-south'
/** The account of the kiosk whose people choose that language. */
const kioskOf = (lang) => `kiosk-south-${lang.toLowerCase()}`
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

let platform, shop
/** The folders of the tablets; the last is in use. */
const disks = []

before(async () => {
  const kiosks = { HOLDFAST__AUTH__KIOSKS: JSON.stringify(PAGE_LANGUAGES.map(kioskOf)) }
  platform = await startPlatform({ ...OF_FEW_PEOPLE, ...kiosks })
  shop = await openShop(platform, { name: NAME, edge: EDGE, region: REGION, environment: OF_FEW_PEOPLE })
})

after(async () => {
  killBrowsers()
  await shop?.close()
  await platform?.stop()
  for (const disk of disks) rmSync(disk, { recursive: true, force: true })
})

const killBrowsers = () => disks.forEach(killBrowserOf)

/** What every page is asked at localhost too: the rules of axe, a narrow window, and large type. */
async function look(page, name) {
  await settled(page)
  await keepPicture(page, `shop/${name}`)
  assert.deepEqual(await axe(page.context(), page), [], name)
  assert.deepEqual([...await losses(page), ...await lossesOfLargeType(page)], [], name)
}

/** The words for the state of a command. */
const truthsIn = (lang) => wordsOf('protocol/web', lang).truth

/** The same tablet each time: its disk stays. */
async function startTablet(locale) {
  const { context, page, wrongs } = await openTablet(disks.at(-1), { ...shop.browser, locale })
  const faults = () => wrongs.filter((wrong) => !AWAY.test(wrong))
  return { context, page, faults }
}

/**
 * Compares what Chromium reads before it offers to install an app. The headless shell does not judge
 * it and cannot install; in a deep run `install.test.mjs` does both with the full Chromium.
 */
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

/** The next test finds the edge running and linked, even if this one failed midway. */
async function bringShopBack() {
  killBrowsers()
  shop.toCloud.heal()
  await shop.start()
  await shop.waitForLink(true)
}

async function cutOff() {
  shop.toCloud.cut()
  await shop.waitForLink(false)
}

for (const lang of PAGE_LANGUAGES) {
  test(`the app in ${lang} can be installed at the shop, works on without cloud and then without edge, is killed, and all its work arrives`, async (t) => {
    t.after(bringShopBack)
    disks.push(mkdtempSync(join(tmpdir(), 'holdfast-tablet-')))
    const { customer, admin, ids } = await publishJobs()
    const { context, page, faults } = await startTablet(lang)
    // The page's clock starts 20 s behind, so `runFor` passes the undo time and never overtakes the real clock.
    await page.clock.install({ time: Date.now() - 2 * UNDO_MS })
    await page.goto(shop.url)
    await page.locator('#password').waitFor()
    await look(page, `app-sign-in-${lang}`)
    await signIn(page, PROVIDER, platform.passwordOf(PROVIDER))
    for (const { title } of JOBS) await page.locator('.job', { hasText: title }).first().waitFor()
    await assertInstallable(context, page)

    await cutOff()
    await page.locator('.banner[data-tone=cut]').waitFor()
    await look(page, `app-cut-off-${lang}`)
    const seen = (state) => look(page, `app-${state}-${lang}`)
    for (const [at, id] of ids.slice(0, AT_EDGE).entries()) await work(page, shop.url, id, at === 0 ? seen : undefined)
    await page.goto(`${shop.url}/queue`)
    await page.clock.runFor(UNDO_MS)
    const { node, tablet } = truthsIn(lang)
    const atEdge = Array(AT_EDGE * STEPS).fill(node)
    await truthsAre(page, atEdge)
    await shop.kill()
    for (const id of ids.slice(AT_EDGE)) await work(page, shop.url, id)
    await page.goto(`${shop.url}/queue`)
    const onTablet = Array((JOBS.length - AT_EDGE) * STEPS).fill(tablet)
    await truthsAre(page, [...atEdge, ...onTablet])
    await look(page, `app-queue-${lang}`)
    assert.deepEqual(faults(), [])
    killBrowsers()

    const { page: evening, faults: eveningFaults } = await startTablet(lang)
    await assert.rejects(shop.standing(), 'the edge is away')
    await evening.goto(shop.url)
    await evening.locator('main h1').waitFor()
    await look(evening, `app-cold-start-${lang}`)
    await evening.goto(`${shop.url}/queue`)
    await truthsAre(evening, [...atEdge, ...onTablet])
    await shop.start()
    await truthsAre(evening, ids.flatMap(() => Array(STEPS).fill(node)))
    shop.toCloud.heal()
    await evening.locator('.empty').waitFor()
    await look(evening, `app-healed-${lang}`)

    await completionsArrive(admin, ids, EDGE)
    await photosArrive(customer, ids)
    assert.deepEqual(eveningFaults(), [])
  })
}

/** A visit with a job, from the first touch to the printed receipt. `seen` looks at each page. */
async function publishAtKiosk({ page, lang }, photo, seen) {
  await beginNameless(page, lang)
  await describe(page, seen, photo)
  const sent = page.waitForRequest('**/commands')
  await publish(page)
  const { order_id, order } = (await sent).postDataJSON().body
  return { id: order_id, photos: order.photos, receipt: await receiptOn(page) }
}

/** A visit that shows the order of a scanned receipt. `seen` looks at the page that asks for it. */
async function scanReceipt(page, { code, secret }, seen = async () => {}) {
  await page.locator('.begin .button').nth(2).click()
  await page.locator('#code').waitFor()
  await seen('find')
  await page.fill('#code', `${platform.gateway}/track/${code}?s=${secret}`)
  await page.locator('.ticket').waitFor()
}

/** Until the page shows that status as what the edge knows and the cloud has not confirmed. */
async function waitUntilKept(page, status) {
  await page.locator(`.status[data-status=${status}]`).waitFor()
  await page.locator('.truth[data-truth=node]').waitFor()
}

/** The places where the kiosk still has a word of a visit. */
const findLeft = ({ page }, more = []) => findTraces(page.context(), page, [...Object.values(JOB), COMMENT, ...more], [JOB.title, JOB.street, JOB.phone, COMMENT, ...more])

/** The demo's jobs have hours, at which its provider could accept no other job. */
async function freeHoursOf({ admin, worker }) {
  for (const status of ['accepted', 'in_progress']) {
    const { items } = await worker.get(`/orders?status=${status}`)
    for (const { id } of items) await admin.post(`/orders/${id}/withdraw`, { reason: 'Another provider does it.' })
  }
}

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

async function publishCutOff(kiosk) {
  const { page, look } = kiosk
  const { id, photos, receipt } = await publishAtKiosk(kiosk, await page.screenshot(), look)
  assert.equal(photos.length, 1)
  await waitUntilKept(page, 'pending_review')
  await look('published')
  await finish(page)
  assert.deepEqual(await findLeft(kiosk, [receipt.secret, photos[0].hash]), [])

  await scanReceipt(page, receipt, look)
  await waitUntilKept(page, 'pending_review')
  await look('followed')
  await finish(page)
  return { id, photo: photos[0] }
}

async function cancelCutOff({ page, lang, look }, receipt) {
  const { cancel } = wordsOf('edge-node/app/kiosk', lang)
  const region = wordsOf('protocol/web', lang).region[REGION]
  await scanReceipt(page, receipt)
  await page.locator('.status[data-status=pending]').waitFor()
  await page.locator('.button[data-kind=danger]').click()
  await page.getByText(cancel.freeWhy).waitFor()
  await page.getByText(cancel.kept.replace('{region}', region)).waitFor()
  await look('cancel')
  await page.getByRole('button', { name: cancel.doFor.replace('{sum}', '¥0.00') }).click()
  await waitUntilKept(page, 'cancelled')
  await look('cancelled')
  await finish(page)
}

async function reviewCutOff(kiosk, receipt) {
  const { page, look } = kiosk
  await scanReceipt(page, receipt)
  await waitUntilKept(page, 'completed')
  await page.locator('.button[data-kind=tonal]').click()
  await page.locator('input[name=rating]').nth(4).check()
  await page.fill('#comment', COMMENT)
  await look('review')
  await onward(page)
  await waitUntilKept(page, 'reviewed')
  await look('reviewed')
  await finish(page)
  assert.deepEqual(await findLeft(kiosk, [receipt.secret]), [])
}

/** A person goes away from a page that has all of their words and a photo. */
async function leaveUnfinished(kiosk) {
  const { page, lang, look } = kiosk
  await page.clock.install()
  await page.reload()
  await beginNameless(page, lang)
  await describe(page, undefined, await page.screenshot())
  const places = (await findLeft(kiosk)).map((trace) => trace.split(':')[0])
  assert.ok(places.includes('document') && places.includes('memory'), 'the search finds what is there')
  await page.clock.runFor(IDLE_MS + 1_000)
  await page.locator('dialog.idle[open]').waitFor()
  await page.clock.runFor(ASK_MS + 1_000)
  await page.locator('.wiped').waitFor()
  assert.deepEqual(await findLeft(kiosk), [], 'the page that says so')
  await page.clock.runFor(WIPED_MS + 1_000)
  await page.locator('.hero').waitFor()
  assert.deepEqual(await findLeft(kiosk), [], 'the next first page')
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

for (const lang of PAGE_LANGUAGES) {
  test(`the kiosk at the shop publishes, follows, cancels and reviews in ${lang} while it is cut off, and wipes itself`, async (t) => {
    t.after(bringShopBack)
    const account = kioskOf(lang)
    await platform.register(account, 'customer')
    const [owner, admin, worker] = await Promise.all([account, 'admin', PROVIDER].map((username) => apiOf(platform, username)))
    await freeHoursOf({ admin, worker })
    const browser = await chromium.launch({ executablePath: CHROMIUM, ...shop.browser, args: [...shop.browser.args, WHOLE_TEXTS] })
    const options = { locale: lang, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' }
    const context = await browser.newContext({ ...options, viewport: COUNTER })
    const [{ page, wrongs }, provider] = await Promise.all([openPage(context), browser.newContext(options).then(openPage)])
    const kiosk = { page, lang, look: (name) => look(page, `kiosk-${name}-${lang}`) }
    try {
      // The provider's tablet has a separate clock, so that nothing waits until its steps leave.
      await provider.page.clock.install()
      await provider.page.goto(shop.url)
      await signIn(provider.page, PROVIDER, platform.passwordOf(PROVIDER))
      await page.goto(`${shop.url}/kiosk`)
      await enrol(page, account, platform.passwordOf(account), kiosk.look)
      const cancelled = await publishAtKiosk(kiosk)
      await finish(page)
      const reviewed = await publishAtKiosk(kiosk)
      await finish(page)
      await bringToShop({ account: owner, admin, worker }, provider.page, cancelled, reviewed)

      await cutOff()
      await page.reload()
      await page.locator('.hero .banner', { hasText: wordsOf('edge-node/app/kiosk', lang).attract.cut }).waitFor()
      await kiosk.look('attract')
      await finishAccepted(provider.page, reviewed.id)
      await provider.page.goto(`${shop.url}/queue`)
      await provider.page.clock.runFor(UNDO_MS)
      const published = await publishCutOff(kiosk)
      await cancelCutOff(kiosk, cancelled.receipt)
      await truthsAre(provider.page, Array(STEPS - 1).fill(truthsIn(lang).node))
      await reviewCutOff(kiosk, reviewed.receipt)
      await leaveUnfinished(kiosk)

      shop.toCloud.heal()
      await actsArrive(owner, admin, { published, cancelled, reviewed })
      assert.deepEqual([...wrongs, ...provider.wrongs].filter((wrong) => !AWAY.test(wrong)), [])
    } catch (error) {
      await screenshot(page, 'shop/kiosk-failed')
      await screenshot(provider.page, 'shop/provider-failed')
      throw error
    } finally {
      await browser.close()
    }
  })
}
