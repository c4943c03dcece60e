// One of the two people of an accepted order proposes another time on its page, and the other one answers it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo } from './browser.mjs'
import { gateway, orderOf, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const ORDER = orderOf(60)
const PROPOSAL = `/orders/${ORDER.id}/time-proposal`
const ID = '0193a1c2-0000-7000-8000-000000000901'
/** A Monday, on which the provider works. */
const at = (time) => `2026-11-23T${time}:00.000Z`
const standing = (by, change) => ({ id: ID, by, service_start_time: at('14:00'), service_end_time: at('16:00'), note: '我那天要开会。', proposed_at: at('09:00'), ...change })
const taken = { status: 'accepted', provider_id: PEOPLE.provider.user_id, payment_status: 'held' }

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

async function openOrder(role, change = {}, { orders = [], own = {}, lang = 'en' } = {}) {
  const state = Object.assign(gateway({ role, orders, own }), change)
  const opened = await portal.open(state, lang)
  await opened.go(`/${role === 'provider' ? 'jobs' : 'orders'}/${ORDER.id}`)
  const { title } = wordsOf('cloud/portal', lang).otherTime
  const card = opened.page.locator('.card').filter({ has: opened.page.getByRole('heading', { name: title, exact: true }) })
  return { ...opened, state, card }
}
const changes = (state) => state.changes().map(({ method, path, body }) => [method, path, body])

test('a customer proposes another time by keyboard, and takes it back', async () => {
  const { context, page, state, card, faults } = await openOrder('customer')
  await tabTo(page, card.getByRole('button', { name: 'Propose another time' }))
  await page.keyboard.press('Enter')
  const day = card.getByLabel('Day')
  await poll(async () => assert.equal(await day.evaluate((field) => field === document.activeElement), true))
  assert.equal(await day.inputValue(), '2026-11-21', 'it begins with the present time')
  await card.getByRole('button', { name: 'Propose this time' }).click()
  await card.getByText('The order has this time already.').waitFor()
  await card.getByLabel('Start').fill('10:00')
  await card.getByRole('button', { name: 'Propose this time' }).click()
  await card.getByText('Choose a time that lies ahead.').waitFor()
  await day.fill('2026-11-23')
  await card.getByLabel('Start').fill('14:00')
  await card.getByLabel(/^End/).fill('13:00')
  await card.getByRole('button', { name: 'Propose this time' }).click()
  await card.getByText('The end must be after the start.').waitFor()
  assert.deepEqual(changes(state), [])
  await card.getByLabel(/^End/).fill('16:00')
  await card.getByLabel(/^Note/).fill(' My train comes later. ')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await card.getByText('You propose Mon, Nov 23, 14:00').waitFor()
  await card.getByText('My train comes later.').waitFor()
  assert.deepEqual(changes(state), [['POST', PROPOSAL, { service_start_time: at('14:00'), service_end_time: at('16:00'), note: 'My train comes later.' }]])
  assert.equal(await card.getByRole('button', { name: 'Agree', exact: true }).count(), 0)
  await card.getByRole('button', { name: 'Take it back' }).click()
  await card.getByText('Propose another one.').waitFor()
  assert.deepEqual(changes(state).at(-1), ['DELETE', PROPOSAL, null])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the other one reads both times, agrees, and the order has the new one', async () => {
  const { context, page, state, card, faults } = await openOrder('provider', { proposal: standing('customer') })
  await card.getByText('林小梅 proposes Mon, Nov 23, 14:00').waitFor()
  await card.locator('s', { hasText: 'Sat, Nov 21, 14:00' }).waitFor()
  await card.getByText('我那天要开会。').waitFor()
  assert.equal(await card.getByText('Outside your hours').count(), 0)
  await card.getByRole('button', { name: 'Agree', exact: true }).click()
  await page.locator('dl').getByText('Mon, Nov 23, 14:00').waitFor()
  await card.getByText('Propose another one.').waitFor()
  assert.equal(await card.getByRole('button', { name: 'Agree', exact: true }).count(), 0)
  assert.deepEqual(changes(state), [['POST', `${PROPOSAL}/${ID}/agree`, null]])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a provider is warned of another job and of their hours, and cannot agree onto the job', async () => {
  const other = orderOf(7, { ...taken, title: 'Clear the drain', service_start_time: at('15:00'), service_end_time: at('17:00') })
  const { context, page, state, card, go } = await openOrder('provider', { proposal: standing('customer') }, { orders: [other] })
  await card.getByText('At these hours you have:').waitFor()
  assert.equal(await card.getByRole('link', { name: 'Clear the drain' }).getAttribute('href'), `/jobs/${other.id}`)
  assert.equal(await card.getByRole('button', { name: /^Agree/ }).getAttribute('aria-disabled'), 'true')
  state.proposal = standing('customer', { service_start_time: at('08:00'), service_end_time: at('10:00') })
  await go(`/jobs/${ORDER.id}`)
  await card.getByText('Outside your hours').waitFor()
  await card.getByRole('button', { name: 'Do not agree' }).click()
  await card.getByText('Propose another one.').waitFor()
  assert.deepEqual(changes(state), [['POST', `${PROPOSAL}/${ID}/decline`, null]])
  assert.equal(await page.locator('dl').getByText('Sat, Nov 21, 14:00').count(), 1, 'the job keeps its time')
  await context.close()
})

test('a customer hears that the provider is booked, and of a proposal that is over', async () => {
  const { context, page, state, card } = await openOrder('customer', { proposal: standing('provider'), isBooked: true })
  await card.getByRole('button', { name: 'Agree', exact: true }).click()
  await card.getByText('The provider has another job at that time.').waitFor()
  assert.equal(await card.getByText('You already have a job').count(), 0)
  // The page reads the proposal again after each answer.
  await settled(page)
  delete state.proposal
  await card.getByRole('button', { name: 'Do not agree' }).click()
  await card.getByText('This proposal no longer stands.').waitFor()
  await poll(async () => assert.equal(await card.getByRole('button', { name: 'Agree', exact: true }).count(), 0))
  await context.close()
})

test('an order for any time is given a first one, not another', async () => {
  const { context, card, faults } = await openOrder('customer', {}, { own: { service_start_time: null, service_end_time: null } })
  await card.getByText('The order has no time yet.').waitFor()
  await card.getByRole('button', { name: 'Propose a time', exact: true }).waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('news of a proposal show it on the open page, and it is the other one\'s to answer above their list', async () => {
  const { context, page, state, card, go } = await openOrder('customer')
  await card.getByRole('button', { name: 'Propose another time' }).waitFor()
  state.proposal = standing('provider')
  const line = { id: 'n', event_id: 'e', type: 'order.time_proposed', kind: 'order_update', order_id: ORDER.id, location: 'NORTH', counterpart: null, title: 'News', content: '', match_reasons: [], is_read: true, created_at: at('09:00') }
  await context.route('**/api/v1/notifications?*', (route) => route.fulfill({ json: { items: [line], next: null, unread: 0 } }))
  await context.route('**/api/v1/stream', (route) => route.fulfill({ contentType: 'text/event-stream', body: 'retry: 60000\n\nevent: ready\ndata: {"resumed":true}\n\nevent: inbox\ndata: {}\n\n' }), { times: 1 })
  await page.evaluate(() => {
    for (const hidden of [true, false]) {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }
  })
  await card.getByText('王建国 proposes Mon, Nov 23, 14:00').waitFor()
  await go('/orders')
  const duty = page.getByRole('region', { name: 'Yours to do' }).getByRole('listitem').first()
  await duty.getByText('Another time is proposed').waitFor()
  await duty.getByRole('link', { name: 'Answer' }).click()
  await page.waitForURL(`**/orders/${ORDER.id}`)
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`the time of an order, in ${lang}`, async () => {
    const { context, page, card, faults } = await openOrder('provider', { proposal: standing('customer', { service_start_time: at('08:00') }) }, { lang })
    await card.locator('s').waitFor()
    for (const [name, size] of Object.entries({ wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } })) {
      await page.setViewportSize(size)
      await settled(page)
      await card.scrollIntoViewIfNeeded()
      await keepPicture(page, `portal/time-${name}-${lang}-light`)
      if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
      assert.deepEqual(await smallTargets(page, 24), [])
      if (name === 'wide') assert.deepEqual(await losses(page), [])
    }
    await page.emulateMedia({ colorScheme: 'dark' })
    assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
