// Photos of a job at the portal, over a gateway that answers from memory: its customer adds one while publishing, and
// those who may see the job see it once it has arrived.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets } from './browser.mjs'
import { gateway, orderOf, PICTURE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const ORDER = orderOf(60).id
const LOOK_AGAIN_MS = 16_000
const FILE = { name: 'tap.png', mimeType: 'image/png', buffer: PICTURE }

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

/** The photos of the one order: what its publication names, and the bytes that came. */
const newCloud = () => ({ named: [], bytes: new Map(), asked: 0, isAway: false })

async function openAs(role, cloud, lang = 'en') {
  const state = gateway({ role })
  const opened = await portal.open(state, lang)
  await opened.context.route('**/api/v1/orders/*/photos', (route) => route.fulfill({
    json: { items: cloud.named.map(({ hash, bytes }) => ({ command_id: ORDER, hash, bytes, taken: 'job', arrived_at: cloud.bytes.has(hash) ? '2026-11-21T10:52:00.000Z' : null })) },
  }))
  await opened.context.route('**/api/v1/orders/*/photos/*', (route) => {
    const hash = new URL(route.request().url()).pathname.split('/').at(-1)
    if (route.request().method() === 'GET') return route.fulfill({ contentType: 'image/jpeg', body: cloud.bytes.get(hash) })
    cloud.asked += 1
    if (cloud.isAway) return route.abort()
    const bytes = route.request().postDataBuffer()
    assert.equal(createHash('sha256').update(bytes).digest('hex'), hash, 'the bytes are those that the order names')
    cloud.bytes.set(hash, bytes)
    return route.fulfill({ json: { command_id: ORDER, hash, bytes: bytes.length, taken: 'job', arrived_at: '2026-11-21T10:52:00.000Z' } })
  })
  return { ...opened, state }
}

async function addPhoto(page) {
  await page.setInputFiles('.photo-picker input', FILE)
  await page.getByRole('img', { name: 'Photo 1 of the job' }).waitFor()
}

async function describe(page, go) {
  await go('/publish/1')
  await page.getByRole('radio', { name: 'Cleaning and repair' }).check()
  await page.getByLabel('In one line').fill('厨房水龙头漏水')
}

async function finish(page) {
  await page.getByRole('button', { name: 'Next: where and when' }).click()
  await page.getByRole('radio', { name: 'North' }).check()
  await page.getByLabel('Street and door').fill('望京街道 12')
  await page.getByRole('radio', { name: 'Any day' }).check()
  await page.getByRole('button', { name: 'Next: price' }).click()
  await page.getByLabel('In total, in yuan').fill('180')
  await page.getByRole('button', { name: 'Publish for approval' }).click()
  await page.waitForURL('**/orders/*')
}

/** Small on the page, large in the dialog. */
async function seePhoto(page) {
  const small = page.getByRole('button', { name: 'Photo 1 of the job' })
  await small.waitFor()
  await small.click()
  const large = page.getByRole('dialog', { name: 'Photo 1 of the job' }).getByRole('img', { name: 'Photo 1 of the job' })
  await poll(async () => assert.ok(await large.evaluate((img) => img.complete && img.naturalWidth > 0)))
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

test('a job is published with a photo, which admin and provider see once it has arrived', async () => {
  const cloud = newCloud()
  const { context, page, go, faults, state } = await openAs('customer', cloud)
  await describe(page, go)
  await addPhoto(page)
  await page.setInputFiles('.photo-picker input', FILE)
  await page.getByText('This photo is already there.').waitFor()
  await page.getByText('Draft, on this device').waitFor()
  await page.reload()
  await page.getByRole('img', { name: 'Photo 1 of the job' }).waitFor()

  cloud.isAway = true
  await page.getByRole('button', { name: 'Next: where and when' }).waitFor()
  const publishing = finish(page)
  await poll(async () => assert.ok(state.changes().some(({ path }) => path === '/orders')))
  cloud.named = state.changes().find(({ path }) => path === '/orders').body.photos
  await publishing
  assert.equal(cloud.named.length, 1)
  await page.reload()
  await page.getByText('Photo 1 of the job: not here yet').waitFor()
  await poll(async () => assert.ok(cloud.asked > 0))

  cloud.isAway = false
  await context.clock.runFor(LOOK_AGAIN_MS)
  await seePhoto(page)
  const [[hash, bytes]] = cloud.bytes
  assert.deepEqual([hash, bytes.length], [cloud.named[0].hash, cloud.named[0].bytes])
  assert.equal(bytes.toString('latin1', 0, 2), '\xff\xd8', 'it was encoded anew')
  assert.deepEqual(faults(), [])
  await context.close()

  for (const [role, path] of [['admin', `/approvals?at=${ORDER}`], ['admin', `/orders/${ORDER}`], ['provider', `/jobs/${ORDER}`]]) {
    const reader = await openAs(role, cloud)
    await reader.go(path)
    await seePhoto(reader.page)
    assert.deepEqual(reader.faults(), [], path)
    await reader.context.close()
  }
})

test('a job takes four photos, and a file that is no picture none', async () => {
  const { context, page, go, faults } = await openAs('customer', newCloud())
  await describe(page, go)
  await page.setInputFiles('.photo-picker input', { name: 'words.txt', mimeType: 'text/plain', buffer: Buffer.from('words') })
  await page.getByText('This file cannot be read as a picture.').waitFor()
  for (const n of [1, 2, 3, 4]) {
    await page.evaluate((shade) => { document.body.style.background = `rgb(${shade}, 0, 0)` }, n * 50)
    await page.setInputFiles('.photo-picker input', { name: 'page.png', mimeType: 'image/png', buffer: await page.screenshot() })
    await page.getByRole('img', { name: `Photo ${n} of the job` }).waitFor()
  }
  await page.getByText('A job takes at most 4 photos.').waitFor()
  await page.getByRole('button', { name: 'Remove photo 2' }).click()
  await page.getByRole('img', { name: 'Photo 4 of the job' }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Add a photo' }).waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`the photos of a job in ${lang}`, async () => {
    const cloud = newCloud()
    cloud.named = ['a', 'b'].map((letter) => ({ hash: letter.repeat(64), bytes: PICTURE.length }))
    cloud.bytes.set(cloud.named[0].hash, PICTURE)
    const { context, page, go, faults } = await openAs('admin', cloud, lang)
    await go(`/approvals?at=${ORDER}`)
    const words = wordsOf('cloud/portal', lang).jobPhotos
    await page.getByText(words.notHere).waitFor()
    await settled(page)
    await keepPicture(page, `portal/admin-job-photos-${lang}-light`)
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 24), [])
    assert.deepEqual(await losses(page), [])
    await page.emulateMedia({ colorScheme: 'dark' })
    assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}

test('a job is published again with its photos, at a saved address', async () => {
  const cloud = newCloud()
  const hash = createHash('sha256').update(PICTURE).digest('hex')
  cloud.named = [{ hash, bytes: PICTURE.length }]
  cloud.bytes.set(hash, PICTURE)
  const { context, page, go, faults, state } = await openAs('customer', cloud)
  Object.assign(state.orders.find(({ id }) => id === ORDER), { status: 'cancelled' })
  await go(`/orders/${ORDER}`)
  await page.getByRole('button', { name: 'Publish it again' }).click()
  await page.waitForURL('**/publish/1')
  await page.getByRole('img', { name: 'Photo 1 of the job' }).waitFor()
  await page.getByRole('button', { name: 'Next: where and when' }).click()
  const place = page.getByRole('group', { name: 'Saved addresses' })
  await place.getByRole('radio', { name: '家' }).check()
  assert.equal(await page.getByLabel('Street and door').inputValue(), '花家地北里 12 号楼')
  assert.equal(await page.getByLabel('City and district').inputValue(), '北京市 朝阳区')
  assert.ok(await page.getByRole('radio', { name: 'North' }).isChecked())
  await settled(page)
  await keepPicture(page, 'jobphotos/again-place')
  assert.deepEqual(await losses(page), [])
  assert.deepEqual(await axe(context, page), [])
  await place.getByRole('radio', { name: 'Another place' }).check()
  assert.equal(await page.getByLabel('Street and door').inputValue(), '')
  await place.getByRole('radio', { name: '1 Harbour Road' }).check()
  assert.ok(await page.getByRole('radio', { name: 'North' }).isChecked(), 'an address without a region leaves the one that was chosen')
  await page.getByRole('radio', { name: 'Any day' }).check()
  await page.getByRole('button', { name: 'Next: price' }).click()
  await page.getByRole('button', { name: 'Publish for approval' }).click()
  await page.waitForURL('**/orders/*')
  const { body } = state.changes().find(({ path }) => path === '/orders')
  assert.deepEqual([body.photos, body.address], [[{ hash, bytes: PICTURE.length }], '1 Harbour Road'])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a job whose photos cannot be read is published again without them, and says so', async () => {
  const { context, page, go, state } = await openAs('customer', newCloud())
  Object.assign(state.orders.find(({ id }) => id === ORDER), { status: 'cancelled' })
  await go(`/orders/${ORDER}`)
  await page.getByRole('button', { name: 'Publish it again' }).waitFor()
  await settled(page)
  await context.route('**/api/v1/orders/*/photos', (route) => route.fulfill({ status: 503, json: { type: 'about:blank', title: 'Away.', status: 503, code: 'unavailable', trace: '0' } }))
  await page.getByRole('button', { name: 'Publish it again' }).click()
  await page.waitForURL('**/publish/1')
  await page.getByText('The photos could not be copied.').waitFor()
  assert.equal(await page.getByRole('img', { name: 'Photo 1 of the job' }).count(), 0)
  await context.close()
})
