// A day's work without a network, on a real platform: the region is cut off, its node is killed, the browser too, and
// all of the work arrives. And a job published at a kiosk meanwhile, by a person without an account; and a kiosk that is ended.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { IS_DEEP, keepPicture, launch, openPage, poll } from './browser.mjs'
import { begin, beginBy, describe, enrol, finish, JOB, onward, publish, receiptOn } from './kiosk.mjs'
import { apiOf, kill, OF_FEW_PEOPLE, startPlatform } from './platform.mjs'
import { completionsArrive, killBrowserOf, openTablet, photosArrive, signIn, truthsAre, work } from './workday.mjs'

const REGION = 'WEST'
const DEVICE = 't-mqtt-js'
const PROVIDER = 'provider-west'
const KIOSK = 'kiosk-west'
const SECOND_KIOSK = 'kiosk-west-2'
const JOBS = Array.from({ length: IS_DEEP ? 10 : 4 }, (_, n) => ({
  title: `Window ${n + 1}`, description: 'Clean both sides. 两面都擦。', service_type: 'cleaning_repair', price: '60.00', location: REGION, address: `${n + 1} Hill View`,
}))
/** A job is accepted, started and completed. */
const STEPS = 3 * JOBS.length

let platform, folder

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tablet-'))
  platform = await startPlatform({ ...OF_FEW_PEOPLE, HOLDFAST__AUTH__KIOSKS: JSON.stringify([KIOSK, SECOND_KIOSK]) })
})

after(async () => {
  killBrowserOf(folder)
  await platform?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The same tablet each time: its disk stays. */
const tablet = () => openTablet(folder)

/** Connected with mqtt.js over WebSocket, which connects again by itself; its messages by topic. */
function openTabletOfMqttJs(edge, grant, protocolVersion) {
  const heard = new Map()
  const credentials = { clientId: DEVICE, username: DEVICE, password: grant.edge_token }
  const client = mqtt.connect(edge.ws, { ...credentials, protocolVersion, clean: true, reconnectPeriod: 500 })
  client.on('message', (topic, payload) => heard.set(topic, [...(heard.get(topic) ?? []), JSON.parse(payload.toString())]))
  client.on('error', () => undefined)
  return { client, heardOn: (topic) => heard.get(topic) ?? [] }
}

test('mqtt.js connects again after a takeover, and gets its replies', async () => {
  const edge = platform.edges.NORTH
  const body = JSON.stringify({ username: 'provider-north', password: platform.passwordOf('provider-north'), device: '', tablet: DEVICE })
  const headers = { 'content-type': 'application/json' }
  const grant = await (await fetch(`${edge.http}/session`, { method: 'POST', headers, body })).json()
  const at = `hf/NORTH/${edge.edge}`
  for (const version of [4, 5]) {
    const tablet = openTabletOfMqttJs(edge, grant, version)
    tablet.client.subscribe([`${at}/head`, `${at}/reply/${DEVICE}`], { qos: 1 })
    await poll(() => assert.equal(tablet.heardOn(`${at}/head`).length, 1))
    const rival = openTabletOfMqttJs(edge, grant, version)
    await new Promise((connected) => rival.client.once('connect', connected))
    await rival.client.endAsync()
    await poll(() => assert.ok(tablet.heardOn(`${at}/head`).length > 1))
    const command = {
      v: 1, id: crypto.randomUUID(), device_seq: version, tapped_at: new Date().toISOString(), token: grant.edge_token,
      body: { type: 'accept_order', order_id: crypto.randomUUID() },
    }
    await tablet.client.publishAsync(`${at}/cmd/${DEVICE}`, JSON.stringify(command), { qos: 1 })
    await poll(() => assert.equal(tablet.heardOn(`${at}/reply/${DEVICE}`)[0]?.command_id, command.id))
    assert.equal(tablet.heardOn(`${at}/reply/${DEVICE}`)[0].code, 'order_not_found')
    await tablet.client.endAsync()
  }
})

test('a day’s jobs are worked through without cloud, node or network, the browser is killed, and all of it arrives', async () => {
  const [customer, admin] = await Promise.all([apiOf(platform, 'customer-west'), apiOf(platform, 'admin')])
  const published = await Promise.all(JOBS.map((job) => customer.post('/orders', job)))
  const ids = published.map(({ order_id }) => order_id)
  await Promise.all(ids.map((id) => admin.post(`/orders/${id}/approve`, {})))
  const base = platform.edges[REGION].http

  const morning = await tablet()
  await morning.page.goto(base)
  await signIn(morning.page, PROVIDER, platform.passwordOf(PROVIDER))
  for (const { title } of JOBS) await morning.page.locator('.job', { hasText: title }).first().waitFor()
  await morning.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await morning.context.setOffline(true)
  await morning.page.reload()
  for (const { title } of JOBS) await morning.page.locator('.job', { hasText: title }).first().waitFor()
  await morning.context.close()

  await admin.put(`/admin/regions/${REGION}`, { gate: 'closed' })
  const startNode = kill(platform.pids['west-1'])
  const { page } = await tablet()
  for (const id of ids) await work(page, base, id)
  await page.goto(`${base}/queue`)
  await truthsAre(page, Array(STEPS).fill('On this tablet'))
  await keepPicture(page, 'offline/all-kept')
  killBrowserOf(folder)

  const evening = (await tablet()).page
  await evening.goto(`${base}/queue`)
  await truthsAre(evening, Array(STEPS).fill('On this tablet'))
  startNode()
  await poll(async () => {
    const truths = await evening.locator('.item .truth').allInnerTexts()
    assert.equal(truths.filter((truth) => truth === 'At the regional node').length, STEPS)
  })
  await keepPicture(evening, 'offline/all-at-the-node')
  await admin.put(`/admin/regions/${REGION}`, { gate: 'open' })
  await evening.locator('.empty').waitFor()

  await completionsArrive(admin, ids, 'west-1')
  await photosArrive(customer, ids)
})

test('a job published without an account at a kiosk that is cut off opens everywhere by its receipt, and can be cancelled', async () => {
  await platform.register(KIOSK, 'customer')
  const admin = await apiOf(platform, 'admin')
  const browser = await launch()
  try {
    const { page } = await openPage(await browser.newContext({ viewport: { width: 1080, height: 1920 }, locale: 'en', timezoneId: 'Asia/Shanghai' }))
    await page.goto(`${platform.edges[REGION].http}/kiosk`)
    await enrol(page, KIOSK, platform.passwordOf(KIOSK))
    await admin.put(`/admin/regions/${REGION}`, { gate: 'closed' })
    await page.locator('.hero .banner', { hasText: 'the network is down' }).waitFor()
    await begin(page, 'en')
    await describe(page)
    const sent = page.waitForRequest('**/commands')
    await publish(page)
    const { order_id } = (await sent).postDataJSON().body
    await page.locator('.truth[data-truth=node]').waitFor()
    const { code, secret } = await receiptOn(page)
    const { portal } = await (await fetch(`${platform.edges[REGION].http}/standing`)).json()
    const phone = await browser.newContext({ locale: 'en' })
    const follow = async (receipt = { code, secret }) => {
      const { page: followed } = await openPage(phone)
      await followed.goto(`${portal}/track/${receipt.code}?s=${receipt.secret}`)
      return followed
    }
    await (await follow()).getByText('Not here yet, and not lost').first().waitFor()

    await admin.put(`/admin/regions/${REGION}`, { gate: 'open' })
    await page.locator('.truth[data-truth=confirmed]').waitFor()
    const opened = await follow()
    await opened.locator('.status[data-status=pending_review]').waitFor()
    assert.ok(!(await opened.locator('body').innerText()).includes(JOB.street))
    await finish(page)

    await page.locator('.begin .button').nth(2).click()
    await page.fill('#code', `${portal}/track/${code}?s=${secret}`)
    await page.locator('.ticket').waitFor()
    await admin.post(`/orders/${order_id}/approve`, {})
    await finish(page)
    await poll(async () => {
      await page.locator('.begin .button').nth(2).click()
      await page.fill('#code', `${portal}/track/${code}?s=${secret}`)
      await page.locator('.ticket').waitFor()
      const isOpen = await page.locator('.status[data-status=pending]').count()
      if (isOpen === 0) await finish(page)
      assert.equal(isOpen, 1)
    })
    await page.locator('.button[data-kind=danger]').click()
    await page.getByText('Nothing has been paid').waitFor()
    await onward(page)
    await page.locator('.status[data-status=cancelled]').waitFor()
    await page.locator('.truth[data-truth=confirmed]').waitFor()
    await (await follow()).locator('.status[data-status=cancelled]').waitFor()

    // Another one is called off at home.
    await finish(page)
    await beginBy(page, 'nameless')
    await describe(page)
    const sentAgain = page.waitForRequest('**/commands')
    await publish(page)
    await page.locator('.truth[data-truth=confirmed]').waitFor()
    await admin.post(`/orders/${(await sentAgain).postDataJSON().body.order_id}/approve`, {})
    const home = await follow(await receiptOn(page))
    await home.getByRole('button', { name: 'Cancel the order' }).click()
    await home.getByRole('dialog').getByText('Nothing is held yet').waitFor()
    await home.getByRole('dialog').getByRole('button', { name: 'Cancel the order' }).click()
    await home.locator('.status[data-status=cancelled]').waitFor()
  } finally {
    await browser.close()
  }
})

test('a kiosk is a device of its account: an admin ends it while the region is cut off, its job still arrives, and staff set it up again', async () => {
  await platform.register(SECOND_KIOSK, 'customer')
  const [account, admin] = await Promise.all([SECOND_KIOSK, 'admin'].map((username) => apiOf(platform, username)))
  const browser = await launch()
  try {
    const { page } = await openPage(await browser.newContext({ viewport: { width: 1080, height: 1920 }, locale: 'en', timezoneId: 'Asia/Shanghai' }))
    await page.goto(`${platform.edges[REGION].http}/kiosk`)
    const signedIn = page.waitForResponse((response) => response.url().endsWith('/session') && response.request().method() === 'POST')
    // The next document takes the answer away.
    const grant = signedIn.then((response) => response.json())
    await enrol(page, SECOND_KIOSK, platform.passwordOf(SECOND_KIOSK))
    const { user_id } = await grant
    const { items: [device, ...more] } = await account.get('/auth/devices')
    assert.deepEqual([device.label, more], ['Kiosk west-1', []])
    assert.match(device.tablet, /^kiosk-[0-9a-f]{8}$/)
    assert.deepEqual((await admin.get(`/admin/users/${user_id}/devices`)).items, [device])

    await admin.put(`/admin/regions/${REGION}`, { gate: 'closed' })
    await page.locator('.hero .banner', { hasText: 'the network is down' }).waitFor()
    await begin(page, 'en')
    await describe(page)
    const sent = page.waitForRequest('**/commands')
    await publish(page)
    const { order_id } = (await sent).postDataJSON().body
    await finish(page)
    await admin.remove(`/admin/users/${user_id}/devices/${device.device_id}`)
    assert.deepEqual((await account.get('/auth/devices')).items, [])
    await admin.put(`/admin/regions/${REGION}`, { gate: 'open' })
    await page.locator('.hero .banner', { hasText: 'must be set up again' }).waitFor()
    await poll(async () => assert.equal((await admin.get(`/orders/${order_id}`)).status, 'pending_review'))

    await enrol(page, SECOND_KIOSK, platform.passwordOf(SECOND_KIOSK))
    const { items: renewed } = await account.get('/auth/devices')
    assert.deepEqual(renewed.map(({ device_id, tablet }) => [device_id, tablet]), [[device.device_id, device.tablet]], 'the same key is the same device')
  } finally {
    await browser.close()
  }
})
