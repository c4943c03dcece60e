// What is the reader's to do stands above their list of orders.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, settled, smallTargets, tabTo } from './browser.mjs'
import { gateway, orderOf, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const held = { payment_status: 'held', provider_id: PEOPLE.provider.user_id }
const unpaid = { payment_status: 'unpaid', provider_id: PEOPLE.provider.user_id }
const REPORT = '0193a1c2-0000-7000-8000-000000000801'
const TOMORROW = '2026-11-22T09:00:00.000Z'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

const duties = (page, title = 'Yours to do') => page.getByRole('region', { name: title })
/** Each line's code, and its link. */
async function linesOf(page) {
  const lines = await duties(page).getByRole('listitem').all()
  return Promise.all(lines.map(async (line) => [await line.locator('.code').innerText(), (await line.getByRole('link').innerText()).split('\n')[0].trim(), await line.getByRole('link').getAttribute('href')]))
}

/** The order of number 2 has a report of more work; `answers` are those that its history has. */
async function withReport(context, answers) {
  const { id } = orderOf(2)
  const step = (version, change) => ({ version, action: 'report', from: 'in_progress', to: 'in_progress', code: null, reason: null, hops: { tapped_at: null, edge_at: null, cloud_at: '2026-11-21T10:40:00.000Z' }, source: 'portal', edge: null, epoch: null, seq: null, verdict: null, payment_status: null, ...change })
  await context.route(`**/api/v1/orders/${id}/timeline`, (route) => route.fulfill({ json: { items: [
    step(3, { actor: PEOPLE.provider, command_id: REPORT, incident: { kind: 'more_work', extra_price: '60.00' } }), ...answers.map((agreed) => step(4, { action: 'answer', actor: PEOPLE.customer, command_id: 'a', incident_answer: { incident: REPORT, agreed } })),
  ] } }))
  await context.route('**/api/v1/notifications?*', (route) => route.fulfill({ json: { items: [{ id: 'n', event_id: 'e', type: 'order.incident_reported', kind: 'order_update', order_id: id, location: 'NORTH', counterpart: null, title: 'News', content: '', match_reasons: [], is_read: true, created_at: '2026-11-21T10:40:00.000Z' }], next: null, unread: 0 } }))
}
const CUSTOMERS = [orderOf(1, { status: 'completed', ...held }), orderOf(2, { status: 'in_progress', ...held }), orderOf(3, { status: 'pending' }), orderOf(4, { status: 'reviewed', ...held })]

test('a customer answers, pays and reviews, one line for each order that waits for them', async () => {
  const state = gateway({ role: 'customer', orders: CUSTOMERS })
  const { context, page, go, faults } = await portal.open(state)
  const answers = []
  await withReport(context, answers)
  await go('/orders')
  assert.deepEqual(await linesOf(page), [
    ['N-7F3K02', 'Answer', `/orders/${orderOf(2).id}`],
    ['N-7F3K60', 'Pay ¥180.00', `/orders/${orderOf(60).id}`],
    ['N-7F3K01', 'Review the work', `/orders/${orderOf(1).id}`],
  ])
  const link = duties(page).getByRole('link', { name: 'Answer' })
  await tabTo(page, link)
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/orders/${orderOf(2).id}`)
  await page.getByRole('heading', { name: 'Your provider proposes more work' }).waitFor()

  answers.push(true)
  await go('/orders')
  assert.deepEqual((await linesOf(page)).map(([, act]) => act), ['Pay ¥180.00', 'Review the work'], 'what is answered waits no more')
  await page.getByRole('link', { name: 'Reviewed', exact: true }).click()
  await page.waitForURL('**/orders?status=reviewed')
  await duties(page).waitFor({ state: 'detached' })
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a customer of whom nothing is asked sees no such section, and a region that is paid afterwards asks for nothing yet', async () => {
  const state = gateway({ role: 'customer', orders: [orderOf(3, { status: 'pending' })], own: { status: 'accepted', ...unpaid } })
  state.paidAfterwards = [{ region: 'NORTH', service_types: ['cleaning_repair'] }]
  const { context, page, go } = await portal.open(state)
  await go('/orders')
  await page.locator('.jobs .job').nth(1).waitFor()
  assert.equal(await duties(page).count(), 0)
  assert.equal(state.asked.filter(({ path }) => path.endsWith('/timeline')).length, 0, 'no history is read for it')
  await context.close()
})

test('a provider starts what is for today and completes what has begun', async () => {
  const orders = [
    orderOf(1, { status: 'accepted', ...held }), orderOf(2, { status: 'accepted', ...held, service_start_time: TOMORROW }), orderOf(3, { status: 'accepted', ...held, service_start_time: null }),
    orderOf(4, { status: 'in_progress', ...held }), orderOf(5, { status: 'completed', ...held }),
  ]
  const { context, page, go, faults } = await portal.open(gateway({ role: 'provider', orders, own: { ...unpaid } }))
  await go('/jobs')
  assert.deepEqual(await linesOf(page), [
    ['N-7F3K04', 'Complete this job', `/jobs/${orderOf(4).id}`],
    ['N-7F3K01', 'Start', `/jobs/${orderOf(1).id}`],
  ])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('of many the first five are shown, and the others on request', async () => {
  const orders = Array.from({ length: 8 }, (_, n) => orderOf(n + 1, { status: 'completed', ...held }))
  const { context, page, go } = await portal.open(gateway({ role: 'customer', orders, own: { status: 'pending' } }))
  await go('/orders')
  const lines = duties(page).getByRole('listitem')
  assert.equal(await lines.count(), 5)
  await page.getByRole('button', { name: 'Show all 8' }).click()
  await lines.nth(7).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Show all 8' }).count(), 0)
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`what is to do, in ${lang}`, async () => {
    const { context, page, go, faults } = await portal.open(gateway({ role: 'customer', orders: CUSTOMERS }), lang)
    await withReport(context, [])
    await go('/orders')
    await duties(page, wordsOf('cloud/portal', lang).todo.title).waitFor()
    await settled(page)
    await keepPicture(page, `portal/duties-${lang}-light`)
    if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 24), [])
    assert.deepEqual(await losses(page), [])
    await page.emulateMedia({ colorScheme: 'dark' })
    assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
