// The apps as a person installs them, only in a deep run. Chromium finds the app of a shop and the
// portal installable, installs them, and starts each in its own window while no server answers.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FULL_CHROMIUM, keepPicture, poll, SHOWN_MS_MAX, watch } from '../browser.mjs'
import { apiOf, kill, OF_FEW_PEOPLE, startPlatform } from '../platform.mjs'
import { openShop } from '../shop.mjs'
import { ask, jobOf } from '../tablet.mjs'
import { killBrowserOf, openTablet, signIn } from '../workday.mjs'

const REGION = 'SOUTH'
const NAME = 'shop.test'
const EDGE = 'shop-1'
const PROVIDER = 'provider-south'
const CUSTOMER = 'customer-south'
const JOB = { title: 'Gutter', description: 'Full of leaves. 都是落叶。', service_type: 'cleaning_repair', price: '60.00', location: REGION, address: '1 Mill Lane' }
/** What the console shows while a server is away, and in the portal before the sign-in. */
const EXPECTED = /net::ERR_|WebSocket|status of (401|503)/

let platform, shop
/** The folders of the devices. */
const disks = []

before(async () => {
  platform = await startPlatform(OF_FEW_PEOPLE)
  shop = await openShop(platform, { name: NAME, edge: EDGE, region: REGION, environment: OF_FEW_PEOPLE })
})

after(async () => {
  disks.forEach(killBrowserOf)
  await shop?.close()
  await platform?.stop()
  for (const disk of disks) rmSync(disk, { recursive: true, force: true })
})

/** A device whose disk stays. Each `start` starts its browser again. */
function makeDevice(options) {
  const disk = mkdtempSync(join(tmpdir(), 'holdfast-device-'))
  disks.push(disk)
  const share = join(disk, 'share')
  const env = { ...process.env, HOME: disk, ...options.env, XDG_DATA_HOME: share }
  const start = async () => {
    const { context, page, wrongs } = await openTablet(join(disk, 'profile'), { ...options, env, executablePath: FULL_CHROMIUM })
    await context.addInitScript(countOffers)
    return { context, page, wrongs, browser: await context.browser().newBrowserCDPSession() }
  }
  return { start, share }
}

/** Runs in the page: how often the browser said that it offers to install this app. */
function countOffers() {
  window.installOffers = 0
  addEventListener('beforeinstallprompt', () => { window.installOffers += 1 })
}

/** Why Chromium does not offer to install the app of this page. */
async function findObstacles(context, page) {
  const session = await context.newCDPSession(page)
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  await session.detach()
  return installabilityErrors.map(({ errorId }) => errorId)
}

/**
 * Installs the app of this page after the browser itself has offered that. `PWA.install` lets the
 * app open in a tab; a person who accepts the offer gets a window.
 */
async function installApp({ context, page, browser }, app) {
  const workerState = () => page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration?.active?.state))
  await poll(async () => assert.equal(await workerState(), 'activated'))
  assert.deepEqual(await findObstacles(context, page), [])
  await page.waitForFunction(() => window.installOffers > 0)
  const session = await context.newCDPSession(page)
  assert.equal((await session.send('Page.getAppId')).appId, app)
  await session.send('PWA.install', { manifestId: app })
  await session.detach()
  await browser.send('PWA.changeAppUserSettings', { manifestId: app, displayMode: 'standalone' })
}

/** The names of the installed apps in the device's menu. */
function readMenu({ share }) {
  const menu = join(share, 'applications')
  const entries = readdirSync(menu).filter((file) => file.endsWith('.desktop'))
  return entries.map((file) => /^Name=(.*)$/m.exec(readFileSync(join(menu, file), 'utf8'))?.[1])
}

async function findWindow(context, page) {
  const session = await context.newCDPSession(page)
  const { windowId } = await session.send('Browser.getWindowForTarget')
  await session.detach()
  return windowId
}

/** Starts the installed app, which opens its own window. */
async function launchApp({ context, page: tab, browser }, app) {
  const opened = context.waitForEvent('page', { timeout: SHOWN_MS_MAX })
  await browser.send('PWA.launch', { manifestId: app })
  const { page, wrongs } = await watch(await opened)
  await page.waitForLoadState()
  assert.equal(page.url(), app)
  assert.equal(await page.evaluate(() => matchMedia('(display-mode: standalone)').matches), true)
  assert.notEqual(await findWindow(context, page), await findWindow(context, tab))
  const faults = () => wrongs.filter((wrong) => !EXPECTED.test(wrong))
  return { page, faults }
}

test('the app of a shop that the device does not trust cannot be installed, even past the warning', async () => {
  const stranger = makeDevice({ args: shop.browser.args, ignoreHTTPSErrors: true })
  const { context, page } = await stranger.start()
  await page.goto(shop.url)
  await page.locator('#password').waitFor()
  assert.deepEqual(await findObstacles(context, page), ['not-from-secure-origin'])
  await context.close()
})

test('the app is installed at the shop, starts in its own window without edge and cloud, and its work arrives', async () => {
  const [customer, admin] = await Promise.all([apiOf(platform, CUSTOMER), apiOf(platform, 'admin')])
  const { order_id: id } = await customer.post('/orders', JOB)
  await admin.post(`/orders/${id}/approve`, {})
  const app = `${shop.url}/`
  const tablet = makeDevice(shop.browser)
  const morning = await tablet.start()
  await morning.page.goto(app)
  await signIn(morning.page, PROVIDER, platform.passwordOf(PROVIDER))
  await jobOf(morning.page, JOB.title).waitFor()
  await installApp(morning, app)
  await poll(() => assert.deepEqual(readMenu(tablet), ['Holdfast for providers']))
  await morning.context.close()

  shop.toCloud.cut()
  await shop.kill()
  await assert.rejects(shop.standing(), 'the edge is away')
  const evening = await tablet.start()
  const { page, faults } = await launchApp(evening, app)
  await ask(page, JOB.title)
  await page.locator('.truth[data-truth=tablet]').waitFor()
  await keepPicture(page, 'install/app-cold-start')
  await shop.start()
  await page.locator('.truth[data-truth=node]').waitFor()
  shop.toCloud.heal()
  await poll(async () => assert.equal((await admin.get(`/orders/${id}`)).status, 'accepted'))
  assert.deepEqual(faults(), [])
  await evening.context.close()
})

// Last: it kills the cloud.
test('the portal is installed, starts in its own window without the cloud, and signs in there when it is back', async (t) => {
  const app = `${platform.gateway}/`
  const desk = makeDevice(shop.browser)
  const morning = await desk.start()
  await morning.page.goto(app)
  await morning.page.locator('#word').waitFor()
  await installApp(morning, app)
  await poll(() => assert.deepEqual(readMenu(desk), ['Holdfast']))
  await morning.context.close()

  const startCloud = kill(platform.pids.cloud)
  await assert.rejects(fetch(app), 'the cloud is away')
  const evening = await desk.start()
  const { page, faults } = await launchApp(evening, app)
  const retry = page.getByRole('button', { name: 'Retry now' })
  await retry.waitFor()
  await keepPicture(page, 'install/portal-cold-start')
  const cloud = startCloud()
  t.after(() => cloud.kill('SIGKILL'))
  await poll(async () => assert.equal((await fetch(`${app}health/ready`)).status, 200))
  await retry.click()
  await retry.waitFor({ state: 'detached' })
  await page.fill('#name', CUSTOMER)
  await page.fill('#word', platform.passwordOf(CUSTOMER))
  await page.click('button[type=submit]')
  await page.locator('.who').waitFor()
  assert.deepEqual(faults(), [])
  await evening.context.close()
})
