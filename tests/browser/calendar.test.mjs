// The calendar of a provider's own jobs, at a tablet before a scripted edge.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { poll, settled, tabTo, unseenStops } from './browser.mjs'
import { HOSTILE, order, PEOPLE } from './edge.mjs'
import { ask, playSignedIn } from './tablet.mjs'

/** The last day of a week that begins on a Sunday, so that the next day stands in another week. */
const SATURDAY = '2030-11-23'
const at = (day, time) => new Date(`${day}T${time}`).toISOString()
const booked = (n, day, from, to, change) =>
  order(n, { provider_id: PEOPLE['Zhou Lei'], address: '南湖路7号', status: 'accepted', version: 3, service_start_time: at(day, from), service_end_time: to && at(day, to), ...change })
const ORDERS = [
  booked(21, SATURDAY, '14:30', '16:00', { title: 'Clear the drain' }),
  booked(22, SATURDAY, '10:45', '14:00', { title: 'Fix a door that sticks' }),
  booked(23, '2030-11-24', '09:00', undefined, { title: '安装吸顶灯' }),
  order(24, { title: 'Set up a router', service_start_time: at(SATURDAY, '18:00') }),
  order(25, { provider_id: PEOPLE['Zhou Lei'], status: 'accepted', version: 3, title: 'Hang three shelves' }),
]

const planIs = (page, expected) => poll(async () => assert.deepEqual(await page.locator('.plan :is(h2, h3)').allInnerTexts(), expected))
const headingIs = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor()
/** The day with the focus, in the words that a screen reader says. */
const focused = (page) => page.evaluate(() => {
  const { dataset, textContent, ariaCurrent } = document.activeElement
  return { day: dataset.day, words: textContent.replace(/\s+/g, ' ').trim(), current: document.activeElement.getAttribute('aria-current') ?? ariaCurrent }
})

test('the calendar is walked by keyboard alone, from My jobs to a job, over the end of a week', () => playSignedIn(async ({ edge, page }) => {
  const press = (key) => page.keyboard.press(key)
  await page.goto(`${edge.url}/jobs`)
  await tabTo(page, page.getByRole('link', { name: 'Calendar' }))
  await press('Enter')
  await page.waitForURL('**/calendar')
  await page.locator('.dock a[aria-current=page]', { hasText: 'Calendar' }).waitFor()
  await page.locator('.days [data-today][aria-current]').waitFor()

  await page.goto(`${edge.url}/calendar/${SATURDAY}`)
  await headingIs(page, 'Saturday, November 23')
  await planIs(page, ['Fix a door that sticks', 'Clear the drain', 'Hang three shelves'])
  await tabTo(page, page.locator(`[data-day="${SATURDAY}"]`))
  assert.deepEqual(await focused(page), { day: SATURDAY, words: 'Sat 23, 2 jobs', current: 'page' })

  await press('ArrowRight')
  await headingIs(page, 'Sunday, November 24')
  await poll(async () => assert.deepEqual(await focused(page), { day: '2030-11-24', words: 'Sun 24, 1 job', current: 'page' }))
  await planIs(page, ['安装吸顶灯', 'Hang three shelves'])
  await press('ArrowRight')
  await poll(async () => assert.deepEqual(await focused(page), { day: '2030-11-25', words: 'Mon 25, free', current: 'page' }))
  await page.getByRole('heading', { name: 'Nothing at a set time on this day' }).waitFor()
  await press('End')
  await headingIs(page, 'Saturday, November 30')
  await press('Home')
  await headingIs(page, 'Sunday, November 24')
  await poll(async () => assert.equal((await focused(page)).day, '2030-11-24'))
  await press('Tab')
  await press('Enter')
  await headingIs(page, 'Monday, November 25')
  await settled(page)
  assert.equal((await focused(page)).day, '2030-11-25', 'the focus stays on the day that was opened')
  await press('ArrowLeft')
  await headingIs(page, 'Sunday, November 24')
  await poll(async () => assert.equal((await focused(page)).day, '2030-11-24'))
  await press('ArrowLeft')
  await headingIs(page, 'Saturday, November 23')
  await poll(async () => assert.equal((await focused(page)).day, SATURDAY))
  await page.locator('[role=status]', { hasText: 'Saturday, November 23 2 jobs' }).waitFor({ state: 'attached' })

  await tabTo(page, page.getByRole('link', { name: 'Clear the drain' }))
  await press('Enter')
  await page.waitForURL(`**/jobs/${ORDERS[0].id}`)
  await page.goBack()
  await headingIs(page, 'Saturday, November 23')
  await settled(page)
  await page.evaluate(() => document.activeElement.blur())
  assert.deepEqual(await unseenStops(page), [])
}, { orders: ORDERS }))

test('a job that is only on the tablet says so in the calendar, also with no network and after a new start', () => playSignedIn(async ({ state, edge, context, page }) => {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  edge.goAway()
  await ask(page, 'Set up a router')
  await page.goto(`${edge.url}/calendar/${SATURDAY}`)
  const asked = page.locator('.plan > li', { hasText: 'Set up a router' })
  await asked.locator('.truth[data-truth=tablet]', { hasText: 'On this tablet' }).waitFor()
  await asked.getByText('Requested. Do not start yet.').waitFor()
  assert.equal(await asked.getAttribute('data-job'), 'asked')
  await planIs(page, ['Fix a door that sticks', 'Clear the drain', 'Set up a router', 'Hang three shelves'])
  assert.equal((await page.locator(`[data-day="${SATURDAY}"] .hush`).innerText()).trim(), ', 3 jobs')
  assert.deepEqual(await page.locator('.plan > [data-job=firm]').allInnerTexts().then((all) => all.length), 3)

  state.answer = 'stored'
  state.isAway = false
  await page.reload()
  await asked.locator('.truth[data-truth=node]', { hasText: 'At the regional node' }).waitFor()
  await context.setOffline(true)
  await page.getByRole('link', { name: 'Week after' }).click()
  await headingIs(page, 'Saturday, November 30')
  await page.getByRole('link', { name: 'Today' }).click()
  await page.locator('.days [data-today][aria-current]').waitFor()
  await context.setOffline(false)
}, { orders: ORDERS, answer: 'later' }))

test('a week begins where its readers do, and an address without such a day shows today', () => playSignedIn(async ({ edge, page }) => {
  const days = () => page.locator('.days time').allInnerTexts().then((all) => all.map((text) => text.replace(/\s+/g, ' ').trim()))
  await page.goto(`${edge.url}/calendar/${SATURDAY}`)
  await poll(async () => assert.deepEqual(await days(), ['Sun 17', 'Mon 18', 'Tue 19', 'Wed 20', 'Thu 21', 'Fri 22', 'Sat 23']))
  await page.goto(`${edge.url}/calendar/${SATURDAY}?lang=zh-CN`)
  await headingIs(page, '11月23日星期六')
  await poll(async () => assert.deepEqual(await days(), ['周一 18', '周二 19', '周三 20', '周四 21', '周五 22', '周六 23', '周日 24']))
  for (const nowhere of ['2030-02-30', 'x', encodeURIComponent(HOSTILE[0])]) {
    await page.goto(`${edge.url}/calendar/${nowhere}`)
    await page.locator('.days [data-today][aria-current]').waitFor()
  }
}, { orders: ORDERS }))
