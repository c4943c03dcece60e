// The earnings from a provider's completed jobs, at a tablet before a scripted edge.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axe, losses, poll, settled, smallTargets, tabTo, unseenStops } from './browser.mjs'
import { order, PEOPLE } from './edge.mjs'
import { playSignedIn } from './tablet.mjs'

const at = (day) => new Date(`${day}T10:00`).toISOString()
const done = (n, day, change) => order(n, { provider_id: PEOPLE['Zhou Lei'], status: 'completed', version: 5, service_start_time: day && at(day), ...change })
/** At least one is open, so that the board has a row. */
const OPEN = order(12, { title: 'Set up a router' })
const ORDERS = [
  OPEN,
  done(31, '2025-11-21', { title: 'Fix a door that sticks', price: '190.00' }),
  done(32, '2025-11-16', { title: '安装吸顶灯', price: '110.00', payment_status: 'paid', status: 'reviewed' }),
  done(33, '2025-11-19', { title: 'Clear the drain', price: '50.00', currency: 'USD' }),
  done(34, '2025-11-15', { title: 'Hang three shelves', price: '100.00', payment_status: 'unpaid' }),
  done(35, '2025-11-14', { title: 'Paint the fence', price: '80.00', payment_status: 'refunded' }),
]

const openEarnings = async ({ edge, page }) => {
  await page.goto(`${edge.url}/earnings`)
  await page.getByRole('heading', { level: 1, name: 'Earnings' }).waitFor()
}
const weekOf = (page, title) => page.locator('main section', { has: page.getByRole('heading', { level: 3, name: title }) })
const titlesOf = (week) => week.getByRole('heading', { level: 3 }).allInnerTexts()
/** The sums of a week, as pairs of name and value. */
const sumsOf = (week) => week.locator('.facts').evaluateAll((lists) => lists.flatMap((list) => {
  const names = [...list.querySelectorAll('dt')]
  return names.map((name) => [name.textContent.trim(), name.nextElementSibling.textContent.trim()])
}))
const sumsAre = (week, expected) => poll(async () => assert.deepEqual(await sumsOf(week), expected))
const rowOf = (page, title) => page.locator('.plan > li', { hasText: title })

test('completed jobs stand by weeks, with sums that mix neither currencies nor money that may not come', () => playSignedIn(async ({ edge, context, page }) => {
  await tabTo(page, page.getByRole('link', { name: 'Earnings' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/earnings')
  await page.locator('.dock a[aria-current=page]', { hasText: 'Earnings' }).waitFor()

  const newer = weekOf(page, 'Fix a door that sticks')
  await newer.getByRole('heading', { level: 2, name: 'Week from Sun, Nov 16' }).waitFor()
  assert.deepEqual(await titlesOf(newer), ['Fix a door that sticks', 'Clear the drain', '安装吸顶灯'])
  await sumsAre(newer, [['You get', '¥270.00, 2 jobs'], ['You get', '$45.00, 1 job']])
  const door = rowOf(page, 'Fix a door that sticks')
  await door.getByText('You get ¥171.00 of ¥190.00').waitFor()
  await door.locator('time', { hasText: 'Fri' }).getByText('Nov 21').waitFor()
  await door.locator('.truth[data-truth=confirmed]').waitFor()
  await rowOf(page, '安装吸顶灯').getByText('Paid', { exact: true }).waitFor()

  const older = weekOf(page, 'Hang three shelves')
  await older.getByRole('heading', { level: 2, name: 'Week from Sun, Nov 9' }).waitFor()
  await sumsAre(older, [['Not paid by the customer yet', '¥90.00, 1 job']])
  await rowOf(page, 'Paint the fence').getByText('Money went back to the customer').waitFor()
  assert.equal(await page.locator('.plan', { hasText: 'Set up a router' }).count(), 0, 'an open job')

  await page.getByText('Your statement at the portal alone says what was paid out').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Earnings at the portal' }).getAttribute('href'), 'https://portal.example/earnings')
  await page.getByText('keeps a job for 90 days after its last change').waitFor()

  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await smallTargets(page, 48), [])
  assert.deepEqual(await losses(page), [])
  await page.evaluate(() => document.activeElement.blur())
  assert.deepEqual(await unseenStops(page), [])
  await page.getByRole('link', { name: 'Clear the drain' }).click()
  await page.waitForURL(`${edge.url}/jobs/${ORDERS[3].id}`)
}, { orders: ORDERS }))

test('work that the cloud has not confirmed is summed apart, also out of reach of the node', () => playSignedIn(async ({ edge, page }) => {
  const isShown = async () => {
    const here = rowOf(page, 'Plane a door')
    await here.locator('.truth[data-truth=tablet]').waitFor()
    await here.getByText('Completion: not at the node yet').waitFor()
    assert.equal(await here.getAttribute('data-job'), 'asked')
    await rowOf(page, 'Mend a gutter').getByText("Waiting for the cloud's confirmation.").waitFor()
    await sumsAre(weekOf(page, 'Mend a gutter'), [['You get', '¥90.00, 1 job'], ['Not confirmed by the cloud yet', '¥180.00, 1 job']])
    await poll(async () => assert.ok((await sumsOf(weekOf(page, 'Plane a door'))).some(([name, sum]) => name === 'Not confirmed by the cloud yet' && sum === '¥162.00, 1 job')))
  }
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await page.goto(`${edge.url}/jobs/${order(14).id}/complete`)
  await page.getByRole('button', { name: 'Complete this job' }).click()
  await page.locator('.toast').waitFor()
  await openEarnings({ edge, page })
  await isShown()
  await page.getByRole('heading', { level: 2, name: 'This week' }).waitFor()
  edge.goAway()
  await page.reload()
  await page.locator('.banner', { hasText: 'This tablet does not reach the North node' }).waitFor()
  await isShown()
}, {
  answer: 'later',
  orders: [
    OPEN,
    order(14, { provider_id: PEOPLE['Zhou Lei'], title: 'Plane a door', status: 'in_progress', version: 4 }),
    done(36, '2025-11-20', { title: 'Mend a gutter', price: '200.00', pending: true }),
    done(37, '2025-11-20', { title: 'Hang three shelves', price: '100.00' }),
  ],
}))

test('a node of an older version names neither fees nor days, and nothing is summed', () => playSignedIn(async ({ edge, page }) => {
  await openEarnings({ edge, page })
  const door = rowOf(page, 'Fix a door that sticks')
  await door.getByText('¥190.00', { exact: true }).waitFor()
  await door.getByText("The North node does not know the platform's fee").waitFor()
  await page.getByText('keeps jobs for a limited time').waitFor()
  assert.equal(await page.locator('.facts').count(), 0)
}, { orders: ORDERS, fees: null, keptDays: undefined }))

test('somebody who has completed nothing reads what will stand here', () => playSignedIn(async ({ edge, page }) => {
  await openEarnings({ edge, page })
  await page.getByRole('heading', { level: 2, name: 'Your earnings will appear here' }).waitFor()
  await page.getByRole('link', { name: 'See my jobs' }).click()
  await page.waitForURL('**/jobs')
}, { orders: [OPEN] }))
