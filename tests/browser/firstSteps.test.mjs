// How new people are led: a provider to the first job, a customer to the first order, and an
// admin of a fresh platform to what is to be set up.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo, unseenStops } from './browser.mjs'
import { gateway, orderOf, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

const PAPER = { name: 'Electrician', number: '44', issuer: 'The city' }
const WAITING = { state: 'waiting', submitted_at: '2026-11-20T08:40:00.000Z', steps: [] }
const REJECTED = { state: 'rejected', steps: [{ act: 'submitted', at: '2026-11-20T08:40:00.000Z', by: PEOPLE.provider.user_id }, { act: 'rejected', at: '2026-11-20T09:00:00.000Z', by: PEOPLE.admin.user_id, reason: '证书照片看不清。' }] }
const NEWCOMER = { is_complete: false, full_name: '', phone_number: '', skills: [], service_areas: [], certifications: [], availability: {}, verification: { state: 'none', steps: [] } }

/** A provider who is not verified, at a board with two jobs. */
function newProvider(profile = NEWCOMER) {
  const state = gateway({ role: 'provider', orders: [orderOf(1, { status: 'pending', location: 'NORTH' })], own: { provider_id: null, status: 'pending' } })
  Object.assign(state.profile, profile)
  return state
}

const card = (page, name = 'Before your first job') => page.getByRole('region', { name })
/** Each step's name, and its state in words. */
const steps = (page, name) => card(page, name).getByRole('listitem').evaluateAll((all) => all.map((one) => [...one.querySelector('.row').children].map((part) => part.textContent.trim()).join(': ')))
const close = (page, name = 'Before your first job') => page.getByRole('button', { name: `Close: ${name}` })
const places = (page, name) => card(page, name).getByRole('link').evaluateAll((all) => all.map((one) => new URL(one.href).pathname + new URL(one.href).search))
const gone = async (locator) => poll(async () => assert.equal(await locator.count(), 0))

test('a new provider is led step by step, by keyboard, until an admin has to act', async () => {
  const state = newProvider()
  state.address = { email: 'wang@example.org', is_confirmed: false, pending: null }
  const { context, page, go, faults } = await portal.open(state)
  await go('/available')
  assert.deepEqual(await steps(page), ['Name, skills and regions in your profile: Next', 'E-mail address confirmed: Still to do', 'Certificate handed in: Still to do', 'Verified by an administrator: Still to do', 'Your working hours: If you like'])
  await card(page).getByText('Still missing: Name, Telephone, Skills, Regions').waitFor()
  assert.deepEqual(await places(page), ['/account', '/profile?part=certificates', '/profile?part=certificates', '/profile?part=hours', '/profile'])
  await tabTo(page, card(page).getByRole('link', { name: 'Fill in your profile' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/profile')
  await card(page).getByText('It is made below, on this page.').waitFor()

  await page.getByLabel('Name', { exact: true }).fill('王建国')
  await page.getByLabel('Telephone').fill('+8613800138000')
  await page.getByLabel('North').check()
  await page.getByLabel('Skills').fill('taps, locks')
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await poll(async () => assert.deepEqual((await steps(page)).slice(0, 2), ['Name, skills and regions in your profile: Done', 'E-mail address confirmed: Next']))
  await card(page).getByText('A code was mailed to wang@example.org.').waitFor()
  await card(page).getByRole('link', { name: 'Confirm your e-mail address' }).click()
  await page.waitForURL('**/account')
  await page.getByLabel('Code of the mail').fill('K7QM-2XPD')
  await page.getByRole('button', { name: 'Confirm the address' }).click()
  await page.getByRole('link', { name: 'To my first page' }).click()
  await page.waitForURL('**/available')

  state.profile.certifications = [PAPER]
  await go('/profile')
  await card(page).getByText('Your certificate is there. Hand it in to be verified.').waitFor()
  await tabTo(page, card(page).getByRole('link', { name: 'Go to your certificates' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/profile?part=certificates')
  await poll(async () => assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the button that had the focus is gone'))

  await go('/available')
  await card(page).getByRole('link', { name: 'Go to your certificates' }).click()
  await page.getByRole('button', { name: 'Hand in to be verified' }).click()
  await poll(async () => assert.deepEqual((await steps(page)).slice(2), ['Certificate handed in: Done', 'Verified by an administrator: Waits since 08:40', 'Your working hours: Next']))

  // The board read the profile just before, and has the new state all the same.
  await page.getByRole('link', { name: 'Available', exact: true }).click()
  await page.waitForURL('**/available')
  await poll(async () => assert.equal((await steps(page))[3], 'Verified by an administrator: Waits since 08:40'))
  await card(page).getByRole('link', { name: 'Set your hours' }).waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('jobs that cannot be accepted yet stay readable, and lead to the step that is missing', async () => {
  const state = newProvider({ certifications: [] })
  const { context, page, go, faults } = await portal.open(state)
  await go('/available')
  const row = page.locator('.job', { hasText: '厨房水龙头漏水' }).first()
  await row.getByText('You get ¥162.00 of ¥180.00').waitFor()
  assert.equal(await page.getByRole('button', { name: /^Accept/ }).count(), 0)
  assert.deepEqual(await page.locator('.job > a.button').evaluateAll((all) => all.map((one) => one.getAttribute('href'))), ['/profile?part=certificates', '/profile?part=certificates'])
  await tabTo(page, row.getByRole('link', { name: /^Verify first/ }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/profile?part=certificates')
  await card(page).getByText('Add a certificate, with a picture of it, then hand it in.').waitFor()

  await go(`/jobs/${orderOf(60).id}`)
  await page.getByText('You can accept jobs once you are verified').waitFor()
  await page.getByText('¥180.00').first().waitFor()
  assert.equal(await page.getByRole('link', { name: /^Verify first/ }).getAttribute('href'), '/profile?part=certificates')

  state.profile.verification = WAITING
  await go('/available')
  assert.equal(await page.locator('.job').getByRole('link', { name: /^Waits for verification/ }).count(), 2)
  state.profile.verification = REJECTED
  await go('/jobs')
  assert.equal((await steps(page))[3], 'Verified by an administrator: Needs you')
  assert.equal(await card(page).getByText('证书照片看不清。').getAttribute('lang'), 'zh-CN')
  assert.equal(await card(page).getByRole('link', { name: 'Correct your certificates' }).getAttribute('href'), '/profile?part=certificates')

  state.profile.verification = { state: 'verified', steps: [] }
  for (const path of ['/jobs', '/profile', '/available']) {
    await go(path)
    assert.equal(await card(page).count(), 0, path)
  }
  assert.ok((await page.getByRole('button', { name: /^Accept/ }).count()) > 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a closed card stays closed for its reader, and returns when they try to accept a job', async () => {
  const state = newProvider()
  const { context, page, go, faults } = await portal.open(state)
  await go('/available')
  await tabTo(page, close(page))
  await page.keyboard.press('Enter')
  await gone(card(page))
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
  for (const path of ['/available', '/jobs', '/profile', `/jobs/${orderOf(60).id}`]) {
    await go(path)
    assert.equal(await card(page).count(), 0, path)
  }
  const look = await page.evaluate(() => JSON.parse(window.localStorage.getItem('holdfast.look')).closed)
  assert.deepEqual(look, [`first-job ${PEOPLE.provider.user_id}`])
  assert.deepEqual(state.changes(), [], 'the browser remembers it alone')

  await page.getByRole('button', { name: /account/ }).first().click()
  await page.getByRole('radio', { name: 'Dark' }).check()
  await go('/available')
  assert.equal(await card(page).count(), 0, 'another choice for the look keeps it')
  await page.getByRole('link', { name: /^Verify first/ }).first().click()
  await page.waitForURL('**/profile')
  await card(page).waitFor()
  await go('/available')
  await card(page).waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a customer without orders reads what Holdfast does, and an example fills the form', async () => {
  const state = gateway({ role: 'customer', orders: [] })
  state.orders = []
  const { context, page, go, faults } = await portal.open(state)
  const name = 'Your first job on Holdfast'
  await go('/orders')
  await card(page, name).getByText('An administrator looks at it').waitFor()
  assert.equal(await page.getByRole('main').getByRole('link', { name: /Publish/ }).count(), 1, 'one way on')
  assert.equal(await card(page, name).getByRole('link', { name: 'Publish your first job' }).getAttribute('href'), '/publish/1')
  await tabTo(page, card(page, name).getByRole('button', { name: 'Kitchen tap drips' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/publish/1')
  assert.equal(await page.getByLabel('In one line').inputValue(), 'Kitchen tap drips')
  assert.match(await page.getByLabel('What should the provider know?').inputValue(), /once a second/)
  assert.equal(await page.getByLabel('Cleaning and repair').isChecked(), true)
  await page.getByLabel('In one line').fill('Bathroom tap drips')
  await page.getByText('Draft, on this device').waitFor()

  await go('/orders')
  await card(page, name).getByRole('button', { name: 'Set up a router and two printers' }).click()
  await page.getByText('A draft that you began before is open').waitFor()
  assert.equal(await page.getByLabel('In one line').inputValue(), 'Bathroom tap drips', 'what the person wrote stays')

  await go('/orders?status=rejected')
  assert.equal(await card(page, name).count(), 0)
  await go('/orders')
  await close(page, name).click()
  await page.getByRole('heading', { name: 'Your orders will appear here' }).waitFor()
  await page.reload()
  await settled(page)
  assert.equal(await card(page, name).count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an order shows its customer the states to come, with the present one marked', async () => {
  const PAID = { status: 'accepted', provider_id: PEOPLE.provider.user_id, payment_status: 'held' }
  const state = gateway({ role: 'customer', own: { status: 'pending_review', provider_id: null } })
  const { context, page, go, faults } = await portal.open(state)
  const own = state.orders.at(-1)
  const stages = page.locator('ol.stages li')
  const present = async () => [await stages.allInnerTexts(), await page.locator('.stages [aria-current=step]').allInnerTexts()]
  const shown = async (change) => {
    Object.assign(own, change)
    await go(`/orders/${own.id}`)
    return (await present())[1]
  }
  assert.deepEqual(await shown({}), ['Approval'])
  assert.deepEqual((await stages.allInnerTexts()).map((text) => text.replace(/,.*/s, '')), ['Approval', 'A provider accepts', 'Payment', 'Work', 'Review'])
  assert.deepEqual(await shown({ status: 'pending' }), ['A provider accepts'])
  assert.equal(await page.getByRole('list', { name: 'Step 2 of 5' }).count(), 1)
  assert.deepEqual(await shown({ ...PAID, payment_status: 'unpaid' }), ['Payment'])
  assert.deepEqual(await shown(PAID), ['Work'])
  assert.deepEqual(await shown({ status: 'completed' }), ['Review'])
  assert.deepEqual(await shown({ status: 'cancelled' }), [])
  assert.equal(await stages.count(), 0)

  state.paidAfterwards = [{ region: own.location, service_types: [own.service_type] }]
  assert.deepEqual(await shown({ ...PAID, payment_status: 'unpaid' }), ['Work'])
  assert.deepEqual((await stages.allInnerTexts()).at(3), 'Payment')
  state.role = 'provider'
  await go(`/jobs/${own.id}`)
  assert.equal(await stages.count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

/** No node of EAST has connected, the fee is the first one, and there is no second factor. */
function freshPlatform(change = {}) {
  return Object.assign(gateway({ orders: [] }), { east: { link: 'never' } }, change)
}

test('an admin of a fresh platform reads what is to be set up, and each line goes once it is there', async () => {
  const state = freshPlatform()
  const { context, page, go, faults } = await portal.open(state)
  const name = 'Set up this platform'
  await go('/overview')
  assert.deepEqual(await steps(page, name), ['A node in each region: Still to do', 'The platform\'s fee: Still to do', 'Your second factor: Still to do'])
  await card(page, name).getByText('No node has connected yet in: East.').waitFor()
  assert.deepEqual(await places(page, name), ['/edges?do=enrol', '/money?view=fees', '/account'])
  await tabTo(page, card(page, name).getByRole('link', { name: 'The platform\'s fee' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/money?view=fees')

  state.east = {}
  state.fees.platform.unshift({ ...state.fees.platform[0], in_force_from: '2026-11-20T00:00:00.000Z', set_by: PEOPLE.admin.user_id })
  await go('/overview')
  assert.deepEqual(await steps(page, name), ['Your second factor: Still to do'])
  state.factor.since = '2026-11-21T08:00:00.000Z'
  await go('/overview')
  assert.equal(await card(page, name).count(), 0)

  state.factor.since = null
  await go('/overview')
  await close(page, name).click()
  await gone(card(page, name))
  await go('/overview')
  assert.equal(await card(page, name).count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an admin of less is asked to set up only what their role may, and silence is no gap', async () => {
  const name = 'Set up this platform'
  const state = freshPlatform({ permissions: ['read_desks', 'approve_orders'] })
  const { context, page, go, faults } = await portal.open(state)
  await go('/overview')
  assert.deepEqual(await steps(page, name), ['Your second factor: Still to do'])
  for (const path of ['/admin/status', '/admin/platform-fees']) assert.equal(state.asked.filter((one) => one.path === path).length, 0, path)
  state.silent = ['/auth/second-factor']
  await go('/overview')
  assert.equal(await card(page, name).count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

/** What `pages.test.mjs` does not open: the other cards stand on pages that it looks at. */
const LOOKS = {
  board: [() => newProvider({ ...NEWCOMER, full_name: '王建国' }), '/available', ({ first }) => first.job],
  customer: [() => Object.assign(gateway({ role: 'customer' }), { orders: [] }), '/orders', ({ firstOrder }) => firstOrder.title],
}

for (const lang of PAGE_LANGUAGES) {
  for (const [name, [state, path, titleOf]] of Object.entries(LOOKS)) {
    test(`the first steps of ${name} are whole in ${lang}`, async () => {
      const { context, page, go, faults } = await portal.open(state(), lang)
      await go(path)
      await page.getByRole('heading', { name: titleOf(wordsOf('cloud/portal', lang)) }).waitFor()
      for (const [width, size] of Object.entries({ wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } })) {
        await page.setViewportSize(size)
        await settled(page)
        await keepPicture(page, `portal/first-${name}-${width}-${lang}`)
        if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
        assert.deepEqual(await smallTargets(page, 24), [])
        if (width === 'wide') assert.deepEqual(await losses(page), [])
      }
      assert.deepEqual(await unseenStops(page), [])
      await page.emulateMedia({ colorScheme: 'dark' })
      assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
      assert.deepEqual(faults(), [])
      await context.close()
    })
  }
}
