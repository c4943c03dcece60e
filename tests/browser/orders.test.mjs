// The admins' search of orders and their money.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { keepPicture, losses, settled } from './browser.mjs'
import { gateway, orderOf } from './portal.answers.mjs'
import { startPortal } from './portal.mjs'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

const isOfBar = (query) => query.status === 'pending_review' && query.sort === 'oldest'
/** What the list was asked for last. */
const lastAsked = (state) => state.asked.filter(({ path, query }) => path === '/admin/orders' && !isOfBar(query)).at(-1).query
const SEARCH = '?q=tap&status=accepted&region=NORTH&service=cleaning_repair&least=90&most=200.5&from=2026-11-01&until=2026-11-21'

test('the filters live in the address, and the list is asked for what they say', async () => {
  const state = gateway({ orders: [orderOf(5, { status: 'accepted', title: 'tap', payment_status: 'held' }), orderOf(1)] })
  const { context, page, go, faults } = await portal.open(state)
  await go('/orders')
  await page.getByLabel('Words, or a code').fill('tap')
  await page.getByLabel('State', { exact: true }).selectOption('accepted')
  await page.getByLabel('Region', { exact: true }).selectOption('NORTH')
  await page.getByLabel('Kind', { exact: true }).selectOption('cleaning_repair')
  await page.getByLabel('Price from').fill('90')
  await page.getByLabel('Price up to').fill('200.5')
  await page.getByLabel('Published from').fill('2026-11-01')
  await page.getByLabel('Published until').fill('2026-11-21')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await page.waitForURL(`**/orders${SEARCH}`)
  await settled(page)
  const asked = { limit: '50', text: 'tap', status: 'accepted', region: 'NORTH', service_type: 'cleaning_repair', price_min: '90.00', price_max: '200.50', from: '2026-11-01T00:00:00.000Z', until: '2026-11-22T00:00:00.000Z' }
  assert.deepEqual(lastAsked(state), asked)
  assert.equal(await page.locator('tbody tr').count(), 1)

  // Whoever is sent the address sees the same, and the files hold the whole of it.
  await go(`/orders${SEARCH}`)
  assert.deepEqual(lastAsked(state), asked)
  assert.equal(await page.getByLabel('Price up to').inputValue(), '200.5')
  const { limit: _, ...filters } = asked
  for (const kind of ['CSV', 'JSON']) {
    const link = page.getByRole('link', { name: `The whole list as ${kind}` })
    const file = new URL(await link.getAttribute('href'), page.url())
    assert.equal(file.pathname, `/api/v1/admin/orders/export.${kind.toLowerCase()}`)
    assert.deepEqual(Object.fromEntries(file.searchParams), filters)
  }
  await keepPicture(page, 'portal/admin-search-en')

  await page.getByRole('link', { name: 'Show all' }).click()
  await page.locator('tbody tr').nth(1).waitFor()
  assert.equal(new URL(page.url()).search, '')
  assert.equal(await page.getByLabel('Words, or a code').inputValue(), '')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the list is worked through by keyboard, and each order shows its payment and leads to its books', async () => {
  const state = gateway({ orders: [orderOf(1), orderOf(2, { payment_status: 'held' }), orderOf(3)] })
  state.pageSize = 2
  const { context, page, go, faults } = await portal.open(state)
  await go('/orders')
  const current = page.locator('tr[aria-current=true]')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await current.filter({ hasText: 'N-7F3K02' }).waitFor()
  await page.keyboard.press('j')
  await current.filter({ hasText: 'N-7F3K02' }).waitFor()
  assert.equal(new URL(page.url()).searchParams.get('at'), orderOf(2).id, 'the place in the list can be sent')
  assert.equal((await current.getByRole('link', { name: /^Held/ }).textContent()).trim(), 'Held, The books of N-7F3K02')

  await page.getByRole('button', { name: 'Show more' }).click()
  await page.locator('tbody tr').nth(2).waitFor()
  assert.equal(lastAsked(state).cursor, '2')
  await page.keyboard.press('k')
  await current.filter({ hasText: 'N-7F3K01' }).waitFor()
  await page.keyboard.press('j')
  await page.locator('h1').focus().catch(() => undefined)
  await page.evaluate(() => document.activeElement?.blur())
  await page.keyboard.press('b')
  await page.waitForURL(`**/money?view=order&order=${orderOf(2).id}`)
  await page.goBack()
  await current.filter({ hasText: 'N-7F3K02' }).waitFor()
  await page.evaluate(() => document.activeElement?.blur())
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/orders/${orderOf(2).id}`)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an order is found by its code, and a search that finds nothing says what to do', async () => {
  const state = gateway({ orders: [orderOf(1, { title: 'Old tap' }), orderOf(2), orderOf(3, { title: 'Old lock' })] })
  state.pageSize = 2
  const { context, page, go, faults } = await portal.open(state)
  await go('/orders')
  await page.keyboard.press('/')
  await page.locator('#q:focus').waitFor()
  await page.keyboard.type('n7f3k03')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/orders?q=n7f3k03')
  await settled(page)
  assert.equal(lastAsked(state).code, 'N-7F3K03')

  await go('/orders?q=lock')
  await page.getByRole('heading', { name: 'Nothing fits among the newest orders' }).waitFor()
  await page.getByRole('button', { name: 'Look further back' }).click()
  await page.getByRole('link', { name: 'Old lock' }).waitFor()

  await go('/orders?status=completed')
  await page.getByRole('heading', { name: 'No order fits' }).waitFor()
  await page.getByText('Leave out a filter').waitFor()
  await page.getByRole('button', { name: /as CSV/, disabled: true }).waitFor()

  const before = state.asked.filter(({ path }) => path === '/admin/orders').length
  await go('/orders?least=much&from=May')
  await page.getByRole('heading', { name: 'Nothing is asked for yet' }).waitFor()
  await page.getByText('Enter an amount such as 90.00.').waitFor()
  await page.getByText('Choose a day of the calendar.').waitFor()
  assert.deepEqual(await losses(page), [])
  await page.getByLabel('Price from').fill('10')
  await page.getByLabel('Published from').fill('2026-11-01')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'Old tap' }).waitFor()
  const asked = state.asked.filter(({ path, query }) => path === '/admin/orders' && query.status !== 'pending_review').slice(before)
  assert.ok(asked.every(({ query }) => query.price_min !== 'much'), 'nothing wrong is asked for')
  assert.deepEqual(faults(), [])
  await context.close()
})
