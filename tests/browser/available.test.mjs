// How a provider finds work that fits them, over a gateway that answers from memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, keepPicture, PAGE_LANGUAGES, losses, poll, settled, smallTargets, tabTo, unseenStops } from './browser.mjs'
import { gateway, orderOf } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } }
const at = (time, day = 21) => `2026-11-${day}T${time}:00.000Z`
const offer = (n, from, until, change) => orderOf(n, { status: 'pending', service_start_time: from, service_end_time: until, location: 'NORTH', ...change })
/** The provider's own job, 14:00 to 16:00. On that day they work from 8:00 to 18:30. */
const OWN = orderOf(60).id
const ORDERS = [
  offer(1, at('15:00'), at('17:00'), { title: 'Clear the drain' }), offer(2, at('16:00'), at('17:00'), { title: 'Hang three shelves', price: '90.00' }),
  offer(3, at('18:00'), at('19:00'), { title: '换插座' }), offer(4, at('00:00'), at('00:00', 22), { title: 'Clean the stairs' }),
  offer(5, at('09:00'), at('10:00'), { title: 'Teach English', service_type: 'education_training', location: 'SOUTH', price: '300.00' }),
]

function atWork(change) {
  const state = gateway({ role: 'provider', orders: ORDERS.map((order) => ({ ...order })), ...change })
  Object.assign(state.profile, { verification: { state: 'verified', steps: [] }, availability: { ...state.profile.availability, saturday: ['08:00-18:30'] } })
  return state
}

const row = (page, title) => page.locator('.job', { hasText: title })
const titles = (page) => page.locator('.job h2').allInnerTexts()
const notes = (page, title) => row(page, title).locator('.fit').allInnerTexts()
const accept = (page, title) => row(page, title).getByRole('button')
const plural = (text, n) => text.split(' | ').at(n === 1 ? 0 : -1).replace('{n}', String(n))
const queryOf = (page) => Object.fromEntries(new URL(page.url()).searchParams)
/** How many rows of controls stand above the first job. */
const rowsAbove = (page) => page.evaluate(() => {
  const top = document.querySelector('.job').getBoundingClientRect().top
  const controls = [...document.querySelectorAll('#main :is(h1, .button, input, select)')].filter((one) => one.checkVisibility())
  const middles = controls.map((one) => one.getBoundingClientRect()).filter(({ bottom }) => bottom <= top).map((box) => box.top + box.height / 2)
  return middles.sort((a, b) => a - b).filter((middle, n, all) => n === 0 || middle - all[n - 1] > 20).length
})

for (const lang of PAGE_LANGUAGES) {
  for (const [name, size] of Object.entries(SIZES)) {
    test(`a job at the hours of an own one says so and waits, and one outside the working hours can be accepted, on a ${name} in ${lang}`, async () => {
      const { available } = wordsOf('cloud/portal', lang)
      const state = atWork()
      const { context, page, go, faults } = await portal.open(state, lang)
      await page.setViewportSize(size)
      await go('/available')
      assert.deepEqual(await notes(page, 'Clear the drain'), [`${available.overlaps} 厨房水龙头漏水`])
      assert.deepEqual(await notes(page, '换插座'), [available.outside])
      for (const fitting of ['Hang three shelves', 'Clean the stairs', 'Teach English']) assert.deepEqual(await notes(page, fitting), [], fitting)
      assert.equal(await row(page, 'Clear the drain').locator('.fit a').getAttribute('href'), `/jobs/${OWN}`)
      assert.equal(await accept(page, 'Clear the drain').getAttribute('aria-disabled'), 'true')
      assert.equal(await page.locator('.job button[aria-pressed]').count(), 0, 'to accept is no toggle')
      assert.equal(await accept(page, 'Clear the drain').locator('.reason').innerText(), available.overlapWaits)
      assert.deepEqual(await row(page, 'Hang three shelves').locator('.gets').allInnerTexts(), [available.gets.replace('{net}', '¥81.00')])
      assert.equal(await rowsAbove(page), 2)
      await keepPicture(page, `available/${name}-${lang}`)
      assert.deepEqual(await axe(context, page), [])
      assert.deepEqual(await losses(page), [])
      assert.deepEqual(await smallTargets(page, 36), [])

      await accept(page, 'Clear the drain').focus()
      await page.keyboard.press('Enter')
      await accept(page, '换插座').click()
      const changes = await state.changed(1)
      assert.deepEqual(changes.map(({ path }) => path), [`/orders/${ORDERS[2].id}/accept`])
      await row(page, 'Clear the drain').locator('.fit a').click()
      await page.waitForURL(`**/jobs/${OWN}`)
      assert.deepEqual(faults(), [])
      await context.close()
    })
  }

  test(`what does not fit is left out and counted, and shown again, in ${lang}`, async () => {
    const { available } = wordsOf('cloud/portal', lang)
    const { context, page, go, faults } = await portal.open(atWork({ own: { location: 'MID' } }), lang)
    await page.setViewportSize(SIZES.phone)
    await go('/available')
    const all = await titles(page)
    assert.equal(all.length, 6)
    await page.getByRole('link', { name: available.mine, exact: true }).click()
    await page.waitForURL('**/available?mine=1')
    await page.getByText(plural(available.leftOut.mine, 1)).waitFor()
    assert.equal((await titles(page)).includes('Teach English'), false)
    await page.getByRole('button', { name: available.fits }).click()
    await page.getByText(plural(available.leftOut.fits, 2)).waitFor()
    assert.deepEqual(await titles(page), ['Hang three shelves', 'Clean the stairs', '厨房水龙头漏水'])
    assert.deepEqual(queryOf(page), { mine: '1', fits: '1' })
    await keepPicture(page, `available/left-out-${lang}`)

    await page.reload()
    await settled(page)
    assert.equal((await titles(page)).length, 3, 'the address keeps it')
    await page.locator('p', { hasText: plural(available.leftOut.fits, 2) }).getByRole('link', { name: available.showThem }).click()
    await poll(async () => assert.equal((await titles(page)).length, 5))
    assert.deepEqual(queryOf(page), { mine: '1' })
    await page.locator('p', { hasText: plural(available.leftOut.mine, 1) }).getByRole('link', { name: available.showThem }).click()
    await poll(async () => assert.deepEqual(await titles(page), all))
    assert.deepEqual(faults(), [])
    await context.close()
  })

  test(`the order page says what a provider gets and which own job is in the way, in ${lang}`, async () => {
    const { available } = wordsOf('cloud/portal', lang)
    const state = atWork()
    const { context, page, go, faults } = await portal.open(state, lang)
    await page.setViewportSize(SIZES.phone)
    await go(`/jobs/${ORDERS[0].id}`)
    const panel = page.locator('.ticket.do')
    await panel.getByText(available.terms.replace('{net}', '¥162.00').replace('{price}', '¥180.00').replace('{fee}', '¥18.00')).waitFor()
    assert.deepEqual(await panel.locator('.fit').allInnerTexts(), [`${available.overlaps} 厨房水龙头漏水`])
    const button = panel.locator('.button[data-kind=act]')
    assert.equal(await button.locator('.reason').innerText(), available.overlapWaits)
    await keepPicture(page, `available/order-${lang}`)
    await button.focus()
    await page.keyboard.press('Enter')
    assert.deepEqual(state.changes(), [])
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await losses(page), [])

    await go(`/jobs/${ORDERS[2].id}`)
    assert.deepEqual(await panel.locator('.fit').allInnerTexts(), [available.outside])
    await button.click()
    assert.deepEqual((await state.changed(1)).map(({ path }) => path), [`/orders/${ORDERS[2].id}/accept`])
    assert.deepEqual(faults(), [])
    await context.close()
  })

  test(`a double booking that only the cloud saw says what to do, and the conflict desk knows its case, in ${lang}`, async () => {
    const { problem, case: cases, code } = wordsOf('cloud/portal', lang)
    const state = atWork({ own: { service_start_time: null } })
    const { context, page, go } = await portal.open(state, lang)
    await page.route('**/accept', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', json: { status: 409, title: 'The sentence of the cloud.', code: 'double_booked' } }))
    await go('/available')
    assert.deepEqual(await notes(page, 'Clear the drain'), [])
    await accept(page, 'Clear the drain').click()
    const banner = page.locator('.banner[data-tone=needs]')
    await banner.getByText('The sentence of the cloud.').waitFor()
    await banner.getByText(problem.next.double_booked).waitFor()
    assert.equal(await accept(page, 'Clear the drain').getAttribute('aria-disabled'), null)
    await context.close()

    const desk = gateway()
    Object.assign(desk.deskCases[0], { kind: 'double_booked', code: 'double_booked' })
    const admin = await portal.open(desk, lang)
    await admin.go(`/conflicts/case-${desk.deskCases[0].id}`)
    await admin.page.getByRole('heading', { name: cases.double_booked.title }).first().waitFor()
    await admin.page.getByText(cases.double_booked.advice).waitFor()
    await admin.page.getByText(code.double_booked).first().waitFor()
    assert.deepEqual(admin.faults(), [])
    await admin.context.close()
  })
}

test('open jobs are filtered by keyboard, with the own areas and kinds first, and the address keeps the filters', async () => {
  const state = atWork()
  const { context, page, go, faults } = await portal.open(state)
  const lists = () => state.asked.filter(({ path }) => path === '/orders/available').map(({ query }) => query)
  await go('/available?sort=price_low')
  const filters = page.getByRole('button', { name: /^Filters/ })
  assert.equal(await page.getByLabel('Words, or a code').isVisible(), false)
  await tabTo(page, filters)
  await page.keyboard.press('Enter')
  assert.equal(await filters.getAttribute('aria-expanded'), 'true')
  await keepPicture(page, 'available/filters-desktop')
  assert.deepEqual(await page.getByLabel('Region').evaluate((select) => [...select.querySelectorAll('optgroup')].map((group) => [group.label, ...[...group.children].map((one) => one.value)])), [['Yours', 'NORTH', 'MID'], ['Others', 'SOUTH', 'EAST', 'WEST']])
  assert.equal(await page.getByLabel('Kind', { exact: true }).locator('optgroup').first().locator('option').count(), 2)
  await tabTo(page, page.getByLabel('Words, or a code'))
  await page.keyboard.type('shelves')
  await tabTo(page, page.getByLabel('Price from'))
  await page.keyboard.type('80')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/available?**q=shelves**')
  await poll(async () => assert.deepEqual(await titles(page), ['Hang three shelves']))
  await page.getByLabel('Kind', { exact: true }).selectOption({ label: 'Cleaning and repair' })
  await page.getByLabel('Region').selectOption({ label: 'North' })
  await page.getByRole('button', { name: 'Filters (4)' }).waitFor()
  assert.deepEqual(queryOf(page), { q: 'shelves', region: 'NORTH', service: 'cleaning_repair', least: '80', sort: 'price_low' })
  await poll(async () => assert.deepEqual(lists().at(-1), { limit: '100', text: 'shelves', region: 'NORTH', service_type: 'cleaning_repair', price_min: '80.00', sort: 'price_low' }))
  await page.reload()
  await settled(page)
  assert.deepEqual(await titles(page), ['Hang three shelves'])
  assert.equal(await page.getByLabel('Words, or a code').inputValue(), 'shelves')

  await page.getByRole('button', { name: 'Filters (4)' }).click()
  await page.getByLabel('Words, or a code').fill('nothing')
  await page.getByRole('button', { name: 'Search' }).click()
  await page.getByRole('heading', { name: 'No open job has all of this' }).waitFor()
  await page.locator('.empty').getByRole('link', { name: 'Show all' }).click()
  await poll(async () => assert.equal((await titles(page)).length, 6))
  assert.deepEqual(queryOf(page), { sort: 'price_low' })
  const before = lists().length
  await page.getByLabel('Price from').fill('much')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Nothing is asked for yet' }).waitFor()
  await page.getByText('Enter an amount such as 90.00.').waitFor()
  assert.equal(lists().length, before)
  await page.evaluate(() => document.activeElement.blur())
  assert.deepEqual(await unseenStops(page), [])
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(faults(), [])
  await context.close()
})
