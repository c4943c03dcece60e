// A person's own data as an archive: on a real platform, and over a gateway that answers from
// memory.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { strFromU8, unzipSync } from 'fflate'
import { axe, COLOUR_RULES, IS_DEEP, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo } from './browser.mjs'
import { apiOf } from './platform.mjs'
import { gateway, PICTURE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'
import { openStage } from './scenes.mjs'

const CUSTOMER = { name: '陈佳怡', phone: '+8613812345001', street: '9 Willow Lane' }
const PROVIDER = { name: 'Ivo Marek', phone: '+8613812345002', bio: 'Locks and doors.', paper: 'Locksmith C-7781' }
const STRANGER = { name: 'Olga Stranger', phone: '+8613812345003', title: 'Paint the fence of a stranger' }
const REVIEW = 'Quick, and he swept the floor.'
const DONE = 'The front door jams'
const ACCEPTED = 'A second key for the cellar'

const skip = IS_DEEP ? false : 'in a deep run'

let stage, portal
before(async () => {
  portal = await startPortal()
  if (!skip) stage = await openStage()
})
after(async () => {
  await stage?.close()
  await portal?.stop()
})

const form = (title, change = {}) => ({ title, description: `${title}, as it was described.`, service_type: 'cleaning_repair', price: '180.00', location: 'NORTH', address: CUSTOMER.street, ...change })
const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** A customer and a provider with a reviewed and an accepted order, and a stranger's order. */
async function fillPlatform({ platform }) {
  for (const [name, role] of [['customer-data', 'customer'], ['provider-data', 'provider'], ['stranger-data', 'customer']]) await platform.register(name, role)
  const [customer, stranger, admin, signed] = await Promise.all(['customer-data', 'stranger-data', 'admin', 'provider-data'].map((name) => apiOf(platform, name)))
  const named = async (api, { name, phone, bio }) => {
    const { version } = await poll(() => api.get('/users/me/profile'))
    return api.put('/users/me/profile', { version, full_name: name, phone_number: phone, ...(bio && { bio }) })
  }
  await named(stranger, STRANGER)
  const home = await named(customer, CUSTOMER)
  await customer.post('/users/me/addresses', { version: home.version, detail: CUSTOMER.street, label: 'home' })
  const blank = await named(signed, PROVIDER)
  const { id: document } = await signed.upload('/users/me/documents', PICTURE, 'image/png')
  const filed = await signed.put('/users/me/certifications', { version: blank.version, items: [{ name: PROVIDER.paper, number: 'C-7781', issuer: 'City', document }] })
  const { version } = await signed.post('/users/me/verification')
  assert.ok(version > filed.version)
  await admin.post(`/admin/providers/${blank.user_id}/verify`, { version, reason: 'The certificate was seen.' })
  await poll(async () => assert.equal((await customer.get(`/providers/${blank.user_id}/profile`)).verified, true))

  await stranger.post('/orders', form(STRANGER.title))
  const { order_id: done } = await customer.post('/orders', form(DONE, { photos: [{ hash: hashOf(PICTURE), bytes: PICTURE.length }] }))
  await customer.upload(`/orders/${done}/photos/${hashOf(PICTURE)}`, PICTURE, 'image/png', 'PUT')
  const { order_id: accepted } = await customer.post('/orders', form(ACCEPTED))
  // Auth hears of the verification by an event.
  const provider = await poll(() => apiOf(platform, 'provider-data'))
  for (const id of [done, accepted]) {
    await admin.post(`/orders/${id}/approve`, {})
    await poll(() => provider.post(`/orders/${id}/accept`, {}))
  }
  assert.equal((await provider.post(`/orders/${accepted}/contact/call`)).phone_number, CUSTOMER.phone)
  assert.equal((await customer.post(`/orders/${accepted}/contact/call`)).phone_number, PROVIDER.phone)
  await poll(() => customer.post('/payments', { order_id: done, amount: '180.00' }))
  await poll(() => provider.post(`/orders/${done}/start`, {}))
  await provider.post(`/orders/${done}/complete`, {})
  await poll(() => customer.post('/reviews', { order_id: done, rating: 5, comment: REVIEW }))
  await poll(async () => assert.equal((await provider.get('/users/me/reviews')).items.length, 1))
  // The inbox of each tells of it by an event.
  await poll(async () => assert.ok((await provider.get('/notifications')).items.some(({ content, title }) => `${title} ${content}`.includes(ACCEPTED))))
  return { photo: await customer.download(`/orders/${done}/photos/${hashOf(PICTURE)}`) }
}

/** Makes the archive by keyboard, and gives its files. */
async function takeArchive(page) {
  await tabTo(page, page.getByRole('button', { name: 'Prepare the archive' }))
  await page.keyboard.press('Enter')
  await page.getByRole('status').getByText('The archive is ready').waitFor()
  const save = page.getByRole('link', { name: 'Save the archive' })
  await tabTo(page, save)
  const download = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  const file = await download
  assert.match(file.suggestedFilename(), /^holdfast-[\w.-]+-\d{4}-\d\d-\d\d\.zip$/)
  return unzipSync(new Uint8Array(readFileSync(await file.path())))
}

const textsOf = (files) => Object.fromEntries(Object.entries(files).filter(([path]) => /\.(html|json)$/.test(path)).map(([path, bytes]) => [path, strFromU8(bytes)]))
const jsonOf = (files, name) => JSON.parse(strFromU8(files[`data/${name}.json`]))

/** The page and the JSON both say it. */
function holds(files, ...said) {
  const texts = textsOf(files)
  const data = Object.entries(texts).filter(([path]) => path !== 'index.html').map(([, text]) => text).join('\n')
  for (const words of said) {
    assert.ok(texts['index.html'].includes(words), `the page says ${words}`)
    assert.ok(data.includes(words), `the JSON says ${words}`)
  }
}

function holdsNot(files, ...said) {
  for (const [path, text] of Object.entries(textsOf(files))) for (const words of said) assert.ok(!text.includes(words), `${path} must not say ${words}`)
}

/** What the browser makes of the page where it lies unpacked. */
async function readAlone(context, files) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-archive-'))
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
  const page = await context.newPage()
  const wrongs = []
  page.on('console', (message) => wrongs.push(message.text()))
  await page.goto(`file://${folder}/index.html`)
  assert.equal(await page.locator('script, iframe, link, form').count(), 0)
  const pictures = page.locator('img')
  for (let n = 0; n < await pictures.count(); n += 1) {
    await pictures.nth(n).scrollIntoViewIfNeeded()
    await poll(async () => assert.ok(await pictures.nth(n).evaluate((img) => img.complete && img.naturalWidth > 0), 'the picture is shown'))
  }
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await losses(page), [])
  assert.deepEqual(wrongs, [])
  const found = { lang: await page.getAttribute('html', 'lang'), pictures: await pictures.count() }
  await page.close()
  rmSync(folder, { recursive: true })
  return found
}

test('customer and provider take their data with them, and nothing of other people', { skip }, () => stage.play(async ({ portal: signIn }) => {
  const { photo } = await fillPlatform(stage)
  const atHome = await signIn('customer-data', { acceptDownloads: true })
  await atHome.goto(`${stage.platform.gateway}/account`)
  await atHome.getByRole('link', { name: 'Take your data with you', exact: true }).click()
  await atHome.waitForURL('**/your-data')
  const ofCustomer = await takeArchive(atHome)
  holds(ofCustomer, 'customer-data@example.com', CUSTOMER.name, CUSTOMER.phone, CUSTOMER.street, DONE, ACCEPTED, `${DONE}, as it was described.`, REVIEW)
  holdsNot(ofCustomer, PROVIDER.phone, STRANGER.name, STRANGER.phone, STRANGER.title)
  const orders = jsonOf(ofCustomer, 'orders')
  assert.deepEqual(orders.map(({ title }) => title).toSorted(), [ACCEPTED, DONE])
  const done = orders.find(({ title }) => title === DONE)
  assert.deepEqual(done.timeline.map(({ action }) => action).filter(Boolean), ['approve', 'accept', 'start', 'complete', 'review'])
  assert.deepEqual(done.payments.map(({ status, amount }) => [status, amount]), [['completed', '180.00']])
  assert.deepEqual(Buffer.from(ofCustomer[done.photos[0].file]), photo, 'the photo is there byte for byte')
  const shown = orders.find(({ title }) => title === ACCEPTED).number_showings
  assert.deepEqual(shown.map(({ shown_to }) => shown_to.role).toSorted(), ['customer', 'provider'])
  assert.deepEqual(jsonOf(ofCustomer, 'about').not_included, [])
  assert.deepEqual(jsonOf(ofCustomer, 'reviews').written.map(({ comment }) => comment), [REVIEW])
  assert.ok(jsonOf(ofCustomer, 'sign_ins').sessions.some(({ current }) => current))
  assert.deepEqual(await readAlone(atHome.context(), ofCustomer), { lang: 'en', pictures: 1 })

  const atWork = await signIn('provider-data', { acceptDownloads: true })
  await atWork.goto(`${stage.platform.gateway}/your-data?lang=zh-CN`)
  await atWork.getByRole('button', { name: '准备压缩包' }).click()
  await atWork.getByRole('link', { name: '保存压缩包' }).waitFor()
  const download = atWork.waitForEvent('download')
  await atWork.getByRole('link', { name: '保存压缩包' }).click()
  const ofProvider = unzipSync(new Uint8Array(readFileSync(await (await download).path())))
  holds(ofProvider, 'provider-data@example.com', PROVIDER.name, PROVIDER.phone, PROVIDER.bio, PROVIDER.paper, DONE, ACCEPTED, REVIEW)
  holdsNot(ofProvider, CUSTOMER.phone, CUSTOMER.name, STRANGER.name, STRANGER.phone, STRANGER.title)
  const jobs = jsonOf(ofProvider, 'orders')
  assert.equal(jobs.find(({ title }) => title === ACCEPTED).status, 'accepted')
  assert.deepEqual(Buffer.from(ofProvider[jobs.find(({ title }) => title === DONE).photos[0].file]), photo)
  const paper = jsonOf(ofProvider, 'files').find(({ of }) => of === 'certificate')
  assert.ok(ofProvider[paper.path].length > 0)
  assert.deepEqual(jsonOf(ofProvider, 'about').not_included, [])
  assert.deepEqual(await readAlone(atWork.context(), ofProvider), { lang: 'zh-CN', pictures: 2 })

  // A new account has a whole archive too.
  await stage.platform.register('newcomer-data', 'customer')
  const newcomer = await signIn('newcomer-data', { acceptDownloads: true })
  await poll(async () => assert.equal((await (await newcomer.request.get(`${stage.platform.gateway}/api/v1/users/me/profile`)).json()).role, 'customer'))
  await newcomer.goto(`${stage.platform.gateway}/your-data`)
  const ofNewcomer = await takeArchive(newcomer)
  holds(ofNewcomer, 'newcomer-data@example.com')
  assert.deepEqual(jsonOf(ofNewcomer, 'orders'), [])
  const desk = await signIn('admin', { acceptDownloads: true })
  await desk.goto(`${stage.platform.gateway}/your-data`)
  const ofAdmin = await takeArchive(desk)
  assert.equal(ofAdmin['data/inbox.json'], undefined, 'the administrators share theirs')
  holdsNot(ofAdmin, CUSTOMER.phone, PROVIDER.phone, DONE)
}))

test('a part that cannot be read is named, nothing is saved, and another try goes on from there', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go, faults } = await portal.open(state)
  let isAway = true
  await context.route('**/api/v1/notifications?*', (route) => (isAway ? route.fulfill({ status: 422, json: { status: 422, code: 'invalid_input', title: 'Not now.' } }) : route.fallback()))
  await go('/your-data')
  await page.getByRole('button', { name: 'Prepare the archive' }).click()
  const banner = page.getByRole('status').filter({ hasText: 'Not read: Your inbox' })
  await banner.waitFor()
  assert.equal(await page.getByRole('link', { name: 'Save the archive' }).count(), 0)
  const orders = () => state.asked.filter(({ path }) => path === '/orders').length
  const before = orders()
  assert.ok(before > 0)
  isAway = false
  await banner.getByRole('button', { name: 'Retry now' }).click()
  await page.getByRole('link', { name: 'Save the archive' }).waitFor()
  assert.equal(await banner.count(), 0)
  assert.equal(orders(), before, 'what was read is not asked for again')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('nothing of the archive comes from answers that the page or the browser kept', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go } = await portal.open(state)
  await go('/orders')
  await page.evaluate((path) => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')) }, '/your-data')
  state.asked.length = 0
  await page.getByRole('button', { name: 'Prepare the archive' }).click()
  await page.getByRole('link', { name: 'Save the archive' }).waitFor()
  for (const path of ['/orders', '/users/me/profile']) assert.ok(state.asked.some((one) => one.path === path), `${path} is asked for anew`)
  assert.deepEqual(state.asked.filter(({ headers }) => !/no-cache/.test(headers['cache-control'] ?? '')).map(({ path }) => path), [])
  await context.close()
})

const NO_WISHES = { channels: [], digest_hour: null, kinds: [], language: 'en', quiet_hours: null, time_zone: 'UTC', version: 0 }

test('the reading stops with the page, or when its person wants it to', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go, faults } = await portal.open(state)
  let arrived
  await context.route('**/api/v1/notifications/preferences', (route) => arrived(route))
  await go('/your-data')
  /** Reads up to the answer that is held back, and gives it late. */
  const prepare = async () => {
    const held = new Promise((resolve) => { arrived = resolve })
    await page.getByRole('button', { name: 'Prepare the archive' }).click()
    const route = await held
    return () => route.fulfill({ json: NO_WISHES }).catch(() => undefined)
  }
  const readOn = () => state.asked.filter(({ path }) => path === '/auth/sessions').length
  const answerStopped = await prepare()
  await page.getByRole('status').getByText('Reading: What you are notified of').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('It was stopped. There is no archive.').waitFor()
  await answerStopped()
  await settled(page)
  assert.equal(readOn(), 0, 'after the stop nothing is read')

  const answerLeft = await prepare()
  await page.getByRole('link', { name: 'My orders' }).click()
  await page.waitForURL('**/orders')
  await answerLeft()
  await settled(page)
  assert.equal(readOn(), 0, 'after leaving nothing is read')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the page waits as long as Holdfast asks it to', async () => {
  const { context, page, go } = await portal.open(gateway({ role: 'provider' }))
  let refusals = 1
  await context.route('**/api/v1/earnings', (route) => (refusals-- > 0 ? route.fulfill({ status: 429, headers: { 'retry-after': '40' }, json: { status: 429, code: 'rate_limited', title: 'Too many.' } }) : route.fallback()))
  await go('/your-data')
  await page.getByRole('button', { name: 'Prepare the archive' }).click()
  await page.getByRole('status').getByText('it goes on in 40 s').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Save the archive' }).count(), 0)
  await context.clock.runFor(41_000)
  await page.getByRole('link', { name: 'Save the archive' }).waitFor()
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`the archive ready to save, in ${lang}`, async () => {
    const { context, page, go, faults } = await portal.open(gateway({ role: 'provider' }), lang)
    const words = wordsOf('cloud/portal', lang).yourData
    await go('/your-data')
    await page.getByRole('button', { name: words.prepare }).click()
    await page.getByRole('link', { name: words.save }).waitFor()
    await settled(page)
    await keepPicture(page, `portal/your-data-ready-${lang}-light`)
    if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 24), [])
    assert.deepEqual(await losses(page), [])
    await page.emulateMedia({ colorScheme: 'dark' })
    assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
