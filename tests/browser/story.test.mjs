// The product's story on a real platform, told on its screens: a customer publishes, an admin approves and cuts a region
// off, two providers ask for one job, the region heals, and everybody reads why.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { IS_DEEP, poll, pressPair } from './browser.mjs'
import { drawPicture } from './picture.mjs'
import { apiOf } from './platform.mjs'
import { approve, DESK, heading, keep, openStage, publish, seen, SETTLES_AT_ONCE, TABLET } from './scenes.mjs'
import { openWire } from './wire.mjs'

/** A page without a network writes each failed request to the console. */
const OFFLINE = /net::ERR_/
const FAN = { title: 'Bathroom fan hums', details: 'Day and night.', street: '3 Harbour Road', price: '180.00' }
const JOB = { title: 'Kitchen tap drips all night', details: 'About one drop a second.', street: '1 Harbour Road', price: '180.00' }

let platform, play, close

before(async () => {
  ({ platform, play, close } = await openStage(SETTLES_AT_ONCE))
})

after(() => close?.())

/** For the README. They are drawn only when asked for: no two runs draw the same. */
async function picture(page, name, height, shown) {
  if (!process.env.HOLDFAST_PICTURES) return
  for (const locale of ['zh-CN', 'en']) {
    await page.evaluate((locale) => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale, theme: null, elder: false, keys: true })), locale)
    await page.reload()
    await page.locator(shown).waitFor()
    await drawPicture(page, `${name}-${locale}`, height)
  }
}

async function cutNorth(page) {
  await pressPair(page, 'g', 'r')
  await page.getByRole('link', { name: 'Wallboard' }).click()
  const north = page.locator('.tile-of[data-at=NORTH]')
  await page.locator('.tile-of[data-at=NORTH][data-state=up]').waitFor()
  const ask = () => north.getByRole('button', { name: 'Cut for a drill… North' }).click()
  await ask()
  await heading(page, 'Cut North for a drill?')
  await page.keyboard.press('Escape')
  await page.locator('dialog[open]').waitFor({ state: 'detached' })
  assert.equal(await north.getAttribute('data-state'), 'up', 'the question was answered with no')
  await ask()
  await page.locator('dialog[open]').getByRole('button', { name: 'Cut North' }).click()
  await page.locator('.tile-of[data-at=NORTH][data-state=cut]').waitFor()
  await north.getByText(/Drill since/).waitFor()
  await heading(page, '4 of 5 connected')
  await seen(page, 'Cut off and still taking jobs: North')
  await keep(page, '3-wallboard-cut')
  await picture(page, 'wallboard', DESK.height, '.tile-of[data-at=NORTH][data-state=cut]')
}

async function requestJob(page) {
  await heading(page, 'This region is cut off from the cloud')
  const job = page.locator('.job', { hasText: JOB.title })
  await job.getByRole('button', { name: /Request this job/ }).click()
  await job.locator('.truth', { hasText: 'At the regional node' }).waitFor()
  await job.getByText('Do not start yet').waitFor()
  assert.ok(!(await page.content()).includes(JOB.street), 'nobody has decided, so the tablet shows no address')
  await keep(page, '4-requested')
  await picture(page, 'tablet', 720, '.job .truth[data-truth=node]')
}

async function takeJob(page, { id }) {
  await page.getByRole('button', { name: 'Filters' }).click()
  await page.getByLabel('Region', { exact: true }).selectOption('NORTH')
  const job = page.locator('.job', { hasText: JOB.title })
  await job.waitFor()
  await keep(page, '5-available')
  await job.getByRole('button', { name: /Accept/ }).click()
  await page.locator('.toast').getByRole('button', { name: 'Open' }).click()
  await page.waitForURL(`**/jobs/${id}`, { waitUntil: 'commit' })
  await page.locator('.order-head .status', { hasText: 'Accepted' }).waitFor()
  await page.locator('.order-head .truth', { hasText: 'Confirmed' }).waitFor()
  await page.locator('.facts', { hasText: JOB.street }).waitFor()
}

async function healNorth(page) {
  const north = page.locator('.tile-of[data-at=NORTH]')
  // The order in the cloud and the request at the node: nothing was lost on the way.
  await north.getByRole('button', { name: 'Heal North' }).click()
  await page.locator('.tile-of[data-at=NORTH][data-state=up]').waitFor()
  await heading(page, '5 of 5 connected')
  await north.locator('dl div', { hasText: 'Conflicts' }).locator('dd', { hasText: '1' }).waitFor()
  await keep(page, '6-wallboard-healed')
}

async function readLoser(page, code) {
  await page.locator('.banner', { hasText: '1 request came to nothing' }).getByRole('link', { name: 'Read why' }).click()
  await page.locator('.job', { hasText: code }).getByRole('link', { name: 'Read why' }).click()
  await heading(page, 'This job went to another provider')
  await page.locator('.truth', { hasText: 'Needs you' }).waitFor()
  await page.locator('.race-wide svg.race').waitFor()
  await seen(page, 'In North, the first request to reach the cloud gets the job.')
  await seen(page, 'No penalty. Rating and ranking stay as they are.')
  await heading(page, /near you/)
  await keep(page, '7-lost')
  await picture(page, 'lost', 820, '.race-wide svg.race')
  await page.getByRole('button', { name: 'Understood' }).click()
  await page.locator('.job', { hasText: code }).waitFor({ state: 'detached' })
}

async function readDesk(page, code) {
  await pressPair(page, 'g', 'c')
  await page.locator('.cases a', { hasText: code }).click()
  await heading(page, /tapped first, .* reached the cloud first/)
  const race = page.locator('svg.race')
  await race.getByText('applied; the order is theirs from here').waitFor()
  await race.getByText('kept by north-1, receipt signed').waitFor()
  await race.getByText(/waited at north-1 for/).waitFor()
  await seen(page, 'The first to reach the cloud gets it.')
  const evidence = page.locator('table.evidence')
  await evidence.getByText(/north-1, epoch 1, entry \d+/).waitFor()
  await evidence.getByText('provisional').waitFor()
  await keep(page, '8-conflict-desk')
  await picture(page, 'conflict', DESK.height, 'svg.race')
}

test('a region is cut off, two ask for one job, and both read why', () => play(async ({ portal, tablet }) => {
  const [customer, admin] = await Promise.all([portal('customer-north'), portal('admin')])
  const order = await publish(customer, JOB)
  await approve(admin, order)
  // They sign in while the approval can still be undone, and the job appears by itself.
  const [loser, winner] = await Promise.all([tablet('NORTH', 'provider-north'), portal('provider-south')])
  await loser.locator('.job', { hasText: JOB.title }).waitFor()
  await customer.locator('.status', { hasText: 'Open' }).waitFor()

  await cutNorth(admin)
  await requestJob(loser)
  await takeJob(winner, order)
  await customer.locator('.order-head .status', { hasText: 'Accepted' }).waitFor()
  await healNorth(admin)

  await readLoser(loser, order.code)
  await seen(winner, 'You accepted')
  await seen(winner, 'Another request came and changed nothing')
  await keep(winner, '9-winner')
  await seen(customer, 'A provider accepted')
  await seen(customer, /Another request came/)
  await keep(customer, '10-customer')
  await readDesk(admin, order.code)
}))

/** In whole units. The demo's jobs have brought something in before. */
async function balanceOf(provider) {
  const { items } = await (await apiOf(platform, provider)).get('/earnings')
  return items.reduce((sum, { available }) => sum + Number(available), 0)
}

test('a job is paid by a double click, done, and its money told to everybody to the cent', () => play(async ({ portal }) => {
  const [customer, admin, provider] = await Promise.all([portal('customer-north'), portal('admin'), portal('provider-north')])
  const order = await publish(customer, FAN)
  await approve(admin, order)
  // A page that goes sends its decisions.
  await admin.goto(`${platform.gateway}/money?view=order`)
  const offer = provider.locator('.job', { hasText: FAN.title })
  await offer.getByRole('button', { name: /Accept/ }).click()
  await provider.locator('.toast').getByRole('button', { name: 'Open' }).click()
  await provider.getByText("Work starts once the customer's payment is held").waitFor()

  const pay = customer.getByRole('button', { name: 'Pay ¥180.00' })
  await pay.waitFor()
  await keep(customer, '12-pay')
  await pay.dblclick()
  await heading(customer, 'Held for you')
  await seen(customer, 'You paid ¥180.00')
  await keep(customer, '13-held')

  await provider.getByRole('button', { name: 'Start', exact: true, disabled: false }).click()
  const before = await balanceOf('provider-north')
  await provider.getByRole('button', { name: 'Complete this job', disabled: false }).click()
  await heading(customer, 'Paid to the provider')
  await seen(provider, '¥162.00 is yours, after the fee of ¥18.00')
  await provider.getByRole('link', { name: 'Earnings' }).click()
  const balance = (before + 162).toLocaleString('en', { minimumFractionDigits: 2 })
  await provider.locator('.totals > div', { hasText: 'In your balance' }).getByText(`¥${balance}`, { exact: true }).waitFor()
  await provider.getByRole('link', { name: "This month's statement" }).click()
  const line = provider.locator('.statement tbody tr', { hasText: order.code })
  for (const sum of ['¥18.00', '¥162.00']) await line.getByText(sum, { exact: true }).first().waitFor()
  await keep(provider, '14-statement')

  await admin.getByLabel('Code of the order, or an id').fill(order.code)
  await admin.keyboard.press('Enter')
  await heading(admin, `The books of ${order.code}`)
  await seen(admin, 'Balanced: the sum is zero')
  assert.equal(await admin.getByRole('table', { name: 'Payments' }).locator('tbody tr').count(), 1, 'two clicks paid once')
  await keep(admin, '15-books')
}))

/** As many as a morning brings in a deep run. */
const WAITING = IS_DEEP ? 50 : 16

test('waiting orders are approved by keyboard, undo undoes, and two admins do not collide', () => play(async ({ portal }) => {
  const api = await apiOf(platform, 'customer-east')
  const shelf = (n) => ({ title: `Shelf ${n}`, description: 'Hang it level.', service_type: 'cleaning_repair', price: '90.00', location: 'EAST', address: `${n} Mill Lane` })
  const published = await Promise.all(Array.from({ length: WAITING }, (_, n) => api.post('/orders', shelf(n + 1))))
  const ids = published.map(({ order_id }) => order_id)
  const [one, other] = await Promise.all([portal('admin'), portal('admin-two')])
  const rowsAre = async (page, count) => {
    await page.waitForFunction((count) => document.querySelectorAll('tbody tr').length === count, count)
  }
  for (const page of [one, other]) {
    await page.goto(`${platform.gateway}/approvals?q=Shelf`)
    await rowsAre(page, WAITING)
  }

  const left = WAITING - 9
  for (let n = 0; n < 10; n += 1) await one.keyboard.press('a')
  await rowsAre(one, left - 1)
  await one.keyboard.press('u')
  await rowsAre(one, left)
  const selectAll = async () => {
    for (let n = 0; n < left; n += 1) await one.keyboard.press('k')
    await one.keyboard.press('x')
    for (let n = 1; n < left; n += 1) await one.keyboard.press('j')
    await one.keyboard.press('X')
    await seen(one, `${left} selected`)
  }
  await selectAll()
  await one.keyboard.press('A')
  await seen(one, `${left} approved.`)
  await rowsAre(one, 0)
  await one.keyboard.press('u')
  await rowsAre(one, left)

  // The others have left by themselves, and the second admin sees them go.
  await rowsAre(other, left)
  const disputed = await other.locator('tbody tr').last().getAttribute('data-row')
  for (let n = 0; n < left; n += 1) await other.keyboard.press('j')
  await other.locator(`[data-row="${disputed}"][aria-current]`).waitFor()
  await selectAll()
  await other.keyboard.press('r')
  await heading(other, /why\?$/)
  await other.keyboard.press('3')
  await seen(other, '1 rejected.')
  await one.keyboard.press('A')
  await seen(one, `${left} approved.`)
  const told = (page) => page.getByRole('alert').filter({ hasText: 'was not decided here' }).waitFor()
  await Promise.any([told(one), told(other)])
  await Promise.all([one, other].map((page) => rowsAre(page, 0)))
  await keep(one, '11-all-approved')

  const orders = await Promise.all(ids.map((id) => api.get(`/orders/${id}`)))
  for (const order of orders) {
    assert.equal(order.version, 2, `${order.code} was decided once`)
    assert.ok(order.status === 'pending' || (order.status === 'rejected' && order.id === disputed), `${order.code} is ${order.status}`)
  }
}, /status of 400.*\/(approve|reject)$/))

test('a page whose stream was cut misses nothing of the time without it', async () => {
  const wire = await openWire()
  await play(async ({ portal }) => {
    const api = await apiOf(platform, 'customer-west')
    const admin = await portal('admin', { proxy: wire.proxy })
    const order = (n) => ({ title: `Lamp ${n}`, description: 'It flickers.', service_type: 'cleaning_repair', price: '60.00', location: 'WEST', address: `${n} Lake Street` })
    const rows = admin.locator('tbody tr')
    await admin.goto(`${platform.gateway}/approvals?q=Lamp`)
    await heading(admin, /to approve|Approvals/)
    await api.post('/orders', order(0))
    await rows.nth(0).waitFor()

    assert.ok(wire.carried() > 0)
    wire.cut()
    await Promise.all(Array.from({ length: 20 }, (_, n) => api.post('/orders', order(n + 1))))
    assert.equal(await rows.count(), 1, 'nothing came while it was cut')
    wire.heal()
    await rows.nth(20).waitFor()
    assert.equal(await rows.count(), 21)
  }, OFFLINE)
  await wire.close()
})

test('a provider hands in a certificate, and an admin verifies it', () => play(async ({ portal }) => {
  await platform.register('provider-new', 'provider')
  // The profile follows the account by an event.
  const own = await apiOf(platform, 'provider-new')
  await poll(() => own.get('/users/me/profile'))
  const provider = await portal('provider-new')
  await provider.locator('.who').click()
  await provider.getByRole('link', { name: 'Profile', exact: true }).click()
  await heading(provider, 'Your name and number are missing')
  await provider.fill('#full_name', 'Sun Lihua')
  await provider.fill('#phone_number', '+86 138-0013-8000')
  await provider.locator('.tile', { hasText: 'Life and health' }).click()
  await provider.locator('.tile', { hasText: 'South' }).click()
  await provider.getByRole('button', { name: 'Keep the changes', exact: true }).click()
  await heading(provider, 'Your name and number are missing', 'detached')
  assert.equal(await provider.inputValue('#phone_number'), '+8613800138000')
  await provider.getByRole('link', { name: 'Certificates' }).click()
  await provider.getByRole('button', { name: 'Add a certificate' }).click()
  await provider.fill('#name-0', 'Care worker, level 4')
  await provider.fill('#number-0', '2024-44-118203')
  await provider.fill('#issuer-0', 'City of South')
  await provider.getByRole('button', { name: 'Keep the changes', exact: true }).click()
  await provider.getByRole('button', { name: 'Hand in to be verified', disabled: false }).click()
  await heading(provider, 'Waits for verification')
  await keep(provider, '12-handed-in')

  const admin = await portal('admin')
  // Until the first page stands, its own arrival would take the place of the one asked for.
  await heading(admin, /waits? for a person/)
  await pressPair(admin, 'g', 'p')
  await heading(admin, '1 to verify')
  await heading(admin, 'Sun Lihua')
  await keep(admin, '13-verify')
  await admin.keyboard.press('a')
  await admin.locator('dialog[open] :focus').waitFor()
  await admin.keyboard.type('Seen in person')
  await admin.locator('dialog[open]').getByRole('button', { name: 'Verify' }).click()
  await heading(admin, 'No provider is waiting to be verified')
  await provider.reload()
  await heading(provider, 'Verified')
  await seen(provider, 'Seen in person')

  const api = await apiOf(platform, 'customer-south')
  const { user_id } = await provider.evaluate(() => fetch('/api/v1/users/me/profile').then((answer) => answer.json()))
  const shown = await api.get(`/providers/${user_id}/profile`)
  assert.deepEqual([shown.full_name, shown.verified, shown.phone_number, shown.certifications], ['Sun Lihua', true, undefined, undefined])
}))

test('each surface refuses the other roles by page, by interface and by deep link', () => play(async ({ portal, open }) => {
  const north = platform.edges.NORTH.http
  for (const username of ['customer-north', 'admin']) {
    const tablet = await open(username, TABLET)
    await tablet.goto(`${north}/queue`)
    await tablet.waitForURL('**/sign-in')
    await tablet.fill('#name', username)
    await tablet.fill('#password', platform.passwordOf(username))
    await tablet.click('button[type=submit]')
    await tablet.locator('.banner', { hasText: 'provider' }).waitFor()
    await tablet.goto(`${north}/jobs`)
    await tablet.waitForURL('**/sign-in')
  }
  const refused = [['customer-north', '/admin/status', '/admin/orders', '/orders/available'], ['provider-north', '/admin/status', '/admin/edges']]
  for (const [username, ...paths] of refused) {
    const api = await apiOf(platform, username)
    for (const path of paths) await assert.rejects(api.get(path), /answers 403/, `${username} ${path}`)
  }
  for (const [username, path] of [['customer-north', '/approvals'], ['provider-north', '/regions/wall'], ['admin', '/publish/1']]) {
    const page = await portal(username)
    await page.goto(platform.gateway + path)
    await heading(page, 'This page is not for you')
  }
}, /status of 40[13]/))
