// One job's whole journey on a real platform, told on its screens: somebody registers and publishes, an admin approves, a
// tablet in a region that is cut off takes the job, does it and ends it, the customer pays and reviews, and the provider is
// paid out. Inboxes, counters, ratings, ledger and payout are right at each step.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { poll } from './browser.mjs'
import { apiOf } from './platform.mjs'
import { approve, DESK, heading, keep, openStage, seeJobPhoto, seen, SETTLES_AT_ONCE, writeJob } from './scenes.mjs'

const EVERY_FIVE_SECONDS = '*/5 * * * * *'
const LAMP = { title: 'Stair light stays dark', details: 'The switch is warm.', street: '7 Harbour Road', price: '260.00', hasPhoto: true }
const SHARE = '¥234.00'
const WORDS = 'On time, and left it tidy.'

let platform, play, close

before(async () => {
  ({ platform, play, close } = await openStage({ ...SETTLES_AT_ONCE, HOLDFAST__PAYMENT__PAYOUTS_AT: EVERY_FIVE_SECONDS }))
})

after(() => close?.())

async function register(page, username) {
  await page.goto(`${platform.gateway}/register/customer`)
  await page.fill('#username', username)
  await page.fill('#email', `${username}@example.com`)
  await page.fill('#password', `${username}-password`)
  await page.getByRole('button', { name: 'Register' }).click()
  await page.waitForURL('**/publish/1')
}

/** A line of an open inbox, which has come by itself. */
const told = (inbox, title, says = LAMP.title) => inbox.locator('.inbox li', { hasText: says }).getByRole('heading', { name: title }).waitFor()
const unread = (page, n) => page.getByRole('navigation').getByRole('link', { name: 'Inbox' }).filter({ hasText: String(n) }).first().waitFor()

/** What the provider's own profile counts. */
async function counted(api) {
  const { user_id: id, total_reviews: reviews, completed_orders: completed } = await api.get('/users/me/profile')
  const { rating_distribution: stars } = await api.get(`/providers/${id}/rating`)
  return { reviews, completed, five: stars[5] }
}

const standing = async () => (await fetch(`${platform.edges.NORTH.http}/standing`)).json()
const gate = (admin, to) => admin.put('/admin/regions/NORTH', { gate: to })

/** Requested, begun and completed while nobody else can hear of it. */
async function workCutOff(page, { id }) {
  const node = page.locator('.truth', { hasText: 'At the regional node' }).first()
  await heading(page, 'This region is cut off from the cloud')
  const row = page.locator('.job', { hasText: LAMP.title })
  // What is released later, by the node's copy of the platform's fee.
  await row.getByText(`You get ${SHARE}`, { exact: true }).waitFor()
  await row.getByRole('button', { name: `Request this job: ${LAMP.title}. You get ${SHARE} of ¥260.00` }).click()
  await row.locator('.truth', { hasText: 'At the regional node' }).waitFor()
  await page.locator('.dock a[href="/jobs"]').click()
  await page.locator('.job', { hasText: LAMP.title }).getByRole('link').first().click()
  await page.waitForURL(`**/jobs/${id}`, { waitUntil: 'commit' })
  await seen(page, 'Nothing is held for this job yet')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.locator('.status', { hasText: 'In progress' }).waitFor()
  await page.getByRole('link', { name: 'Complete this job' }).click()
  await page.locator('main textarea').fill('The switch is new.')
  await page.locator('main form').getByRole('button', { name: 'Complete this job' }).click()
  await page.locator('.status', { hasText: 'Completed' }).waitFor()
  await node.waitFor()
  await keep(page, '16-done-while-cut-off')
  await page.locator('.dock a[href="/queue"]').click()
  await page.locator('.queue .item .truth', { hasText: 'At the regional node' }).nth(2).waitFor()
}

async function pay(page) {
  const button = page.getByRole('button', { name: 'Pay ¥260.00' })
  await button.waitFor()
  await button.dblclick()
  await heading(page, 'Paid to the provider')
  await seen(page, 'You paid ¥260.00')
}

async function review(page) {
  await page.getByRole('button', { name: 'Review the work' }).click()
  await page.locator('#review .tile', { hasText: '5 stars, very good' }).click()
  await page.fill('#review-comment', WORDS)
  await page.getByRole('button', { name: 'Hand in this review' }).click()
  await seen(page, 'Confirmed: your review is published')
  await page.locator('.order-head .status', { hasText: 'Reviewed' }).waitFor()
  await keep(page, '17-reviewed')
}

/** The whole share is earned, and sent. The page is asked anew until the next payout has gone. */
async function readPayout(page, { code }) {
  await page.goto(`${platform.gateway}/earnings`)
  const earned = page.getByRole('table', { name: 'Job by job' }).locator('tbody tr', { hasText: code })
  for (const said of [SHARE, 'Yours']) await earned.getByText(said, { exact: true }).first().waitFor()
  await page.getByRole('link', { name: "This month's statement" }).click()
  await page.waitForURL('**/statements/*')
  const lines = page.locator('.statement tbody tr')
  await poll(async () => {
    await page.reload()
    await lines.filter({ hasText: code }).getByText(SHARE).first().waitFor()
    await lines.filter({ hasText: 'Payout' }).getByText(SHARE).first().waitFor({ timeout: 1_000 })
  })
  await keep(page, '18-paid-out')
  await page.goto(`${platform.gateway}/earnings`)
  await page.locator('.totals > div', { hasText: 'In your balance' }).getByText('¥0.00').waitFor()
}

async function readBooks(page, { code }) {
  await page.goto(`${platform.gateway}/money?view=order`)
  await page.getByLabel('Code of the order, or an id').fill(code)
  await page.keyboard.press('Enter')
  await heading(page, `The books of ${code}`)
  await seen(page, 'Balanced: the sum is zero')
  assert.equal(await page.getByRole('table', { name: 'Payments' }).locator('tbody tr').count(), 1, 'two clicks paid once')
}

test('a job goes from a registration to the payout, through a region that is cut off', () => play(async ({ open, portal, tablet, tab }) => {
  const [admin, own] = await Promise.all([apiOf(platform, 'admin-two'), apiOf(platform, 'provider-north')])
  // Work may begin before it is paid, where nobody can see whether it is.
  await admin.put('/admin/assignments/NORTH', { rules: { unpaid_start: true } })
  const before = await counted(own)

  const customer = await open('customer-journey', DESK)
  await register(customer, 'customer-journey')
  const order = await writeJob(customer, LAMP)
  await seeJobPhoto(customer)
  const inbox = await tab(customer, '/inbox')
  await told(inbox, 'Order published')
  const [desk, atWork, provider] = await Promise.all([portal('admin'), tablet('NORTH', 'provider-north'), portal('provider-north')])
  await seeJobPhoto(await tab(desk, `/approvals?at=${order.id}`))
  await approve(desk, order)
  // A page that goes sends its decisions.
  await desk.goto(`${platform.gateway}/money?view=order`)
  await told(inbox, 'Order approved')
  await seeJobPhoto(await tab(provider, `/jobs/${order.id}`))
  await atWork.locator('.job', { hasText: LAMP.title }).waitFor()
  await poll(async () => assert.equal((await standing()).unpaid_start, true))

  const news = await tab(provider, '/inbox')
  await gate(admin, 'closed')
  await workCutOff(atWork, order)
  await customer.locator('.order-head .status', { hasText: 'Open' }).waitFor()
  await gate(admin, 'open')
  await customer.locator('.order-head .status', { hasText: 'Completed' }).waitFor()
  for (const title of ['Order accepted', 'Order completed']) await told(inbox, title)
  await told(news, 'The job is yours')
  await atWork.locator('main ul.stack > li.apart', { hasText: LAMP.title }).nth(2).waitFor()
  assert.equal((await counted(own)).reviews, before.reviews)

  await pay(customer)
  await told(inbox, 'Payment received', '¥260.00')
  await told(news, 'Money released', '¥234.00')
  await review(customer)
  await told(news, 'A new review')
  await unread(inbox, await inbox.locator('.inbox li').count())
  await readPayout(provider, order)
  await told(news, 'Payout sent', '¥234.00')

  const counts = { reviews: before.reviews + 1, completed: before.completed + 1, five: before.five + 1 }
  await poll(async () => assert.deepEqual(await counted(own), counts))
  await provider.goto(`${platform.gateway}/reviews`)
  await seen(provider, WORDS)
  await seen(provider, new RegExp(`^${counts.reviews} reviews? counts?$`))
  await keep(provider, '19-rating')
  await readBooks(desk, order)
  await poll(async () => {
    const { differences, waiting } = await admin.get('/payments/reconciliation')
    assert.deepEqual([differences, waiting], [[], []], 'orders, payments, the books and the adapter agree')
  })
}))
