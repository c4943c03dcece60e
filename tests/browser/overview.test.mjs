// The first page of an admin, over a gateway that answers from memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAGE_LANGUAGES, poll, pressPair, settled, tabTo } from './browser.mjs'
import { at, gateway, id, NOW, orderOf, PASSWORD, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'
import { alarmOf } from './trends.answers.mjs'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

const rows = (page) => page.locator('.waits li').evaluateAll((all) => all.map((row) => [row.querySelector('.money').textContent, row.querySelector('a').textContent]))
const asked = (state, path) => state.asked.filter((one) => one.path === path).length
const from = (minutes) => new Date(NOW + minutes * 60_000).toISOString()
/** What a chart says, column by column. */
const sentences = (page, heading) => page.locator('section', { has: page.getByRole('heading', { name: heading }) }).locator('.columns .hush').allInnerTexts()
/** A platform on which no one has to do anything. */
const QUIET = { deskCases: [], providers: [], boxes: [], missing: [], asks: [], cases: [], east: {}, reviews: [] }

test('an admin begins with what waits, late ones first, and asks each desk once', async () => {
  const soon = orderOf(7, { service_start_time: from(60), service_end_time: from(120), created_at: from(-10) })
  const state = gateway({ role: null, orders: [orderOf(1), orderOf(2, { payment_status: 'held' }), soon] })
  const { context, page, go, faults } = await portal.open(state)
  await go('/')
  await page.getByLabel('User name').fill(PEOPLE.admin.username)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/overview')
  await page.getByRole('heading', { level: 1, name: 'Saturday, November 21' }).waitFor()
  await settled(page)
  assert.deepEqual(await rows(page), [
    ['3', 'Approvals'], ['3', 'Providers to verify'], ['2', 'Money cases'], ['2', 'Refunds asked for'], ['1', 'Conflicts for a person'], ['1', 'Reviews reported'], ['2', 'Regions and nodes'], ['2+', 'Dead letters'],
  ])
  await page.getByText('1 begins within two hours or is over').waitFor()
  await page.getByRole('status').filter({ hasText: 'At least 16 things wait for a person. 1 job begins within two hours' }).waitFor()
  for (const path of ['/admin/cases', '/admin/verifications', '/admin/reviews', '/admin/refunds', '/admin/money-cases', '/admin/letters', '/admin/status']) assert.equal(asked(state, path), 1, path)
  const lists = state.asked.filter(({ path }) => path === '/admin/orders').map(({ query }) => query)
  assert.deepEqual(lists.map(({ status, from }) => status ?? from).sort(), ['2026-11-21T00:00:00.000Z', 'pending_review'])
  assert.equal(state.changes().filter(({ path }) => path !== '/session').length, 0)

  const published = page.locator('.stats > div', { hasText: 'Published today' })
  assert.match(await published.innerText(), /¥720\.00\s+4 orders/)
  assert.match(await page.locator('.stats > div', { hasText: 'Of these, paid' }).innerText(), /¥180\.00\s+1 order$/)
  const hours = await sentences(page, 'Jobs published today, by hour')
  assert.deepEqual([hours.length, hours[9], hours[10]], [11, 'From 09:00: 3 jobs', 'From 10:00: 1 job'])
  const days = await sentences(page, 'Orders, the last 14 days')
  assert.deepEqual([days.length, days[12], days[13]], [14, 'Nov 20: 36 published, 36 completed', 'Nov 21, so far: 39 published, 36 completed'])
  const cutOffs = await sentences(page, 'Minutes cut off, the last 14 days')
  assert.deepEqual([cutOffs.length, cutOffs[10], cutOffs[13]], [14, 'Nov 18: 60 minutes', 'Nov 21, so far: 0 minutes'])
  assert.equal(await page.locator('#main .columns [data-part]').count(), 3)

  const region = page.locator('.lags li', { hasText: 'North' })
  assert.match(await region.innerText(), /Drill since 10:38\s+lag 14 min\s+38 waiting/)
  await tabTo(page, page.getByRole('link', { name: 'Approvals' }).last())
  await page.keyboard.press('Enter')
  await page.waitForURL('**/approvals')
  await pressPair(page, 'g', 'h')
  await page.waitForURL('**/overview')
  await published.getByRole('link').click()
  await page.waitForURL('**/orders?from=2026-11-21')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a desk that does not answer keeps its last number with its age, and the others go on', async () => {
  const state = gateway()
  state.missing = []
  const { context, page, go } = await portal.open(state)
  await go('/overview')
  assert.equal((await rows(page)).length, 8)
  await page.getByRole('status').filter({ hasText: '18 things wait for a person.' }).filter({ hasNotText: 'At least' }).waitFor()
  state.silent = ['/admin/money-cases', '/admin/status', '/admin/orders', '/admin/orders/days']
  state.deskCases.push({ ...state.deskCases[0], id: 3 })
  await page.getByRole('button', { name: 'Ask again' }).click()
  const row = (name) => page.locator('.waits li', { hasText: name })
  await row('Money cases').getByText('Does not answer; as of 10:52').waitFor()
  await row('Regions and nodes').getByText('Does not answer; as of 10:52').waitFor()
  assert.equal(await row('Money cases').locator('.money').innerText(), '2')
  assert.equal(await row('Conflicts for a person').locator('.money').innerText(), '2')
  await page.getByRole('heading', { name: 'Not everything here is up to date' }).waitFor()
  await page.getByText('Not answering: Approvals, Money cases, Regions and nodes.').waitFor()
  await page.locator('.card', { hasText: 'Regions: links and lag' }).getByText('It is shown as of 10:52').waitFor()
  const money = page.locator('section', { has: page.getByRole('heading', { name: 'Money today' }) })
  await money.getByText('It is shown as of 10:52').waitFor()
  await money.getByText('¥1,080.00').waitFor()
  const trend = page.locator('section', { has: page.getByRole('heading', { name: 'Orders, the last 14 days' }) })
  await trend.getByText('It is shown as of 10:52').waitFor()
  assert.equal(await trend.locator('.columns li').count(), 14)

  // Whoever opens it now reads that a number is missing, and not that nothing waits there.
  await page.reload()
  await row('Money cases').getByText('Does not answer').waitFor()
  assert.equal(await row('Money cases').locator('.money').innerText(), '–')
  await page.getByRole('status').filter({ hasText: /^At least \d+ things wait/ }).waitFor()

  state.silent = []
  await page.getByRole('button', { name: 'Ask again' }).click()
  await poll(async () => assert.equal(await row('Money cases').locator('.money').innerText(), '2'))
  await page.getByRole('heading', { name: 'Not everything here is up to date' }).waitFor({ state: 'detached' })
  await context.close()
})

test('news in the inbox of the admins has the desks asked anew, and the others not', async () => {
  const state = gateway()
  state.stream += 'event: inbox\ndata: {"unread":2,"newest":null}\n\n'
  const { context, page, go, faults } = await portal.open(state)
  await go('/overview')
  for (const path of ['/admin/verifications', '/admin/reviews', '/admin/refunds', '/admin/money-cases']) await poll(() => assert.equal(asked(state, path), 2, path))
  await settled(page)
  for (const path of ['/admin/status', '/admin/letters', '/admin/cases']) assert.equal(asked(state, path), 1, path)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an alarm in the inbox leads to its node, and only alarms can be pushed to an admin', async () => {
  const state = gateway()
  state.alarms = [alarmOf({ id, at })]
  const { context, page, go, faults } = await portal.open(state)
  await go('/inbox')
  await page.getByRole('link', { name: 'Alarm about a node' }).click()
  await page.waitForURL('**/edges?edge=east-1')
  await go('/inbox')
  await page.getByRole('link', { name: 'Notices and quiet hours' }).click()
  const kinds = page.getByRole('group', { name: 'Push to my devices news of' }).getByRole('checkbox')
  assert.equal(await kinds.count(), 1)
  await page.getByLabel('Alarms of the platform').check()
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByText('Confirmed: your wishes are kept.').waitFor()
  assert.deepEqual(state.changes().at(-1).body.kinds, [{ kind: 'alarms', channels: ['push'] }])

  state.permissions = ['read_desks', 'approve_orders']
  await go('/inbox')
  await settled(page)
  assert.equal(await page.getByRole('link', { name: 'Notices and quiet hours' }).count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`where nothing waits the overview says so in ${lang}`, async () => {
    const { overview } = wordsOf('cloud/portal', lang)
    const state = Object.assign(gateway({ orders: [] }), QUIET)
    state.trends = { published: 0, minutes: 0 }
    const { context, page, go, faults } = await portal.open(state, lang)
    await go('/overview')
    await page.getByRole('heading', { name: overview.through }).waitFor()
    await page.getByText(overview.none, { exact: true }).waitFor()
    await page.getByText(overview.trend.noOrdersWhy).waitFor()
    await page.getByText(overview.trend.noCutOffsWhy).waitFor()
    assert.deepEqual(await rows(page), [])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}

test('an admin of less sees only what their role reads, and begins at a page of theirs', async () => {
  const state = gateway()
  state.permissions = ['read_desks', 'approve_orders']
  const { context, page, go, faults } = await portal.open(state)
  await go('/')
  await page.waitForURL('**/overview')
  await settled(page)
  assert.deepEqual((await rows(page)).map(([, name]) => name).sort(), ['Approvals', 'Conflicts for a person', 'Money cases', 'Refunds asked for'])
  assert.equal(await page.getByRole('heading', { name: 'Regions: links and lag' }).count(), 0)
  assert.equal(await page.getByRole('heading', { name: 'Minutes cut off, the last 14 days' }).count(), 0)
  for (const path of ['/admin/verifications', '/admin/reviews', '/admin/letters', '/admin/status', '/admin/cut-offs/days']) assert.equal(asked(state, path), 0, path)

  state.permissions = ['verify_providers', 'read_people']
  await go('/')
  await page.waitForURL('**/providers')
  assert.equal(await page.locator('.top .brand').getAttribute('href'), '/providers')
  await go('/overview')
  assert.deepEqual((await rows(page)).map(([, name]) => name), ['Providers to verify'])
  state.permissions = ['read_people']
  await go('/overview')
  await page.getByRole('heading', { name: 'Nothing here is part of your role' }).waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})
