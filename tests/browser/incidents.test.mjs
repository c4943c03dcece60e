// A provider reports what happened at a job, also out of the node's reach, and the customer answers more work.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets } from './browser.mjs'
import { order as jobOf } from './edge.mjs'
import { DONE, gateway, orderOf, PEOPLE } from './portal.answers.mjs'
import { startPortal } from './portal.mjs'
import { playSignedIn } from './tablet.mjs'

const JOB = jobOf(14).id
const TAPPED = '2026-11-21T10:40:00.000Z'
const REPORT = '0193a1c2-0000-7000-8000-000000000801'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

test('a report out of reach waits on the tablet, and the job goes on as before', () => playSignedIn(async ({ state, edge, page }) => {
  state.isAway = true
  await page.goto(`${edge.url}/jobs/${JOB}`)
  await page.getByRole('link', { name: 'Something happened' }).click()
  await page.getByRole('button', { name: 'Send the report' }).click()
  await page.getByText('Choose what happened.').waitFor()
  await page.getByRole('radio', { name: 'More work' }).check()
  await page.getByRole('button', { name: 'Send the report' }).click()
  await page.getByText('Type a price above zero').waitFor()
  await page.getByLabel('Price of the extra work').fill('80')
  await page.getByLabel(/In your words/).fill('The valve is worn.')
  await page.getByRole('button', { name: 'Send the report' }).click()
  await page.waitForURL(`**/jobs/${JOB}`)
  const report = page.locator('main li', { hasText: 'The valve is worn.' })
  await report.locator('.truth[data-truth=tablet]').waitFor()
  await report.getByText('¥80.00').waitFor()
  await page.locator('header .truth[data-truth=confirmed]').waitFor()
  await page.getByRole('link', { name: 'Complete this job' }).waitFor()

  state.isAway = false
  await report.locator('.truth[data-truth=confirmed]').waitFor()
  const [{ body }] = state.frames
  assert.deepEqual(body, { type: 'report_incident', order_id: JOB, kind: 'more_work', note: 'The valve is worn.', extra_price: '80.00' })
}))

for (const lang of PAGE_LANGUAGES) {
  test(`the page of a report in ${lang}`, () => playSignedIn(async ({ edge, page, context }) => {
    await page.evaluate((locale) => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale, theme: null, elder: false, keys: true })), lang)
    await page.goto(`${edge.url}/jobs/${JOB}/incident`)
    await page.locator('.tile').nth(2).click()
    await settled(page)
    await keepPicture(page, `app/incident-${lang}-light`)
    if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 48), [])
    assert.deepEqual(await losses(page), [])
  }))
}

const AGREED = [[REPORT, true]]

/** The page of an order whose provider proposed more work; `said` are the answers that the gateway heard. */
async function openOrder(role, { status = 'in_progress', said = [] } = {}) {
  const job = orderOf(62, { status, payment_status: 'held', provider_id: PEOPLE.provider.user_id, version: 5 })
  const state = gateway({ role, orders: [job] })
  const opened = await portal.open(state)
  const provider = { user_id: PEOPLE.provider.user_id, role: 'provider' }
  const step = {
    version: 5, actor: provider, from: 'in_progress', to: 'in_progress', code: null, reason: null, source: 'north-1', edge: 'north-1', epoch: 7, seq: 9,
    command_id: REPORT, action: 'report', hops: { tapped_at: TAPPED, edge_at: TAPPED, cloud_at: TAPPED }, verdict: 'provisional',
  }
  const steps = [{ ...step, reason: 'The valve is worn.', incident: { kind: 'more_work', extra_price: '80.00' } }]
  const customer = { user_id: PEOPLE.customer.user_id, role: 'customer' }
  const addAnswer = (agreed) => steps.push({ ...step, version: 6, actor: customer, action: 'answer', command_id: REPORT.replace('801', '802'), incident_answer: { incident: REPORT, agreed } })
  for (const [, agreed] of said) addAnswer(agreed)
  const { context } = opened
  await context.route('**/api/v1/orders/*/timeline', (route) => route.fulfill({ json: { items: steps } }))
  await context.route('**/api/v1/orders/*/incidents/*/answer', (route) => {
    const { agreed } = route.request().postDataJSON()
    said.push([route.request().url().split('/').at(-2), agreed])
    addAnswer(agreed)
    job.version += 1
    return route.fulfill({ json: { order_id: DONE, status, provider_id: provider.user_id, message: 'Answer sent to the provider.', order: {} } })
  })
  await opened.go(`/${role === 'provider' ? 'jobs' : 'orders'}/${DONE}`)
  return { ...opened, said, state }
}

test('a customer agrees to more work, and is led to the order that pays it', async () => {
  const { context, page, said, faults } = await openOrder('customer')
  const card = page.locator('.card', { hasText: 'Your provider proposes more work' })
  await card.getByText('The valve is worn.').waitFor()
  await card.getByText('¥80.00').waitFor()
  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  await card.getByRole('button', { name: 'Agree', exact: true }).click()
  await page.getByText('You agreed to more work for ¥80.00').waitFor()
  assert.deepEqual(said, [[REPORT, true]])
  await page.getByText('Pay it as an order of its own.').waitFor()
  await page.getByRole('button', { name: 'Publish that order' }).click()
  await page.waitForURL('**/publish/1')
  await poll(async () => assert.match(await page.locator('#title').inputValue(), /^More work: /))
  assert.deepEqual(faults(), [])
  await context.close()
})

async function publishMore(page) {
  await page.getByRole('button', { name: 'Publish that order' }).click()
  await page.waitForURL('**/publish/1')
  await page.getByRole('button', { name: 'Next: where and when' }).click()
  await page.getByRole('button', { name: 'Next: price' }).click()
  await page.getByRole('button', { name: 'Publish for approval' }).click()
}

test('the order of agreed work is published under one id, and a draft that was sent is not stuck', async () => {
  const { context, page, go, state } = await openOrder('customer', { said: AGREED })
  await publishMore(page)
  await page.waitForURL('**/orders/*')
  await go(`/orders/${DONE}`)
  await publishMore(page)
  await page.waitForURL('**/orders/*')
  await go(`/orders/${DONE}`)
  const refuse = (route) => route.fulfill({ status: 409, json: { code: 'command_id_reused', status: 409, title: 'The id was used.' } })
  await context.route('**/api/v1/orders', (route) => (route.request().method() === 'POST' ? refuse(route) : route.fallback()), { times: 1 })
  await publishMore(page)
  await page.getByText('This draft was sent before').waitFor()
  await page.getByRole('button', { name: 'Publish for approval' }).click()
  await page.waitForURL('**/orders/*')
  const ids = state.changes().filter(({ path }) => path === '/orders').map(({ headers }) => headers['idempotency-key'])
  assert.equal(ids.length, 3, 'the scripted refusal is not among them')
  assert.equal(ids[1], ids[0])
  assert.notEqual(ids[2], ids[0])
  await context.close()
})

test('agreed work of a cancelled order is not published', async () => {
  const { context, page } = await openOrder('customer', { status: 'cancelled', said: AGREED })
  await page.getByText('You agreed to more work').first().waitFor()
  assert.equal(await page.getByRole('button', { name: 'Publish that order' }).count(), 0)
  await context.close()
})

test('a browser that keeps no draft says so, and not that another draft is open', async () => {
  const { context, page } = await openOrder('customer', { said: AGREED })
  await page.evaluate(() => { window.IDBFactory.prototype.open = () => { throw new DOMException('none', 'InvalidStateError') } })
  await page.getByRole('button', { name: 'Publish that order' }).click()
  await page.getByText('This browser keeps no draft now').waitFor()
  await page.waitForURL('**/publish/1')
  assert.equal(await page.getByText('A draft that you began before').count(), 0)
  await context.close()
})

test('a customer does not agree, and is not asked again', async () => {
  const { context, page, said } = await openOrder('customer')
  await page.getByRole('button', { name: 'Do not agree' }).click()
  await page.getByText('You did not agree to more work').waitFor()
  assert.deepEqual(said, [[REPORT, false]])
  assert.equal(await page.getByRole('button', { name: 'Agree', exact: true }).count(), 0)
  await context.close()
})

for (const role of ['provider', 'admin']) {
  test(`the ${role} reads a report in the history, and answers none`, async () => {
    const { context, page } = await openOrder(role)
    await page.getByText(role === 'provider' ? 'You reported: More work, for ¥80.00' : 'The provider reports: More work, for ¥80.00').waitFor()
    await page.getByText('The valve is worn.').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Agree', exact: true }).count(), 0)
    await context.close()
  })
}
