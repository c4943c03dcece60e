// The calendar of the portal, over a gateway that answers from memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, PAGE_LANGUAGES, losses, poll, settled, tabTo } from './browser.mjs'
import { gateway, orderOf, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

const at = (day, time) => `2026-11-${day}T${time}:00.000Z`
const accepted = (n, from, until, change) => orderOf(n, { status: 'accepted', provider_id: PEOPLE.provider.user_id, service_start_time: from, service_end_time: until, ...change })
const ORDERS = [
  accepted(1, at(17, '09:30'), at(17, '11:00'), { title: 'Clear the drain' }), accepted(2, at(17, '14:00'), at(17, '15:30'), { title: '换插座' }),
  accepted(3, at(21, '16:30'), at(21, '18:00'), { title: 'Hang three shelves', status: 'in_progress' }), accepted(4, at(20, '00:00'), at(21, '00:00'), { title: 'Clean the stairs' }),
  accepted(5, at(27, '10:00'), at(27, '11:00'), { title: 'Fix a door' }), accepted(6, null, null, { title: 'Set up a router' }),
  orderOf(7, { title: 'No one has taken it', service_start_time: at(18, '10:00') }),
]
/** What a screen reader finds in a day, in its order. */
const planOf = (page, day) => page.locator(`[data-day="2026-11-${day}"]`).evaluate((section) => [...section.querySelectorAll('li:not([aria-hidden])')].map((item) => [...item.children].map((part) => part.textContent.trim())))
const headingIs = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor()
/** Where a thing is drawn, in hours from the top of its day. */
const drawn = (page, words) => page.locator('.event', { hasText: words }).evaluate((event) => {
  const [box, day, hours] = [event.getBoundingClientRect(), event.closest('ol').getBoundingClientRect(), document.querySelector('.week').style.getPropertyValue('--hours')]
  return [box.top - day.top, box.height].map((part) => Math.round((part / day.height) * Number(hours) * 10) / 10)
})

test('a provider walks the weeks by keyboard, from the bar to a job, over their working hours', async () => {
  const state = gateway({ role: 'provider', orders: ORDERS })
  Object.assign(state.profile, { availability: { ...state.profile.availability, tuesday: ['09:00-12:30'] }, exceptions: [{ day: '2026-11-20', hours: [] }] })
  const { context, page, go, faults } = await portal.open(state)
  await go('/jobs')
  await tabTo(page, page.getByRole('link', { name: 'Calendar' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/calendar')
  await headingIs(page, 'Nov 15 to Nov 21')
  await settled(page)
  assert.deepEqual(await planOf(page, 17), [['Clear the drain', '09:30–11:00', '望京街道花家地北里 12 号楼'], ['换插座', '14:00–15:30', '望京街道花家地北里 12 号楼']])
  assert.deepEqual(await planOf(page, 20), [['Clean the stairs', 'At any time of this day']])
  assert.deepEqual((await planOf(page, 21)).map(([title, time, ...more]) => [title, time, more[0]]), [['厨房水龙头漏水', '14:00–16:00', '望京街道花家地北里 12 号楼'], ['Hang three shelves', '16:30–18:00', 'In progress']])
  assert.deepEqual(await page.locator('.day .times').allInnerTexts(), [
    'No working hours', 'Hours: 09:00–12:00, 13:00–24:00', 'Hours: 09:00–12:30', 'No working hours', 'No working hours', 'Day off', 'No working hours',
  ])
  assert.equal(await page.locator('[aria-current=date]').getAttribute('datetime'), '2026-11-21')
  assert.deepEqual(await drawn(page, 'Clear the drain'), [1.5, 1.5], 'an hour and a half after eight')
  assert.equal(await page.getByText('No one has taken it').count(), 0)
  assert.deepEqual(await page.locator('.jobs h3').allInnerTexts(), ['Set up a router'])

  await tabTo(page, page.getByRole('link', { name: 'Week after' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/calendar/2026-11-28')
  await headingIs(page, 'Nov 22 to Nov 28')
  assert.deepEqual((await planOf(page, 27)).map(([title]) => title), ['Fix a door'])
  await page.getByRole('link', { name: 'Week after' }).click()
  await page.getByText('Nothing is agreed in this week.').waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Week after', 'the focus stays')
  await page.goBack()
  await headingIs(page, 'Nov 22 to Nov 28')
  await page.getByRole('link', { name: 'Week before' }).click()
  await headingIs(page, 'Nov 15 to Nov 21')
  await tabTo(page, page.getByRole('link', { name: 'Hang three shelves' }))
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/jobs/${ORDERS[2].id}`)
  for (const nowhere of ['2026-02-30', 'x']) {
    await go(`/calendar/${nowhere}`)
    await headingIs(page, 'Nov 15 to Nov 21')
  }
  await page.locator('.who').click()
  await page.getByRole('link', { name: 'Profile', exact: true }).click()
  await page.waitForURL('**/profile')
  assert.deepEqual(faults(), [])
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`a narrow window shows one day, and the others as a strip, in ${lang}`, async () => {
    const { calendar } = wordsOf('cloud/portal', lang)
    const state = gateway({ role: 'customer', orders: ORDERS })
    const { context, page, go, faults } = await portal.open(state, lang)
    await page.setViewportSize({ width: 320, height: 800 })
    await go('/calendar')
    const shown = () => page.locator('.day:visible').evaluateAll((all) => all.map((day) => day.dataset.day))
    assert.deepEqual(await shown(), ['2026-11-21'])
    await page.locator('.strip').getByRole('link', { name: /17/ }).click()
    await page.waitForURL('**/calendar/2026-11-17')
    await poll(async () => assert.deepEqual(await shown(), ['2026-11-17']))
    assert.match(await page.locator('.strip [aria-current=page]').textContent(), new RegExp(calendar.count.split(' | ')[2].replace('{n}', '2')))
    assert.equal(await page.locator('.day:visible a').first().getAttribute('href'), `/orders/${ORDERS[0].id}`)
    assert.deepEqual(await page.evaluate(() => [document.documentElement.scrollWidth, document.activeElement.closest('.strip') !== null]), [320, true])
    await page.locator('.strip').getByRole('link', { name: /18/ }).click()
    await page.locator('.day:visible').getByText(calendar.free).waitFor()
    assert.deepEqual(faults(), [])
    await context.close()
  })
}

test('a customer whose region is cut off reads so once, and of when each of its orders is', async () => {
  const state = gateway({ role: 'customer', orders: ORDERS.slice(0, 2).map((order) => ({ ...order, location: 'WEST' })) })
  state.links = [{ region: 'WEST', is_cut_off: true, cut_off_since: at(21, '10:38') }]
  const { context, page, go } = await portal.open(state)
  await go('/calendar')
  await page.getByRole('heading', { name: 'West is cut off since 10:38' }).waitFor()
  assert.equal(await page.locator('.banner[data-tone=cut]').count(), 1)
  assert.deepEqual((await planOf(page, 17)).map((parts) => parts[2]), ['As of 10:38', 'As of 10:38'])
  assert.equal(state.asked.filter(({ path }) => path === '/users/me/profile').length, 0)
  await context.close()
})

test('all pages of the open orders are read, up to a bound, and the page says where it is reached', async () => {
  const state = gateway({ role: 'customer', orders: Array.from({ length: 5 }, (_, n) => accepted(n, at(17, `1${n}:00`), at(17, `1${n}:30`), { title: `Job ${n}` })) })
  state.pageSize = 2
  const { context, page, go } = await portal.open(state)
  const lists = () => state.asked.filter(({ path, query }) => path === '/orders' && query.status === 'accepted').map(({ query }) => query.cursor)
  await go('/calendar')
  await poll(async () => assert.equal((await planOf(page, 17)).length, 5))
  assert.deepEqual(lists(), [undefined, '2', '4'])
  assert.equal(await page.getByText('more open orders than are read here').count(), 0)
  state.pageSize = 1
  state.asked.length = 0
  await go('/calendar')
  await page.getByText('more open orders than are read here').waitFor()
  await settled(page)
  assert.deepEqual(lists(), [undefined, '1', '2'])
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`the address for the calendar of a phone is shown once, and can be replaced and ended, in ${lang}`, async () => {
    const { feed } = wordsOf('cloud/portal', lang).calendar
    const state = gateway({ role: 'provider', orders: ORDERS })
    const { context, page, go, faults } = await portal.open(state, lang)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await go('/calendar')
    const part = page.locator('section').filter({ has: page.getByRole('heading', { name: feed.title }) })
    const press = (name) => part.getByRole('button', { name, exact: true }).click()
    const field = page.getByLabel(feed.address)
    const path = (n) => `/api/v1/calendar.ics?s=${'q'.repeat(42)}${n}`
    await part.getByText(feed.shares).waitFor()
    assert.deepEqual(await part.getByRole('button').allInnerTexts(), [feed.make])
    await press(feed.make)
    await field.and(page.locator(':focus')).waitFor()
    const { host, origin } = new URL(page.url())
    assert.equal(await field.inputValue(), origin + path(1))
    await part.getByText(feed.once).waitFor()
    assert.deepEqual(await part.getByRole('button').allInnerTexts(), [feed.copy, feed.makeNew, feed.end])
    assert.equal(await part.getByRole('link', { name: feed.open }).getAttribute('href'), `webcal://${host}${path(1)}`)
    await press(feed.copy)
    await page.getByText(feed.copied).waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), origin + path(1))
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await losses(page), [])

    await go('/calendar')
    await part.getByText(feed.again).waitFor()
    await part.getByText(/2026/).waitFor()
    assert.deepEqual([await field.count(), await page.content().then((html) => html.includes('q'.repeat(42)))], [0, false], 'the address is not told again')
    await press(feed.makeNew)
    await field.and(page.locator(':focus')).waitFor()
    assert.equal(await field.inputValue(), origin + path(2))
    await press(feed.end)
    await page.getByText(feed.ended).waitFor()
    await part.getByRole('button', { name: feed.make, exact: true }).waitFor()
    assert.equal(await field.count(), 0)
    assert.equal(await page.evaluate(() => document.activeElement.id), 'calendar-feed')
    assert.equal(state.feed, undefined)
    assert.deepEqual(faults(), [])
    await context.close()
  })
}

test('who cannot make an address now reads why, and the page goes on', async () => {
  const state = gateway({ role: 'customer', orders: ORDERS.slice(0, 1) })
  const { context, page, go } = await portal.open(state)
  await go('/calendar')
  const make = page.getByRole('button', { name: 'Make an address' })
  await make.waitFor()
  state.silent = ['/calendar-feed']
  await make.click()
  await page.getByText('This part of Holdfast does not answer now.').waitFor()
  assert.equal(await page.getByLabel('Address for your calendar').count(), 0)
  state.silent = []
  await make.click()
  await page.getByLabel('Address for your calendar').waitFor()
  await context.close()
})
