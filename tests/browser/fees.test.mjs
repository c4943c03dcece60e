// What a provider gets for a job, beside its price, at a tablet before a scripted edge.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axe, losses, settled, smallTargets } from './browser.mjs'
import { order, PEOPLE } from './edge.mjs'
import { jobOf, playSignedIn } from './tablet.mjs'

const ROUTER = 'Set up a router'
const DOOR = 'Fix a door that sticks'
const TERMS = 'You get ¥234.00 of ¥260.00. The platform keeps ¥26.00.'

/** The price of a row as it is seen, and as a screen reader says it. */
const payOf = (row) => row.locator('.money').evaluate((money) => {
  const texts = (nodes) => [...nodes].map((node) => node.textContent.trim())
  const hidden = money.parentElement.querySelectorAll('[aria-hidden]')
  const said = money.parentElement.querySelectorAll(':scope > :not([aria-hidden])')
  return { seen: texts(hidden), said: texts(said) }
})

/** The board, the job that is opened from it, and the person's own jobs. */
async function isShown(page) {
  const row = jobOf(page, ROUTER)
  await row.waitFor()
  assert.deepEqual(await payOf(row), { seen: ['¥260.00', 'You get ¥234.00'], said: ['You get ¥234.00 of ¥260.00'] })
  await row.getByRole('button', { name: /Set up a router and two printers\. You get ¥234\.00 of ¥260\.00$/ }).waitFor()
  await row.getByRole('link', { name: ROUTER }).click()
  await page.locator('.head').getByText('You get ¥234.00', { exact: true }).waitFor()
  await page.getByText(TERMS).waitFor()
  await page.getByRole('link', { name: 'My jobs' }).click()
  assert.deepEqual((await payOf(jobOf(page, DOOR))).said, ['You get ¥162.00 of ¥180.00'])
}

test('a provider sees what they get on the board, at the job before accepting, and at their own, also out of reach of the node', () => playSignedIn(async ({ state, edge, context, page }) => {
  await isShown(page)
  await page.getByRole('link', { name: 'Calendar' }).click()
  await page.locator('.plan').getByText('You get ¥162.00 of ¥180.00').first().waitFor()

  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  state.cutSince = Date.now()
  await page.goto(edge.url)
  await page.locator('.banner').waitFor()
  await isShown(page)
  edge.goAway()
  await page.goto(edge.url)
  await isShown(page)
  await page.goBack()
  await page.getByText(TERMS).waitFor()
  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await smallTargets(page, 48), [])
  assert.deepEqual(await losses(page), [])
}))

test('an order that is newer than the fees tells about what it pays, and one whose money went back its price', () => playSignedIn(async ({ page }) => {
  assert.deepEqual((await payOf(jobOf(page, ROUTER))).said, ['You get about ¥234.00 of ¥260.00'])
  await jobOf(page, ROUTER).getByRole('link', { name: ROUTER }).click()
  await page.getByText(/^You get about ¥234\.00 of ¥260\.00\..*may not have heard of a new fee yet/).waitFor()
  await page.getByRole('link', { name: 'My jobs' }).click()
  assert.deepEqual(await payOf(jobOf(page, 'Hang three shelves')), { seen: [], said: ['¥180.00'] })
}, {
  fees: { complete_until: new Date(Date.now() - 6 * 3_600_000).toISOString(), versions: [{ from: new Date(0).toISOString(), basis_points: 1_000 }] },
  orders: [
    order(12, { title: 'Set up a router and two printers', price: '260.00' }),
    order(16, { provider_id: PEOPLE['Zhou Lei'], title: 'Hang three shelves', status: 'completed', payment_status: 'refunded', version: 5 }),
  ],
}))

test('a node that was never connected shows the price alone', () => playSignedIn(async ({ page }) => {
  assert.deepEqual(await payOf(jobOf(page, ROUTER)), { seen: [], said: ['¥260.00'] })
  await jobOf(page, ROUTER).getByRole('button', { name: /: Set up a router and two printers, ¥260\.00$/ }).waitFor()
  await jobOf(page, ROUTER).getByRole('link', { name: ROUTER }).click()
  await page.locator('.actions').waitFor()
  assert.equal(await page.getByText('You get').count(), 0)
}, { fees: null }))
