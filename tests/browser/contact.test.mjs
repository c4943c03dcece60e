// Customer and provider of an accepted order see each other by name, and can call each other.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, settled, smallTargets } from './browser.mjs'
import { DONE, gateway, orderOf, PEOPLE } from './portal.answers.mjs'
import { order, PEOPLE as AT_EDGE } from './edge.mjs'
import { startPortal } from './portal.mjs'
import { playSignedIn } from './tablet.mjs'

const ORDER = orderOf(60).id
const CALL = `/orders/${ORDER}/contact/call`

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

/** The page of the accepted order, and the card of its other person. */
async function openOrder(role, { contact, lang = 'en' } = {}) {
  const state = Object.assign(gateway({ role }), contact && { contact })
  const opened = await portal.open(state, lang)
  await opened.go(`/${role === 'provider' ? 'jobs' : 'orders'}/${ORDER}`)
  const title = { customer: 'Contact', provider: 'Your customer' }[role]
  return { ...opened, state, card: opened.page.locator('.card', { has: opened.page.getByRole('heading', { name: title, exact: true }) }) }
}
const called = (state) => state.changes().map(({ method, path }) => `${method} ${path}`)

test('a provider sees the customer, and their number on request', async () => {
  const { context, page, state, card, faults } = await openOrder('provider')
  await card.getByText('林小梅').waitFor()
  await card.getByRole('img').waitFor()
  await card.getByText('+86138****1000').waitFor()
  assert.equal(await page.getByText('+8613812341000').count(), 0)
  assert.deepEqual(called(state), [], 'a look at the page asks for no number')
  await card.getByRole('button', { name: 'Call' }).click()
  const link = card.getByRole('link', { name: '+8613812341000' })
  await link.waitFor()
  assert.equal(await link.getAttribute('href'), 'tel:+8613812341000')
  assert.deepEqual(called(state), [`POST ${CALL}`])
  assert.equal(await card.getByText(/Your number was shown/).count(), 0, 'it was the number of the customer')
  assert.equal(await page.getByText(/Customer [0-9A-F]{6}/).count(), 0, 'one person has one name')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a customer sees the provider by one name, verified, and that their own number was shown', async () => {
  const { context, page, state, card, faults } = await openOrder('customer')
  await card.getByText('王建国').waitFor()
  await card.getByText('Verified').waitFor()
  await card.getByText('138****8000').waitFor()
  assert.equal(await card.getByRole('img').count(), 0)
  assert.equal(await page.getByText(/Provider [0-9A-F]{6}/).count(), 0)
  state.showings.push({ shown_at: '2026-11-21T10:40:00.000Z', shown_to: { user_id: PEOPLE.provider.user_id, role: 'provider' } })
  await card.getByRole('button', { name: 'Call' }).click()
  await card.getByRole('link', { name: '13800138000' }).waitFor()
  await card.getByText(/Your number was shown once for this order/).waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a customer without name and number is told as such, and nobody can call', async () => {
  const contact = { full_name: undefined, masked_phone: undefined, photo_url: undefined }
  const { context, card } = await openOrder('provider', { contact })
  await card.getByText(/No name was entered/).waitFor()
  await card.getByText('They have not entered a phone number.').waitFor()
  assert.equal(await card.getByRole('button', { name: 'Call' }).count(), 0)
  await context.close()
})

test('a number that is no longer shown says why', async () => {
  const { context, page, state, card } = await openOrder('provider')
  state.orders.find(({ id }) => id === ORDER).status = 'completed'
  await card.getByRole('button', { name: 'Call' }).click()
  await page.getByText('Customer and provider see each other once the job is accepted.').waitFor()
  assert.equal(await card.getByRole('link').count(), 0)
  await context.close()
})

test('an order whose work is complete asks for no contact', async () => {
  for (const role of ['customer', 'provider']) {
    const state = gateway({ role })
    const { context, page, go } = await portal.open(state)
    await go(`/${role === 'provider' ? 'jobs' : 'orders'}/${DONE}`)
    assert.equal(await page.getByRole('heading', { name: /^(Contact|Your customer)$/ }).count(), 0)
    assert.deepEqual(state.asked.filter(({ path }) => path.includes('/contact')), [])
    await context.close()
  }
})

for (const lang of PAGE_LANGUAGES) {
  test(`the contact in ${lang}`, async () => {
    const { context, page } = await openOrder('provider', { lang })
    await settled(page)
    await keepPicture(page, `portal/contact-${lang}-light`)
    if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 24), [])
    assert.deepEqual(await losses(page), [])
    await context.close()
  })
}

const HIDDEN_CUSTOMER = '00000000-0000-0000-0000-000000000000'
const OWN = { provider_id: AT_EDGE['Zhou Lei'], status: 'accepted', version: 3 }
const ON_TABLET = [
  order(31, { title: 'Repair a fence', customer_id: HIDDEN_CUSTOMER, description: 'Call •••' }),
  order(32, { ...OWN, title: 'Fit a lamp', address: '海港路1号3单元, 电话 138 1234 5678' }),
  order(33, { ...OWN, title: 'Hang a door', address: '南湖路7号' }),
  order(34, { ...OWN, title: 'Clean a drain', status: 'completed', customer_id: HIDDEN_CUSTOMER }),
]

test('on a tablet a number is masked until the job is surely theirs, then called if the order has it, and else said to be at the portal', () => playSignedIn(async ({ state, edge, context, page }) => {
  const phone = page.locator('.facts dd', { hasText: '•••' })
  const open = (n) => page.goto(`${edge.url}/jobs/${order(n).id}`)
  await open(31)
  await phone.getByText('Shown once the job is yours.').waitFor()
  await page.locator('.actions .button').click()
  await phone.getByText('Shown once your request is decided.').waitFor()
  assert.equal(await page.locator('a[href^="tel:"]').count(), 0)

  await open(32)
  const call = page.getByRole('link', { name: 'Call 138 1234 5678' })
  await call.waitFor()
  assert.equal(await call.getAttribute('href'), 'tel:13812345678')
  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await smallTargets(page, 48), [])
  assert.deepEqual(await losses(page), [])

  await open(33)
  assert.equal(await page.getByRole('link', { name: 'This job at the portal' }).getAttribute('href'), `https://portal.example/jobs/${order(33).id}`)
  await open(34)
  await phone.getByText('Shown only while the job is yours.').waitFor()
  state.cutSince = Date.now()
  await open(33)
  await page.getByText('The portal needs the internet, which the node does not have now.').waitFor()
  assert.equal(await page.getByRole('link', { name: 'This job at the portal' }).count(), 0)
}, { orders: ON_TABLET, answer: 'stored' }))
