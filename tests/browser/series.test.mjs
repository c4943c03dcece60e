// A job that repeats: a customer publishes it and cancels the rest, a provider accepts what fits, an admin approves all of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo } from './browser.mjs'
import { gateway, orderOf, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 }, narrow: { width: 320, height: 800 } }
const SERIES = '0193a1c2-0000-7000-8000-000000000950'
const at = (day, time) => new Date(Date.parse(`2026-11-01T${time}:00.000Z`) + (day - 1) * 24 * 60 * 60 * 1000).toISOString()
/** Mondays at ten, save the last: it is on a Saturday, when the provider has another job. */
const inSeries = (n, change) => orderOf(10 + n, {
  status: 'pending', location: 'NORTH', title: 'Clean the stairs', service_start_time: at(16 + 7 * n, '10:00'), service_end_time: at(16 + 7 * n, '12:00'),
  series: { id: SERIES, number: n, occurrences: 4 }, ...change,
})
const series = (change) => [1, 2].map((n) => inSeries(n, change))
const changes = (state) => state.changes().map(({ method, path, body }) => [method, path, body])

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

/** The second step, with tomorrow from two to four. */
async function openTimes(state, lang = 'en') {
  const opened = await portal.open(state, lang)
  const { page, go } = opened
  const words = wordsOf('cloud/portal', lang)
  const { service } = wordsOf('protocol/web', lang)
  await go('/publish/1')
  await page.locator('input[name=service]').first().check()
  await page.getByLabel(words.publish.line).fill('Clean the stairs')
  await page.getByRole('button', { name: words.publish.next1 }).click()
  await page.locator('input[name=region]').first().check()
  await page.getByLabel(words.publish.street).fill('望京街道 12')
  await page.locator('input[name=day]').nth(1).check()
  assert.equal(await page.locator('input[name=repeat]').count(), 0, 'a job without an hour does not repeat')
  await page.locator('input[name=hours]').nth(3).check()
  return { ...opened, words, service }
}

test('a customer publishes a job that repeats, and reads its dates before', async () => {
  const state = Object.assign(gateway({ role: 'customer' }), { dates: [0, 3, 7, 10] })
  const { context, page, faults } = await openTimes(state)
  await tabTo(page, page.getByRole('radio', { name: 'Never' }))
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  assert.equal(await page.getByRole('radio', { name: 'Every week' }).isChecked(), true)
  // The 22nd of November 2026 is a Sunday.
  assert.equal(await page.getByRole('checkbox', { name: 'Sunday' }).isChecked(), true)
  await page.getByRole('checkbox', { name: 'Wednesday' }).check()
  await page.getByLabel('How many times').fill('1')
  await page.getByRole('button', { name: 'Next: price' }).click()
  const times = page.getByLabel('How many times')
  await page.getByRole('link', { name: 'Enter a number from 2 to 26.' }).click()
  await poll(async () => assert.equal(await times.evaluate((field) => field === document.activeElement), true))
  assert.equal(await times.getAttribute('aria-invalid'), 'true')
  assert.match(await times.getAttribute('aria-describedby'), /repeat-count-error/)
  await page.getByRole('radio', { name: 'Never' }).check()
  await page.getByRole('radio', { name: 'Every week' }).check()
  assert.equal(await page.getByRole('checkbox', { name: 'Wednesday' }).isChecked(), true, 'what was chosen before is kept')
  await page.getByLabel('How many times').fill('4')
  await page.getByRole('heading', { name: '4 dates' }).waitFor()
  const dates = page.getByRole('region', { name: 'The dates' })
  assert.deepEqual(await dates.getByRole('listitem').allInnerTexts(), ['Sun, Nov 22, 14:00', 'Wed, Nov 25, 14:00', 'Sun, Nov 29, 14:00', 'Wed, Dec 2, 14:00'])
  const asked = changes(state).filter(([, path]) => path === '/orders/occurrences').at(-1)[2]
  assert.deepEqual(asked, { rule: 'FREQ=WEEKLY;BYDAY=WE,SU;COUNT=4', time_zone: 'UTC', service_start_time: at(22, '14:00'), service_end_time: at(22, '16:00') })
  await page.getByRole('button', { name: 'Next: price' }).click()
  await page.getByText('This is the price of each date.').waitFor()
  await page.getByLabel('In total, in yuan').fill('180')
  await page.getByText('Draft, on this device').waitFor()
  await page.reload()
  await page.getByRole('button', { name: 'Publish for approval' }).click()
  await page.waitForURL('**/orders/*')
  const [published] = changes(state).filter(([, path]) => path === '/orders')
  assert.deepEqual(published[2].repeat, { rule: 'FREQ=WEEKLY;BYDAY=WE,SU;COUNT=4', time_zone: 'UTC' })
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the first date keeps its day of the week, and without an hour the job does not repeat', async () => {
  const state = Object.assign(gateway({ role: 'customer' }), { dates: [0, 7] })
  const { context, page } = await openTimes(state)
  await page.getByRole('radio', { name: 'Every week' }).check()
  const sunday = page.getByRole('checkbox', { name: 'Sunday' })
  await sunday.click()
  await poll(async () => assert.equal(await sunday.isChecked(), true))
  await page.getByRole('radio', { name: /^Today/ }).check()
  await poll(async () => assert.equal(await sunday.isChecked(), false, 'today is a Saturday'))
  assert.equal(await page.getByRole('checkbox', { name: 'Saturday' }).isChecked(), true)
  await page.getByRole('radio', { name: 'Any time', exact: true }).check()
  await page.getByRole('button', { name: 'Next: price' }).click()
  await page.getByLabel('In total, in yuan').fill('180')
  await page.getByRole('button', { name: 'Publish for approval' }).click()
  await page.waitForURL('**/orders/*')
  const [published] = changes(state).filter(([, path]) => path === '/orders')
  assert.equal(published[2].repeat, undefined)
  await context.close()
})

test('a repeat waits while there is no hour', async () => {
  const state = Object.assign(gateway({ role: 'customer' }), { dates: [0, 7] })
  const { context, page } = await openTimes(state)
  await page.getByRole('radio', { name: 'Every week' }).check()
  await page.getByRole('checkbox', { name: 'Wednesday' }).check()
  const soFar = page.locator('.ticket').getByText('Every week')
  await soFar.waitFor()
  await page.getByRole('radio', { name: 'Any time', exact: true }).check()
  await soFar.waitFor({ state: 'detached' })
  await page.getByRole('radio', { name: /^Today/ }).check()
  await page.locator('input[name=hours]').nth(3).check()
  await soFar.waitFor()
  const days = page.locator('input[name=repeat-days]:checked')
  assert.deepEqual(await days.evaluateAll((all) => all.map(({ value }) => value)), ['WE', 'SA'], 'with the day of the new first date')
  await context.close()
})

test('a date that does not exist is told of, and so is a rule that the cloud refuses', async () => {
  const state = Object.assign(gateway({ role: 'customer' }), { dates: [0, 61] })
  const { context, page } = await openTimes(state)
  await page.getByRole('radio', { name: 'Every month' }).check()
  await page.getByText('A date before this one is left out').waitFor()
  delete state.dates
  await page.getByRole('radio', { name: 'On a day' }).check()
  await page.getByLabel('Last day').fill('2029-01-01')
  await page.getByText('The last date is at most a year after the first.').waitFor()
  await context.close()
})

test('a customer cancels the rest of a series and reads what came out for each', async () => {
  const orders = series({ status: 'accepted', provider_id: PEOPLE.provider.user_id })
  const state = Object.assign(gateway({ role: 'customer', orders: [...orders, inSeries(3, { status: 'completed' })] }), { refused: { [orders[0].id]: 'terms_changed', [orderOf(13).id]: 'wrong_state' } })
  const { context, page, go, faults } = await portal.open(state)
  await go('/orders')
  await page.locator('.job', { hasText: orders[0].code }).getByText('1 of 4').waitFor()
  await go(`/orders/${orders[0].id}`)
  const card = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'A job that repeats: 1 of 4' }) })
  assert.equal(await card.locator('li').count(), 3)
  await card.getByText('1 more that you cannot see.').waitFor()
  assert.equal(await card.getByRole('link', { name: /^Mon, Nov 30/ }).getAttribute('href'), `/orders/${orders[1].id}`)
  await card.getByRole('button', { name: 'Cancel this date and the later ones (2)' }).click()
  await page.locator('dialog[open]').getByLabel(/^Reason/).fill(' We move. ')
  await page.locator('dialog[open]').getByRole('button', { name: /^Cancel this date/ }).click()
  await card.getByText('1 of 2 cancelled').waitFor()
  await card.getByText('2 of 4: cancelled.').waitFor()
  await card.getByText('1 of 4: not cancelled.').waitFor()
  assert.deepEqual(changes(state), [['POST', `/orders/${orders[0].id}/series/cancel`, { reason: 'We move.' }]])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a cancel without an answer is sent again under its key, and with another reason under another', async () => {
  const orders = series({ status: 'accepted', provider_id: PEOPLE.provider.user_id })
  const state = gateway({ role: 'customer', orders })
  const path = `/orders/${orders[0].id}/series/cancel`
  state.silent = [path]
  const { context, page, go } = await portal.open(state)
  await go(`/orders/${orders[0].id}`)
  const cancel = async (reason, count) => {
    await page.getByRole('button', { name: 'Cancel this date and the later ones (2)' }).click()
    await page.locator('dialog[open]').getByLabel(/^Reason/).fill(reason)
    await page.locator('dialog[open]').getByRole('button', { name: /^Cancel this date/ }).click()
    await state.changed(count)
    await page.locator('.card').getByText('This part of Holdfast does not answer now.').waitFor()
  }
  await cancel('We move.', 1)
  await cancel('We move.', 2)
  await cancel('We stay away.', 3)
  const [first, again, other] = state.changes().map(({ headers }) => headers['idempotency-key'])
  assert.equal(again, first)
  assert.notEqual(other, first)
  await context.close()
})

/** The third is at the hours of the provider's own job, the fourth on a day on which they do not work. */
const MIXED = [inSeries(1), inSeries(2), inSeries(3, { service_start_time: at(21, '15:00'), service_end_time: at(21, '17:00') }), inSeries(4, { service_start_time: at(29, '10:00'), service_end_time: at(29, '12:00') })]

function atWork(change) {
  const state = gateway({ role: 'provider', orders: MIXED.map((order) => ({ ...order })), ...change })
  Object.assign(state.profile, { verification: { state: 'verified', steps: [] }, availability: { ...state.profile.availability, saturday: ['08:00-18:30'] } })
  return state
}

test('a provider accepts all dates that fit, one by one', async () => {
  const state = Object.assign(atWork(), { refused: { [MIXED[1].id]: 'order_already_accepted' } })
  const { context, page, go, faults } = await portal.open(state)
  await go('/available')
  await page.locator('.job', { hasText: MIXED[0].code }).getByText('repeats, 4 times').waitFor()
  await go(`/jobs/${MIXED[0].id}`)
  const card = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'A job that repeats: 1 of 4' }) })
  await card.getByText('Left out: 3 of 4, Sat, Nov 21, 15:00–17:00. You have another job then.').waitFor()
  await card.getByText('Left out: 4 of 4, Sun, Nov 29, 10:00–12:00. It is outside your hours.').waitFor()
  await card.getByRole('button', { name: 'Accept all that fit you (2)' }).click()
  await card.getByText('1 of 4: accepted.').waitFor()
  await card.getByText('2 of 4: not accepted.').waitFor()
  assert.deepEqual(changes(state).map(([, path]) => path), [1, 2].map((n) => `/orders/${MIXED[n - 1].id}/accept`))
  const keys = state.changes().map(({ headers }) => headers['idempotency-key'])
  assert.equal(new Set(keys).size, 2)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an admin approves all of a series, and takes it back', async () => {
  const waiting = [3, 1, 2].map((n) => inSeries(n, { status: 'pending_review' }))
  const state = gateway({ orders: [...waiting, orderOf(20)] })
  const { context, page, go, faults } = await portal.open(state)
  await go(`/approvals?at=${waiting[1].id}`)
  const panel = page.getByRole('complementary', { name: 'The order you look at' })
  await panel.getByText('1 of 4').waitFor()
  const all = panel.getByRole('button', { name: 'Approve all 3 of this series' })
  await all.click()
  await page.getByRole('heading', { name: '1 to approve' }).waitFor()
  await page.keyboard.press('u')
  await page.getByRole('heading', { name: '4 to approve' }).waitFor()
  assert.deepEqual(state.changes(), [])
  await go(`/approvals?at=${waiting[1].id}`)
  await all.click()
  await context.clock.runFor(11_000)
  await state.changed(3)
  assert.deepEqual(changes(state).map(([, path]) => path).sort(), waiting.map(({ id }) => `/orders/${id}/approve`).sort())
  assert.deepEqual(faults(), [])
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`the pages of a series, in ${lang}`, async () => {
    const check = async (context, page, name, shown) => {
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport)
        await settled(page)
        await page.locator(shown).evaluate((part) => part.scrollIntoView({ block: 'center' }))
        await keepPicture(page, `portal/series-${name}-${size}-${lang}-light`)
        assert.deepEqual(await smallTargets(page, 24), [])
        if (size === 'wide') assert.deepEqual(await losses(page), [])
      }
      if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
      await page.emulateMedia({ colorScheme: 'dark' })
      assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
      await page.emulateMedia({ colorScheme: 'light' })
    }
    const form = await openTimes(Object.assign(gateway({ role: 'customer' }), { dates: [0, 7, 21, 28] }), lang)
    await form.page.locator('input[name=repeat][value=weekly]').check()
    await form.page.locator('.repeat-dates ol').waitFor()
    await check(form.context, form.page, 'times', '.repeat-dates')
    assert.deepEqual(form.faults(), [])
    await form.context.close()
    const job = await portal.open(atWork(), lang)
    await job.go(`/jobs/${MIXED[0].id}`)
    await job.page.locator('.series').waitFor()
    await check(job.context, job.page, 'job', '.series')
    assert.deepEqual(job.faults(), [])
    await job.context.close()
  })
}
