// The portal over a gateway that answers from memory: the promises that a person relies on.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { axe, IS_DEEP, keepPicture, losses, PAGE_LANGUAGES, poll, pressPair, settled, tabTo } from './browser.mjs'
import { HOSTILE } from './edge.mjs'
import { CSRF, gateway, NOW, orderOf, PASSWORD, PEOPLE, PICTURE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const ORDER = orderOf(60).id
const VERIFIED = { state: 'verified', steps: [] }
/** At no hour, so that a provider may accept another job. */
const ANY_TIME = { service_start_time: null, service_end_time: null }
const REVIEWS = `/providers/${PEOPLE.provider.user_id}/reviews`

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())
const open = (state, lang) => portal.open(state, lang)

/** The gateway is back from the moment "Retry now" asks for the session, so no try of the page's own comes first. */
async function returnsOnRetry(page, state) {
  state.gone = '/session'
  await page.getByRole('button', { name: 'Retry now' }).first().click()
}

/** A moment later than any at which a page was opened: from here on its time stands still until it is run. */
const LATER = NOW + 600_000

test('the main work of each role is done by keyboard alone, and the focus is seen all the way', async () => {
  const visit = async (role, path, work) => {
    const state = gateway({ role: null, own: ANY_TIME })
    if (role === 'provider') state.profile.verification = VERIFIED
    const { context, page, go, faults } = await open(state)
    const { keyboard } = page
    const to = (kind, name) => tabTo(page, page.getByRole(kind, { name }).first())
    const activate = async (kind, name) => {
      await to(kind, name)
      await keyboard.press('Enter')
    }
    await go(path)
    await to('textbox', 'User name')
    await keyboard.type(PEOPLE[role].username)
    await to('textbox', 'Password')
    await keyboard.type('a long password')
    await keyboard.press('Enter')
    // The bar is there before the page, which takes the focus when it comes.
    await page.locator('#main:focus').waitFor()
    await work({ state, page, keyboard, to, activate, heading: (name) => page.getByRole('heading', { name }).first().waitFor() })
    assert.deepEqual(faults(), [])
    await context.close()
  }

  await visit('customer', '/orders', async ({ state, page, keyboard, to, activate, heading }) => {
    const choose = async (kind) => {
      await to('radio', kind)
      await keyboard.press('Space')
    }
    await activate('link', 'Publish')
    await heading('What do you need done?')
    await choose('Cleaning and repair')
    await to('textbox', 'In one line')
    await keyboard.type('Kitchen tap drips')
    await activate('button', 'Next: where and when')
    await heading('Where and when?')
    await choose('North')
    await to('textbox', 'Street and door')
    await keyboard.type('1 Harbour Road')
    await choose(/^Any day/)
    await activate('button', 'Next: price')
    await to('textbox', 'In total, in yuan')
    await keyboard.type('180')
    await activate('button', 'Publish for approval')
    await page.waitForURL('**/orders/*')
    assert.equal(state.changes().at(-1).body.title, 'Kitchen tap drips')
  })

  await visit('provider', '/available', async ({ state, page, activate }) => {
    await activate('button', /^Accept/)
    await page.getByText('Done.').waitFor()
    assert.match(state.changes().at(-1).path, /\/accept$/)
  })

  await visit('admin', '/approvals', async ({ state, page, keyboard, activate, heading }) => {
    await heading('5 to approve')
    await keyboard.press('j')
    await keyboard.press('a')
    await heading('4 to approve')
    await pressPair(page, 'g', 'r')
    await activate('link', 'Wallboard')
    await page.locator('.compass').waitFor()
    await activate('button', 'Cut for a drill… South')
    await heading('Cut South for a drill?')
    await activate('button', /^Cut South$/)
    await activate('button', 'Heal South')
    await page.getByRole('button', { name: 'Cut for a drill… South' }).waitFor()
    await pressPair(page, 'g', 'c')
    await activate('link', /did not get it/)
    await heading(/reached the cloud first/)
    const paths = state.changes().map(({ path }) => path)
    assert.deepEqual(paths.filter((path) => path.startsWith('/admin/regions')), ['/admin/regions/SOUTH', '/admin/regions/SOUTH'])
  })
})

test('fifty orders are approved by keyboard, and the last is taken back', async () => {
  const state = gateway({ orders: Array.from({ length: 50 }, (_, n) => orderOf(n)) })
  const { context, page, go, faults } = await open(state)
  await go('/approvals')
  await page.getByRole('heading', { name: '50 to approve' }).waitFor()
  await context.clock.pauseAt(LATER)
  for (let n = 0; n < 50; n += 1) await page.keyboard.press('a')
  await page.getByText('Providers are notified in').waitFor()
  await context.clock.runFor(9_000)
  await settled(page)
  assert.deepEqual(state.changes(), [], 'nothing leaves before its time')
  await page.keyboard.press('u')
  await page.getByRole('heading', { name: '1 to approve' }).waitFor()
  await context.clock.resume()
  await state.changed(49)
  await context.clock.runFor(10_000)
  await settled(page)
  const sent = state.changes()
  assert.equal(sent.length, 49)
  assert.equal(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size, 49)
  assert.ok(sent.every(({ path, headers }) => path.endsWith('/approve') && headers['x-csrf-token'] === CSRF))
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a decision that can still be taken back and other news stand one above the other', async () => {
  const state = gateway({ orders: [orderOf(1)] })
  const { context, page, go, faults } = await open(state)
  await go('/approvals')
  await page.keyboard.press('a')
  const held = page.locator('.toast', { hasText: 'Providers are notified in' })
  await held.waitFor()
  await page.getByRole('navigation').getByRole('link', { name: 'Providers' }).click()
  await page.getByRole('button', { name: 'Verify…' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('Seen in person.')
  await page.getByRole('dialog').getByRole('button', { name: 'Verify' }).click()
  const news = page.locator('.toast', { hasText: 'is verified.' })
  await news.waitFor()
  const [upper, lower] = [await held.boundingBox(), await news.boundingBox()]
  assert.ok(upper.y + upper.height <= lower.y, `${JSON.stringify(upper)} covers ${JSON.stringify(lower)}`)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a place that is chosen before the first page of a sign-in is known stays chosen', async () => {
  const state = gateway({ role: null })
  const { context, page, go, faults } = await open(state)
  let answer
  const answered = new Promise((done) => { answer = done })
  // The first page of an admin depends on what their role opens.
  await page.route('**/auth/permissions', async (route) => {
    await answered
    await route.continue()
  })
  await go('/sign-in')
  await page.getByLabel('User name').fill(PEOPLE.admin.username)
  await page.getByLabel('Password', { exact: true }).fill('a long password')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /account/ }).first().click()
  await page.getByRole('link', { name: 'Sign-ins and password' }).click()
  await page.waitForURL('**/account')
  answer()
  await page.getByRole('navigation').getByRole('link', { name: 'People' }).waitFor()
  await settled(page)
  assert.equal(new URL(page.url()).pathname, '/account')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a rejection gives its reason in the language of the order', async () => {
  const state = gateway({ orders: [orderOf(1)] })
  const { context, page, go } = await open(state)
  await go('/approvals')
  await page.keyboard.press('r')
  await page.locator('dialog[open] :focus').waitFor()
  await page.keyboard.press('4')
  await context.clock.runFor(10_000)
  const sent = await state.changed(1)
  assert.deepEqual(sent.map(({ path, body }) => [path.split('/').at(-1), /电话/.test(body.reason)]), [['reject', true]])
  await context.close()
})

test('before a job is approved an admin reads who will hear of it, and why', async () => {
  const state = gateway({ role: 'admin' })
  const { context, page, go, faults } = await open(state)
  const waitingIn = (region) => state.orders.find(({ status, location }) => status === 'pending_review' && location === region)
  const { id, title, description, location, service_type, service_start_time, service_end_time } = waitingIn('NORTH')
  await go(`/orders/${id}`)
  const card = page.locator('.card', { has: page.getByRole('heading', { name: 'Who hears of it' }) })
  assert.deepEqual((await card.locator('dt, dd').allTextContents()).map((text) => text.trim()), ['Gao Jie', 'serves the region, does this kind of work, verified, works that day, free at that time', 'Zhou Lei', 'has another job at that time, and is not notified'])
  const { query } = state.asked.find(({ path }) => path === '/admin/matches')
  assert.deepEqual(query, { region: location, service_type, text: `${title}\n${description}`, day: service_start_time.slice(0, 10), service_start_time, ...(service_end_time ? { service_end_time } : {}) })
  await keepPicture(page, 'portal/matches')
  await go(`/orders/${waitingIn('SOUTH').id}`)
  await card.getByText('No provider fits this job').waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a page of another role is refused, and asks nothing', async () => {
  for (const [role, paths] of [['customer', ['/approvals', '/edges', '/available']], ['provider', ['/publish/1', '/orders', '/regions/wall', '/providers']], ['admin', ['/publish/1', '/jobs', '/earnings']]]) {
    const state = gateway({ role })
    const { context, page, go } = await open(state)
    for (const path of paths) {
      await go(path)
      await page.getByRole('heading', { name: 'This page is not for you' }).waitFor()
    }
    const forbidden = state.asked.filter(({ path }) => role !== 'admin' && path.startsWith('/admin'))
    assert.deepEqual(forbidden, [])
    await context.close()
  }
})

test('nobody is shown a page before signing in, and then the page they came for', async () => {
  const state = gateway({ role: null })
  const { context, page, go } = await open(state)
  await go(`/orders/${ORDER}?do=cancel`)
  await page.getByLabel('User name').fill('linxiaomei')
  await page.getByLabel('Password').fill('a long password')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Cancel this order?' }).waitFor()
  const kept = await page.evaluate(() => [Object.keys(window.localStorage).filter((key) => key !== 'holdfast.look'), Object.keys(sessionStorage), document.cookie])
  assert.deepEqual(kept, [[], [], ''])
  await context.close()
})

test('what people write stays text', async () => {
  const state = gateway({ orders: HOSTILE.map((title, n) => orderOf(n, { title, description: title, address: title })), own: { title: HOSTILE[0], address: HOSTILE[1] } })
  const { context, page, go, faults } = await open(state)
  await go('/approvals')
  for (const title of HOSTILE) await page.getByRole('link', { name: title, exact: true }).waitFor()
  assert.deepEqual(await losses(page), [])
  await go(`/orders/${ORDER}`)
  await page.getByRole('heading', { name: HOSTILE[0] }).waitFor()
  assert.equal(await page.locator('main img, main script').count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('reasons, news, names and what is typed stay text', async () => {
  for (const said of IS_DEEP ? HOSTILE : HOSTILE.slice(0, 2)) {
    const state = gateway({ role: 'customer', said })
    const { context, page, go, faults } = await open(state)
    const inert = async () => assert.equal(await page.locator('main img, main script, header img, header script').count(), 0)
    await go(`/orders/${ORDER}`)
    await page.locator('main').getByText(said).first().waitFor()
    await inert()
    await go('/inbox')
    await page.getByRole('link', { name: said, exact: true }).waitFor()
    await inert()
    await go('/publish/1')
    await page.getByRole('radio', { name: 'Cleaning and repair' }).check()
    await page.getByLabel('In one line').fill(said)
    await page.fill('#details', said)
    await page.getByRole('button', { name: 'Next: where and when' }).click()
    await page.getByLabel('Street and door').fill(said)
    await page.getByText('Draft, on this device').waitFor()
    await page.reload()
    await settled(page)
    assert.equal(await page.getByLabel('Street and door').inputValue(), said)
    await inert()
    await go(`/orders?q=${encodeURIComponent(said)}`)
    await inert()
    assert.deepEqual(faults(), [])
    await context.close()
  }
})

test('a provider who is not verified is shown the way, and no buttons that would refuse', async () => {
  const state = gateway({ role: 'provider', own: { status: 'pending' } })
  const { context, page, go, faults } = await open(state)
  for (const [is, way] of [['none', /then hand them in/], ['waiting', /An administrator checks your certificates/], ['rejected', /Correct what is missing/]]) {
    state.profile.verification = { state: is, steps: [] }
    await go('/available')
    await page.getByRole('heading', { name: 'Before your first job' }).waitFor()
    assert.equal(await page.getByRole('button', { name: /^Accept/ }).count(), 0, is)
    await go(`/jobs/${ORDER}`)
    await page.locator('.banner', { hasText: 'You can accept jobs once you are verified' }).getByText(way).waitFor()
    assert.equal(await page.getByRole('button', { name: /^Accept/ }).count(), 0, is)
  }
  await page.getByRole('link', { name: 'Verify first' }).click()
  await page.waitForURL('**/profile?part=certificates')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('out of reach, what was read stays and changes wait', async () => {
  const state = gateway({ role: 'provider', own: ANY_TIME })
  state.profile.verification = VERIFIED
  const { context, page, go } = await open(state)
  await go('/available')
  state.gone = true
  await page.getByRole('button', { name: 'Accept' }).first().click()
  await page.getByRole('heading', { name: 'Holdfast is out of reach', exact: true }).waitFor()
  assert.ok((await page.locator('.job').count()) > 0)
  await page.locator('.job [aria-disabled=true]').first().waitFor()
  await returnsOnRetry(page, state)
  await page.getByRole('heading', { name: 'Holdfast is out of reach', exact: true }).waitFor({ state: 'detached' })
  await context.close()
})

test('the wall asks before it cuts a region, and heals at once', async () => {
  const state = gateway()
  const { context, page, go } = await open(state)
  await go('/regions/wall')
  await page.getByRole('button', { name: 'Cut for a drill… South' }).click()
  assert.deepEqual(state.changes(), [])
  await page.getByRole('button', { name: 'Cut South' }).click()
  await page.getByRole('button', { name: 'Heal South' }).click()
  await page.getByRole('button', { name: 'Cut for a drill… South' }).waitFor()
  assert.deepEqual(state.changes().map(({ path, body }) => [path, body.gate]), [['/admin/regions/SOUTH', 'closed'], ['/admin/regions/SOUTH', 'open']])
  await context.close()
})

test('a node that keeps newcomers out says so on its page, among the regions and on the wall', async () => {
  const words = { en: 'keeps its last room for people it knows; 3 others wait.', 'zh-CN': '剩余空间只留给已认识的用户，另外 3 人正在等待。' }
  for (const lang of PAGE_LANGUAGES) {
    const { context, page, go } = await open(gateway(), lang)
    for (const [path, place] of [['/edges?edge=east-1', '.banner[data-tone=needs]'], ['/regions', '.complaints li'], ['/regions/wall', '.corner li']]) {
      await go(path)
      await page.locator(place, { hasText: words[lang] }).waitFor()
    }
    await context.close()
  }
})

test('the change of a region’s right that is sent is the one that was confirmed', async () => {
  const state = gateway()
  const { context, page, go } = await open(state)
  await go('/regions?region=SOUTH')
  await page.getByRole('button', { name: 'Let a node decide…' }).click()
  await page.getByRole('button', { name: 'Leave it as it is' }).click()
  assert.deepEqual(state.changes(), [])
  await page.getByRole('button', { name: 'Let a node decide…' }).click()
  await page.getByRole('button', { name: 'Let it decide' }).click()
  await page.getByText('Noted.').waitFor()
  assert.deepEqual(state.changes().map(({ body }) => body), [{ policy: 'exclusive', holder: 'south-1', epoch: 7 }])
  await context.close()
})

test('the rules of a region say how far its node may go, and for whom', async () => {
  const upTo = (price_max, kind) => ({ price_max, currency: 'CNY', service_types: [kind] })
  const rules = { unpaid_start: false, unpaid_start_max: { price_max: '80.00', currency: 'CNY' }, paid_afterwards: ['it_technology'], approval: upTo('200.00', 'other'), approval_in_good_standing: upTo('500.00', 'cleaning_repair') }
  for (const lang of PAGE_LANGUAGES) {
    const state = gateway()
    state.right = { policy: 'optimistic', holder: null, rules }
    const { context, page, go } = await open(state, lang)
    await go('/regions?region=SOUTH')
    const { ruleApproval, ruleGoodStanding, ruleUnpaidMax, ruleAfterwards } = wordsOf('cloud/portal', lang).lease
    const { cleaning_repair: cleaning, it_technology: computers, other } = wordsOf('protocol/web', lang).service
    const told = page.getByText(ruleApproval.split('{')[0]).first()
    const text = (await told.innerText()).replaceAll('\u00a0', ' ')
    for (const [sentence, price, kind] of [[ruleApproval, '200.00', other], [ruleGoodStanding, '500.00', cleaning]]) {
      const [before, between, after] = sentence.split(/\{\w+\}/)
      const at = text.indexOf(before)
      assert.ok(at >= 0 && text.slice(at).includes(between) && text.slice(at).includes(price) && text.slice(at).includes(`${kind}${after}`), text)
    }
    assert.ok(text.includes(ruleAfterwards.replace('{kinds}', computers)) && text.includes(ruleUnpaidMax.split('{price}')[1]) && text.includes('80.00'), text)
    await keepPicture(page, `portal/rules-${lang}`)
    await context.close()
  }
})

test('work that is paid for afterwards starts unpaid, and both sides read that it does', async () => {
  for (const lang of PAGE_LANGUAGES) {
    const { order: words, pay } = wordsOf('cloud/portal', lang)
    const { act } = wordsOf('protocol/web', lang)
    for (const [role, path] of [['customer', '/orders'], ['provider', '/jobs']]) {
      for (const kinds of [[], ['cleaning_repair']]) {
        const state = gateway({ role, lines: [], own: { status: 'accepted', payment_status: 'unpaid', service_type: 'cleaning_repair', location: 'NORTH', provider_id: PEOPLE.provider.user_id } })
        state.paidAfterwards = kinds.length > 0 ? [{ region: 'NORTH', service_types: kinds }] : []
        const { context, page, go } = await open(state, lang)
        await go(`${path}/${ORDER}`)
        const told = page.getByText(words.afterwards[role])
        if (kinds.length > 0) await told.waitFor()
        else await page.getByText(role === 'provider' ? words.startWaits : pay.title).first().waitFor()
        assert.equal(await told.count(), kinds.length)
        if (role === 'provider' && kinds.length > 0) {
          const start = page.getByRole('button', { name: act.start, exact: true })
          await start.focus()
          await page.keyboard.press('Enter')
          await page.getByText('Done.').waitFor()
          assert.deepEqual(state.changes().map(({ path }) => path.split('/').at(-1)), ['start'])
        }
        await context.close()
      }
    }
  }
})

test('work whose payment went back cannot be started, and its provider reads why', async () => {
  for (const lang of PAGE_LANGUAGES) {
    const { order: words } = wordsOf('cloud/portal', lang)
    const { act } = wordsOf('protocol/web', lang)
    for (const payment_status of ['refunded', 'partially_refunded', 'held']) {
      const state = gateway({ role: 'provider', lines: [], own: { status: 'accepted', payment_status, service_type: 'cleaning_repair', location: 'NORTH', provider_id: PEOPLE.provider.user_id } })
      // Also where such work may begin unpaid: this one was paid.
      state.paidAfterwards = [{ region: 'NORTH', service_types: ['cleaning_repair'] }]
      const { context, page, go } = await open(state, lang)
      await go(`/jobs/${ORDER}`)
      await page.getByRole('button', { name: act.start }).focus()
      await page.keyboard.press('Enter')
      if (payment_status === 'held') await page.getByText('Done.').waitFor()
      else await page.getByText(words.startNever).first().waitFor()
      assert.deepEqual(state.changes().map(({ path }) => path.split('/').at(-1)), payment_status === 'held' ? ['start'] : [])
      await context.close()
    }
  }
})

test('an account whose first address waits reads which one that is', async () => {
  for (const lang of PAGE_LANGUAGES) {
    const { address: words } = wordsOf('cloud/portal', lang)
    for (const [email, pending, meant] of [[null, 'first@example.org', 'first@example.org'], ['old@example.org', null, 'old@example.org']]) {
      const state = gateway({ role: 'customer' })
      state.address = { email, is_confirmed: false, pending }
      const { context, page, go } = await open(state, lang)
      await go('/account')
      await page.getByText(words.unconfirmedWhy.replace('{email}', meant)).waitFor()
      await context.close()
    }
  }
})

test('a customer reads who has taken the job, once somebody has', async () => {
  for (const lang of PAGE_LANGUAGES) {
    const { card, providers, reviews } = wordsOf('cloud/portal', lang)
    for (const [own, told] of [[{ status: 'pending', provider_id: null }], [{}, {}], [{}, { verified: false, total_reviews: 0, rating_hundredths: 0, completed_orders: 0 }], [{ provider_id: PEOPLE.customer.user_id }]]) {
      const state = gateway({ role: 'customer', own })
      state.card = told
      const { context, page, go } = await open(state, lang)
      await go(`/orders/${ORDER}`)
      const shown = page.locator('.card', { has: page.getByRole('heading', { name: card.title }) })
      assert.equal(await shown.count(), told ? 1 : 0, 'nobody has it, or nobody who shows a profile')
      if (told) {
        const text = await shown.innerText()
        const counted = told.total_reviews === 0 ? reviews.count.split(' | ')[0] : (reviews.count.split(' | ').at(-1)).replace('{n}', '21')
        for (const part of ['王建国', providers.jobs, counted]) assert.ok(text.includes(part), `${part} in ${text}`)
        for (const part of [providers.verified, '4.67', '31']) assert.equal(text.includes(part), told.verified !== false, `${part} in ${text}`)
        await shown.getByRole('link').focus()
        await page.keyboard.press('Enter')
        await page.waitForURL(`**/providers/${PEOPLE.provider.user_id}/reviews`)
      }
      await context.close()
    }
  }
  const { context, page, go } = await open(gateway({ role: 'provider' }))
  await go(`/jobs/${ORDER}`)
  assert.equal(await page.getByText(wordsOf('cloud/portal', 'en').card.title).count(), 0, 'a provider knows their own')
  await context.close()
})

test('each list comes in the order that is chosen by keyboard, which the address and the tabs keep', async () => {
  const dear = { price: '900.00', title: '贵的', service_start_time: '2026-11-23T14:00:00.000Z' }
  const cheap = { price: '20.00', title: '便宜的', service_start_time: '2026-11-21T08:00:00.000Z' }
  for (const lang of PAGE_LANGUAGES) {
    const { available, sort } = wordsOf('cloud/portal', lang)
    for (const [role, path, choices] of [['customer', '/orders', ['price_low', 'start']], ['provider', '/available', ['price_low', 'start']], ['provider', '/jobs', ['price_low']], ['admin', '/orders', ['price_low']]]) {
      const state = gateway({ role, orders: [orderOf(1, dear), orderOf(2, cheap)], own: { price: '180.00', service_start_time: '2026-11-22T14:00:00.000Z' } })
      const { context, page, go, faults } = await open(state, lang)
      await go(path)
      const titles = async () => [...new Set(await page.getByText(/^(贵的|便宜的)$/).allInnerTexts())]
      assert.deepEqual(await titles(), ['贵的', '便宜的'])
      if (path === '/available') await page.getByRole('button', { name: available.filters }).click()
      for (const one of choices) {
        const control = page.getByLabel(sort.by, { exact: true })
        await control.focus()
        await control.selectOption({ label: sort[one] })
        await page.waitForURL(`**${path}?sort=${one}`)
        await page.waitForFunction(() => document.body.innerText.indexOf('便宜的') < document.body.innerText.indexOf('贵的'))
        assert.deepEqual(await titles(), ['便宜的', '贵的'])
        assert.ok(state.asked.some(({ query }) => query.sort === one))
      }
      const tab = page.locator('nav.tabs a').nth(1)
      if (await tab.count() > 0) {
        await tab.click()
        await page.waitForURL(new RegExp(`sort=${choices.at(-1)}`))
      }
      assert.deepEqual(faults(), [])
      await context.close()
    }
    const { context, page, go } = await open(gateway({ role: 'customer' }), lang)
    await go(`${REVIEWS}?sort=rating_low`)
    const stars = await page.locator('.reviews .stars .hush').allInnerTexts()
    const given = stars.map((text) => Number(/[1-5]/.exec(text)[0]))
    assert.deepEqual(given, given.toSorted((a, b) => a - b))
    await context.close()
  }
})

test('a draft outlives its page and is published once', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go, faults } = await open(state)
  await go('/publish/1')
  await page.getByRole('radio', { name: 'Cleaning and repair' }).check()
  await page.getByLabel('In one line').fill('厨房水龙头漏水')
  await page.getByRole('button', { name: 'Next: where and when' }).click()
  await page.getByRole('radio', { name: 'North' }).check()
  await page.getByLabel('Street and door').fill('望京街道 12')
  await page.getByRole('radio', { name: /^Tomorrow/ }).check()
  await page.getByRole('radio', { name: '14:00–16:00' }).check()
  await page.getByRole('button', { name: 'Next: price' }).click()
  await page.getByLabel('In total, in yuan').fill('¥180')
  await page.getByText('Draft, on this device').waitFor()
  await page.reload()
  assert.equal(await page.getByLabel('In total, in yuan').inputValue(), '¥180')
  await page.getByText('Close to the agreed time, a cancel of a paid job may cost a fee').waitFor()
  await page.getByRole('button', { name: 'Publish for approval' }).dblclick()
  await page.waitForURL('**/orders/*')
  const sent = state.changes()
  assert.equal(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size, 1)
  assert.equal(sent[0].body.price, '180.00')
  assert.equal(sent[0].body.service_start_time, '2026-11-22T14:00:00.000Z')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a double click pays once, and a lost answer is asked for under the same key, also on a page loaded anew', async () => {
  const state = gateway({ role: 'customer', lines: [] })
  const { context, page, go, faults } = await open(state)
  const pay = page.getByRole('button', { name: 'Pay ¥180.00' })
  await go(`/orders/${ORDER}`)
  state.gone = true
  await pay.click()
  await page.getByText('We do not know whether the payment began.').waitFor()
  state.gone = false
  await page.reload()
  await settled(page)
  await pay.dblclick()
  await page.getByRole('heading', { name: 'Your payment is on its way' }).waitFor()
  await page.getByText('Its outcome is not known yet.').waitFor()
  assert.equal(await pay.count(), 0, 'nobody pays beside an open payment')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Your payment is on its way')
  const sent = state.changes()
  assert.equal(sent.length, 2, 'the lost one, and one for both clicks')
  assert.equal(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size, 1)
  assert.deepEqual(sent[1].body, { order_id: ORDER, amount: '180.00', currency: 'CNY', payment_method: 'simulated' })

  // It fails, and the next wish is another one.
  state.payments[0].status = 'failed'
  await context.clock.runFor(20_000)
  await page.getByRole('heading', { name: 'The last payment did not go through' }).waitFor()
  await pay.click()
  const [, before, repeated, fresh] = await state.changed(4)
  assert.equal(repeated.headers['idempotency-key'], before.headers['idempotency-key'])
  assert.notEqual(fresh.headers['idempotency-key'], before.headers['idempotency-key'])
  await page.getByRole('heading', { name: 'Your payment is on its way' }).waitFor()

  Object.assign(state.payments[0], { status: 'completed' })
  state.lines = [{ at: '2026-11-21T10:55:00.000Z', action: 'charge', account: 'adapter', amount: '180.00', currency: 'CNY', order_id: ORDER, fee: null }]
  Object.assign(state.orders.at(-1), { payment_status: 'held', version: 4 })
  await context.clock.runFor(20_000)
  await page.getByRole('heading', { name: 'Held for you' }).waitFor()
  await page.getByText('You paid ¥180.00').waitFor()
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage).length), 1, 'the key of the last wish alone is kept')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a refusal to pay is told in the words of the server, and the page shows how things stand', async () => {
  const state = gateway({ role: 'customer', lines: [] })
  const { context, page, go, faults } = await open(state)
  await go(`/orders/${ORDER}`)
  await context.route('**/api/v1/payments', (route) => (route.request().method() === 'POST'
    ? route.fulfill({ status: 409, contentType: 'application/problem+json', json: { status: 409, code: 'already_paid', title: 'This order is paid already.', trace: '4bf9' } })
    : route.fallback()))
  state.orders.at(-1).price = '190.00'
  await page.getByRole('button', { name: 'Pay ¥180.00' }).click()
  await page.getByRole('heading', { name: 'This order is paid already.' }).waitFor()
  await page.getByRole('button', { name: 'Pay ¥190.00' }).waitFor()
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), [], 'a refused wish is over')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a customer asks for money back by keyboard, and the desk grants a part of it', async () => {
  const charge = { at: '2026-11-21T10:55:00.000Z', action: 'charge', account: 'adapter', amount: '180.00', currency: 'CNY', order_id: ORDER, fee: null }
  const state = gateway({ role: 'customer', own: { status: 'in_progress', payment_status: 'held' }, lines: [charge] })
  const { context, page, go, faults } = await open(state)
  await go(`/orders/${ORDER}`)
  await tabTo(page, page.getByRole('link', { name: 'Ask for money back…' }))
  await page.keyboard.press('Enter')
  const dialog = page.locator('dialog[open]')
  await dialog.getByLabel('Amount').fill('200')
  await dialog.getByText('No more than ¥180.00 is held.').first().waitFor()
  await dialog.getByLabel('Amount').fill('60')
  await dialog.getByLabel('Reason').fill('It still drips.')
  await tabTo(page, dialog.getByRole('button', { name: 'Ask for it back' }))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'You asked for ¥60.00 back' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'Ask for money back…' }).count(), 0, 'one request at a time')
  assert.deepEqual(state.changes().map(({ path, body }) => [path, body]), [['/refunds', { order_id: ORDER, amount: '60.00', reason: 'It still drips.' }]])
  assert.deepEqual(faults(), [])
  await context.close()

  const admins = gateway()
  const desk = await open(admins)
  await desk.go('/money')
  await desk.page.getByRole('heading', { name: '¥60.00 is asked back' }).waitFor()
  await desk.page.keyboard.press('j')
  await desk.page.getByRole('heading', { name: '¥90.00 is asked back' }).waitFor()
  await desk.page.keyboard.press('k')
  await desk.page.keyboard.press('a')
  await desk.page.locator('dialog[open]').getByLabel('Granted').fill('40')
  await desk.page.locator('dialog[open]').getByRole('button', { name: 'Grant it' }).click()
  await desk.page.getByRole('heading', { name: '¥90.00 is asked back' }).waitFor()
  await desk.page.locator('#look:focus').waitFor()
  await desk.page.keyboard.press('r')
  await desk.page.locator('dialog[open]').getByRole('button', { name: 'Reject it' }).click()
  await desk.page.getByRole('heading', { name: 'No request waits' }).waitFor()
  assert.deepEqual(admins.changes().map(({ path, body }) => [path.split('/').at(-1), body]), [['grant', { amount: '40.00' }], ['refuse', null]])

  admins.permissions = ['read_desks']
  admins.asks = [{ ...admins.asks[0], id: 'x', order_id: ORDER, customer_id: PEOPLE.customer.user_id, amount: '5.00', currency: 'CNY', status: 'open', reason: 'No.', granted: null, created_at: new Date(NOW).toISOString(), decided_at: null }]
  await desk.go('/money')
  await desk.page.getByText('Your role reads these requests; another decides them.').waitFor()
  assert.equal(await desk.page.getByRole('button', { name: /^(Grant|Reject)/ }).count(), 0)
  assert.deepEqual(desk.faults(), [])
  await desk.context.close()
})

test('the money of an order reads as it was booked: a refund by its sum, and a cancel without a promise to the provider', async () => {
  const booked = (action, amount) => ({ at: '2026-11-21T10:55:00.000Z', action, account: 'adapter', amount, currency: 'CNY', order_id: ORDER, fee: null })
  const state = gateway({ role: 'customer', own: { status: 'completed', payment_status: 'refunded', price: '420.00' }, lines: [booked('charge', '420.00'), booked('refund_done', '-420.00')] })
  const { context, page, go, faults } = await open(state)
  const pay = page.locator('.pay')
  await go(`/orders/${ORDER}`)
  await pay.getByRole('heading', { name: 'Back with you' }).waitFor()
  assert.match(await pay.textContent(), /¥420\.00/)
  assert.doesNotMatch(await pay.textContent(), /¥0\.00/)

  Object.assign(state.orders.at(-1), { status: 'cancelled', payment_status: 'held', version: 9, service_start_time: '2026-11-22T00:00:00.000Z', service_end_time: '2026-11-23T00:00:00.000Z' })
  state.lines = [booked('charge', '420.00')]
  await go(`/orders/${ORDER}`)
  await pay.getByRole('heading', { name: 'On its way back to you' }).waitFor()
  await pay.getByText('The order is cancelled. This comes back to you').waitFor()
  assert.doesNotMatch(await pay.textContent(), /goes to the provider/)
  await page.getByText(/22 Nov.*, any time|Nov 22.*, any time/).first().waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a rejected job is published again with its words, and a draft that was begun stays', async () => {
  const state = gateway({ role: 'customer', own: { status: 'rejected', provider_id: null, title: 'Fix a tap', price: '180.00' } })
  const { context, page, go, faults } = await open(state)
  await go(`/orders/${ORDER}`)
  await page.getByText('Change what the reason names').waitFor()
  await tabTo(page, page.getByRole('button', { name: 'Publish it again' }))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/publish/1')
  const title = page.getByLabel('In one line')
  assert.equal(await title.inputValue(), 'Fix a tap')
  await title.fill('Fix two taps')
  await page.getByText('Draft, on this device').waitFor()
  await go(`/orders/${ORDER}`)
  await page.getByRole('button', { name: 'Publish it again' }).click()
  await page.getByText('A draft that you began before is open').waitFor()
  assert.equal(await title.inputValue(), 'Fix two taps')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a customer whose region is cut off reads since when, and what may have happened there, in place of confirmed and live', async () => {
  const north = { region: 'NORTH', is_cut_off: true, cut_off_since: '2026-11-21T10:38:00.000Z' }
  const state = gateway({ role: 'customer', own: { status: 'pending', provider_id: null } })
  state.links = [north]
  const { context, page, go, faults } = await open(state)
  const sentence = page.getByText('North is cut off since 10:38; a request may already be waiting there.')
  await go('/orders')
  await page.locator('.job', { has: page.locator(`a[href="/orders/${ORDER}"]`) }).getByText('a request may already be waiting there').waitFor()
  await go(`/orders/${ORDER}`)
  await sentence.waitFor()
  const head = page.locator('.order-head')
  await head.getByText('As of 10:38').waitFor()
  assert.doesNotMatch(await head.textContent(), /Confirmed|Live/)

  state.links = [{ ...north, is_cut_off: false, cut_off_since: null }]
  await context.clock.runFor(30_000)
  await head.getByText('Confirmed').waitFor()
  assert.equal(await sentence.count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('beside an approval stand the usual price of its kind and the customer\'s earlier orders', async () => {
  const before = (n, change) => orderOf(5 * n, { created_at: `2026-11-1${n}T08:00:00.000Z`, customer_id: PEOPLE.customer.user_id, ...change })
  const earlier = [before(1, { status: 'reviewed', price: '120.00' }), before(2, { status: 'completed', price: '130.00' }), before(3, { status: 'cancelled', price: '140.00' }), before(4, { status: 'reviewed', price: '150.00' }), before(5, { status: 'reviewed', price: '900.00' })]
  const state = gateway({ orders: [orderOf(0, { customer_id: PEOPLE.customer.user_id }), orderOf(1, { customer_id: PEOPLE.provider.user_id }), ...earlier] })
  const { context, page, go, faults } = await open(state)
  await go('/approvals')
  const facts = page.locator('.look-at .facts')
  await facts.getByText('usually ¥130.00 to ¥180.00').waitFor()
  await facts.getByText('5 earlier orders, 4 done, 1 cancelled').waitFor()
  assert.equal(await facts.getByRole('link').getAttribute('href'), `/people/${PEOPLE.customer.user_id}`)
  await page.keyboard.press('j')
  await facts.getByText('The first order').waitFor()
  assert.equal(await facts.getByText('usually').count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a person\'s page has their open cases, newest orders with the money, and how customers see them', async () => {
  const { user_id: customer } = PEOPLE.customer
  const { user_id: provider } = PEOPLE.provider
  const state = gateway({ role: 'admin', orders: Array.from({ length: 7 }, (_, n) => orderOf(n, n < 3 ? { status: 'cancelled' } : {})) })
  state.deskCases = state.deskCases.map((one) => ({ ...one, user_id: provider }))
  const { context, page, go, faults } = await open(state)
  await go(`/people/${customer}`)
  const orders = page.locator('.card', { has: page.getByRole('heading', { name: 'Orders', exact: true }) })
  await orders.getByText('8 orders, 3 cancelled').waitFor()
  assert.equal(await orders.getByRole('listitem').count(), 5)
  assert.match(await orders.getByRole('listitem').first().getByRole('link').last().getAttribute('href'), /^\/money\?view=order&order=/)
  await orders.getByRole('link', { name: 'All orders' }).click()
  await page.waitForURL(`**/orders?customer=${customer}`)
  await page.locator('tbody tr').nth(7).waitFor()
  await page.getByRole('button', { name: 'Only 林小梅' }).click()
  await page.waitForURL('**/orders')

  await go(`/people/${provider}`)
  await page.getByText('1 order', { exact: true }).waitFor()
  const card = page.locator('.card', { has: page.getByRole('heading', { name: 'As customers see this provider' }) })
  await card.getByText('4.67').waitFor()
  const money = page.locator('.card', { has: page.getByRole('heading', { name: 'Money', exact: true }) })
  await money.getByText('To be paid out').waitFor()
  await money.getByText('¥99.00').waitFor()
  const cases = page.locator('.card', { has: page.getByRole('heading', { name: 'Open cases' }) })
  await cases.getByRole('link', { name: 'Accepted, then revoked meanwhile' }).click()
  await page.waitForURL('**/conflicts/case-2')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an admin reads at an order and before its approval that its region is cut off', async () => {
  const state = gateway({ orders: [orderOf(0), orderOf(1)], own: { status: 'pending', provider_id: null } })
  state.links = [{ region: 'NORTH', is_cut_off: true, cut_off_since: '2026-11-21T10:38:00.000Z' }]
  const { context, page, go, faults } = await open(state)
  await go(`/orders/${ORDER}`)
  await page.getByText('North is cut off since 10:38; a request may already be waiting there.').waitFor()
  await go('/approvals')
  const detail = page.locator('.look-at')
  await detail.getByText('North is cut off since 10:38').waitFor()
  await page.keyboard.press('j')
  await detail.getByText('South').waitFor()
  assert.equal(await detail.getByText('is cut off').count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a cancel names the amounts that were shown, and asks again where they have changed', async () => {
  const state = gateway({ role: 'customer', own: { payment_status: 'held' } })
  const { context, page, go, faults } = await open(state)
  await go(`/orders/${ORDER}?do=cancel`)
  const dialog = page.locator('dialog[open]')
  await dialog.getByText('¥162.00').waitFor()
  await dialog.getByText('¥18.00').waitFor()
  const cancel = () => dialog.getByRole('button', { name: 'Cancel the order' }).click()
  const changed = { ...state.terms, fee: '20.00', refund: '160.00' }
  await context.route('**/cancel', (route) => {
    if (route.request().postDataJSON().fee === '20.00') return route.fallback()
    state.terms = changed
    state.asked.push({ method: 'POST', path: '/cancel', body: route.request().postDataJSON(), headers: {} })
    return route.fulfill({ status: 409, contentType: 'application/problem+json', json: { status: 409, code: 'terms_changed', title: 'It costs another fee by now.', cancellation: changed } })
  })
  await cancel()
  await dialog.getByRole('heading', { name: 'The amounts have changed meanwhile' }).waitFor()
  await dialog.getByText('¥160.00').waitFor()
  await cancel()
  await page.locator('.status', { hasText: 'Cancelled' }).waitFor()
  assert.deepEqual(state.changes().map(({ body }) => body.fee), ['18.00', '20.00'])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('events that were put aside are picked, sent again and dropped, each after a question', async () => {
  const state = gateway()
  const { context, page, go, faults } = await open(state)
  await go('/dead-letters')
  await page.getByText('What waits at Sign-in is not shown.').waitFor()
  await page.getByRole('checkbox', { name: 'Select order.accepted' }).check()
  await page.getByRole('button', { name: 'Send this one again…' }).click()
  await page.locator('dialog[open]').getByRole('button', { name: 'Send again' }).click()
  await page.getByText('1 event was sent again.').first().waitFor()
  await page.getByRole('button', { name: 'Drop it…' }).click()
  await page.locator('dialog[open]').getByRole('button', { name: 'Drop', exact: true }).click()
  await page.getByRole('heading', { name: 'Nothing waits here' }).waitFor()
  assert.deepEqual(state.changes().map(({ path, body }) => [path.split('/').slice(-2).join('/'), body.events?.length]), [['notification.order.dead/redrive', 1], ['notification.order.dead/drop', undefined]])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the record of changes says who did what to whom, and is narrowed by a click and by days', async () => {
  const { context, page, go, faults } = await open(gateway({ role: 'admin' }))
  const rows = () => page.locator('table tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].slice(2).map((cell) => cell.innerText.trim())))
  await go('/acts')
  assert.deepEqual((await rows()).map(([change, , outcome]) => [change, outcome.split('\n')[0]]), [
    ['Approved an order', 'Done'], ['Shut a person out', 'Not done (403)'], ['Gave a node a new key', 'No answer seen'], ['Sent failed events again', 'Failed (503)'], ['POST /api/v1/of/a/newer/version', 'Done'],
  ])
  assert.deepEqual((await rows()).map(([, thing]) => thing).slice(2), ['north-1', 'order_money', ''])
  await page.getByRole('link', { name: 'Shut a person out' }).click()
  await page.getByRole('link', { name: 'Approved an order' }).waitFor({ state: 'detached' })
  assert.equal(new URL(page.url()).searchParams.get('change'), 'POST /api/v1/admin/users/{id}/revoke', 'the view can be sent')
  await page.getByRole('button', { name: 'Only Shut a person out' }).click()
  await page.getByRole('link', { name: 'Approved an order' }).waitFor()
  await page.getByLabel('To', { exact: true }).fill('2026-11-01')
  await page.getByText('Nobody has changed anything of this kind in this time.').waitFor()
  await page.getByLabel('To', { exact: true }).fill('')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV', exact: true }).click()])
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n')
  assert.equal((await rows()).length, 5, 'the page has not read the second page')
  assert.deepEqual([lines.length, lines[1].split(',')[2], lines[6].split(',')[2]], [7, 'Approved an order', 'Cancelled the rest of a series'])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the settings show each value as its answer comes, and none without one', async () => {
  const state = Object.assign(gateway({ role: 'admin' }), { silent: ['/cancel-fees', '/admin/roles'] })
  const { context, page, go } = await open(state)
  await go('/settings')
  const card = (title) => page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
  await card('Fees').getByText("Platform's fee").waitFor()
  await card('Fees').getByText('This part of Holdfast does not answer now.').waitFor()
  await card('Roles').getByText('This part of Holdfast does not answer now.').waitFor()
  assert.equal(await page.getByText('Late cancellation').count(), 0)
  assert.equal(await page.getByText(/^0 roles$/).count(), 0)
  await context.close()
})

test('the rules of a region are changed as they are now, not as they were when the page was read', async () => {
  const state = gateway({ role: 'admin' })
  const { context, page, go } = await open(state)
  await go('/settings')
  const change = page.getByRole('button', { name: 'Change the rules…' }).first()
  state.silent = ['/admin/assignments/NORTH']
  await change.click()
  await page.getByText('This part of Holdfast does not answer now.').first().waitFor()
  assert.equal(await page.locator('dialog[open]').count(), 0)
  state.silent = []
  state.right.rules = { unpaid_start: false, unpaid_start_max: { price_max: '80.00', currency: 'EUR' }, address_at_start: true, approval: null }
  await change.click()
  const dialog = page.locator('dialog[open]')
  assert.equal(await dialog.getByLabel('Up to (EUR)').inputValue(), '80.00')
  await dialog.getByRole('button', { name: 'Set these rules' }).click()
  const [{ body }] = await state.changed(1)
  assert.deepEqual(body.rules, { unpaid_start: false, unpaid_start_max: { price_max: '80.00', currency: 'EUR' }, address_at_start: true, paid_afterwards: [] })
  await context.close()
})

test('the deliveries say what fails and why, and the state that is chosen stands in the address', async () => {
  const { context, page, go, faults } = await open(gateway())
  await go('/deliveries')
  await page.getByText('In the last day some news did not get through').waitFor()
  await page.getByText('Mail: 1', { exact: true }).waitFor()
  const rows = page.locator('tbody tr')
  await poll(async () => assert.equal(await rows.count(), 5))
  await page.getByText('next try').waitFor()
  await page.getByRole('link', { name: 'Given up' }).click()
  await page.waitForURL('**/deliveries?state=given_up')
  await page.getByText('The reason is what it answered.').waitFor()
  await poll(async () => assert.equal(await rows.count(), 1))
  await page.getByText('550 no such mailbox').waitFor()
  await page.getByRole('link', { name: 'Not needed' }).click()
  await page.getByText('It was read before').waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a change of the profile keeps every field that it does not show', async () => {
  const state = gateway({ role: 'provider' })
  const { context, page, go, faults } = await open(state)
  const { version, ...before } = structuredClone(state.profile)
  await go('/profile')
  await page.getByLabel('Skills').fill('水管，门锁, taps，水管')
  await page.getByRole('checkbox', { name: 'South' }).check()
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByText('Confirmed: this is your profile now.').waitFor()
  await page.getByRole('link', { name: 'Hours' }).click()
  await page.getByRole('button', { name: 'Add hours Tuesday' }).click()
  await page.getByLabel('Tuesday, until').fill('08:00')
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByRole('link', { name: 'Tuesday: give both times, the later one second.' }).waitFor()
  await page.getByLabel('Tuesday, until').fill('18:30')
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  const sent = await state.changed(2)
  const { full_name, phone_number, bio, hourly_rate, experience_years, portfolio, exceptions, is_active } = before
  const kept = { full_name, phone_number, bio, hourly_rate, experience_years, portfolio, exceptions, is_active }
  const service_categories = before.service_categories
  const first = { ...kept, service_categories, skills: ['水管', '门锁', 'taps'], service_areas: ['NORTH', 'MID', 'SOUTH'], availability: before.availability, version }
  assert.deepEqual(sent.map(({ body }) => body), [first, { ...first, availability: { ...before.availability, tuesday: ['09:00-18:30'] }, version: version + 1 }])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a profile that was changed elsewhere is not overwritten', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go } = await open(state)
  await go('/profile')
  Object.assign(state.profile, { version: 9, full_name: 'Lin Mei' })
  await page.getByLabel('Name').fill('Somebody')
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByRole('heading', { name: 'This has changed since you read it.' }).waitFor()
  assert.equal(await page.getByLabel('Name').inputValue(), 'Somebody', 'the words stay until they are given up')
  await page.getByRole('button', { name: 'Load it again' }).click()
  await page.locator('#full_name').and(page.locator('input')).waitFor()
  await page.waitForFunction(() => document.getElementById('full_name').value === 'Lin Mei')
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByText('Confirmed: this is your profile now.').waitFor()
  assert.deepEqual(state.changes().map(({ body }) => [body.version, body.full_name]), [[3, 'Somebody'], [9, 'Lin Mei']])
  await context.close()
})

test('a person chooses news for each channel, and what was chosen for a channel that is off is kept', async () => {
  const state = gateway({ role: 'customer' })
  state.wishes.channels = ['email', 'sms']
  state.wishes.by.money = ['email', 'push']
  const { context, page, go, faults } = await open(state)
  await go('/inbox?show=wishes')
  const by = (name) => page.getByRole('group', { name, exact: true })
  const kind = (group, name) => group.getByRole('checkbox', { name, exact: true })
  const [mail, text] = [by('Mail me news of'), by('Text me news of')]
  await kind(text, 'Money').check()
  assert.equal(await kind(mail, 'My account').isDisabled(), true)
  assert.equal(await by('Push to my devices news of').count(), 0, 'nobody pushes here')
  await kind(mail, 'Reviews').uncheck()
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByText('Confirmed: your wishes are kept.').waitFor()
  const [{ method, path, body }] = state.changes()
  assert.equal(`${method} ${path}`, 'PUT /notifications/preferences')
  assert.deepEqual(Object.fromEntries(body.kinds.map((one) => [one.kind, one.channels])), { orders: ['email'], jobs: [], money: ['email', 'sms', 'push'], reviews: [], account: ['email'] })
  assert.equal(await kind(text, 'Money').isChecked(), true)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('admins share an inbox, which leads to the work and tells of dead letters while there are any', async () => {
  const state = gateway()
  const { context, page, go, faults } = await open(state)
  await go('/inbox')
  await page.getByText('All administrators share this inbox').waitFor()
  assert.ok(state.asked.some(({ path, query }) => path === '/notifications' && query.time_zone === 'UTC'), 'times are told by the clock of this device')
  assert.equal(await page.getByRole('link', { name: 'Notices and quiet hours' }).count(), 1, 'alarms can be pushed to an admin')
  await page.getByRole('heading', { name: '2 events could not be worked in' }).waitFor()
  await page.getByRole('link', { name: 'Order accepted' }).click()
  await page.waitForURL(`**/orders/${ORDER}`)
  assert.deepEqual(state.changes().map(({ method, path }) => `${method} ${path.replace(/[\w-]{36}/, 'it')}`), ['PUT /notifications/it/read'])
  for (const box of state.boxes) box.waiting = 0
  await go('/inbox?show=unread')
  await page.getByRole('heading', { name: 'Inbox' }).waitFor()
  await page.getByRole('heading', { name: '2 events could not be worked in' }).waitFor({ state: 'detached' })
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an admin sees where the books differ and what only waits, and compares them again', async () => {
  const state = gateway()
  const { context, page, go, faults } = await open(state)
  const report = state.compared
  const listed = (name) => page.getByRole('region', { name, exact: true })
  const again = page.getByRole('button', { name: 'Compare again' })
  await go('/money?view=compared')
  const verdict = listed('Books compared').getByRole('status')
  await verdict.getByText('5 differences').waitFor()
  await verdict.getByText('Not all could be compared').waitFor()
  assert.deepEqual(await listed('Differences').getByRole('heading', { level: 3 }).allInnerTexts(), [
    'A booking does not sum to zero', 'A balance is not the sum of its bookings', 'The order shows money as held, and none is held', 'The payment service and the books differ', 'The orders could not be asked',
  ])
  assert.equal(await listed('Differences').getByText('Does not agree').count(), 4)
  assert.equal(await listed('Differences').getByRole('link', { name: /^Open the books/ }).count(), 2, 'where the order is known')
  const differs = listed('Differences').getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'The payment service and the books differ' }) })
  assert.deepEqual(await differs.getByText(/\.00$/).allInnerTexts(), ['¥180.00', '¥162.00'])
  await differs.getByText('Payout to 王建国').waitFor()
  assert.equal(await listed('What only waits').locator('.truth').count(), 0, 'nothing that only waits alarms')
  await listed('What only waits').getByText('The payment service gives no statements').waitFor()
  await tabTo(page, listed('Differences').getByRole('link', { name: /^Open the books/ }).first())
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /^The books of/ }).waitFor()
  await page.goBack()

  state.compared = { status: 503, code: 'unavailable', title: 'This part of the service is out of reach. Try again shortly.' }
  await again.click()
  await page.getByText('This could not be fetched anew.').waitFor()
  await verdict.getByText('5 differences').waitFor()
  state.compared = { ...report, differences: [] }
  await again.click()
  await verdict.getByText('No difference').waitFor()
  await page.getByText('Compared again.').first().waitFor()
  await listed('Differences').waitFor({ state: 'detached' })
  state.compared = { ...report, differences: [], waiting: [] }
  await tabTo(page, again)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Orders, payments, books and payment service agree' }).waitFor()
  assert.deepEqual(await axe(context, page), [])
  const asked = new Set(state.changes().map(({ method, path, body }) => JSON.stringify([method, path, body])))
  assert.deepEqual([...asked], ['["POST","/payments/reconciliation",null]'], 'only the statement is asked for and booked')
  assert.deepEqual(faults(), [])

  state.compared = { status: 503, code: 'unavailable', title: 'This part of the service is out of reach. Try again shortly.' }
  await go('/money?view=compared')
  await page.getByRole('heading', { name: 'This part of the service is out of reach.' }).waitFor()
  assert.deepEqual(await axe(context, page), [])
  state.compared = report
  await page.locator('#main').getByRole('button', { name: 'Retry now' }).click()
  await verdict.getByText('5 differences').waitFor()
  faults()
  await context.close()
})

test('an admin sets what a late cancel costs from a day on, and takes it back', async () => {
  const state = gateway()
  const { context, page, go, faults } = await open(state)
  const dialog = page.locator('dialog[open]')
  await go('/money?view=fees')
  const set = page.getByRole('button', { name: 'Set this fee…' }).last()
  await set.click()
  await page.getByText('Give a share from 0 to 100 percent').waitFor()
  await page.getByText('Choose a day that begins an hour from now or later.').waitFor()
  await page.locator('#cancel-share').fill('12,5')
  await page.locator('#cancel-notice').fill('48')
  await page.locator('#cancel-from').fill('2099-03-01')
  await set.click()
  await dialog.getByText('a cancel with less notice than 48 h costs 12.5%').waitFor()
  await dialog.getByRole('button', { name: 'Set the fee' }).click()
  const row = page.getByRole('row').filter({ hasText: '12.5%' })
  await row.getByText('to come').waitFor()
  const [{ body }] = state.changes()
  assert.deepEqual(body, { in_force_from: new Date('2099-03-01T00:00').toISOString(), basis_points: 1250, notice_hours: 48 })
  await row.getByRole('button', { name: 'Take back' }).click()
  await dialog.getByRole('button', { name: 'Take it back' }).click()
  await row.waitFor({ state: 'detached' })
  assert.equal(await page.getByRole('button', { name: 'Take back' }).count(), 0, 'what is in force stays')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an admin names an amount before giving it, gives it once, and settles a refund that failed', async () => {
  const released = { at: '2026-11-18T09:00:00.000Z', action: 'release', account: 'provider', amount: '-162.00', currency: 'CNY', order_id: ORDER, fee: '18.00' }
  const state = gateway({ lines: [released] })
  const [{ provider_id: vain }] = state.desk.worked_in_vain
  const { context, page, go, faults } = await open(state)
  const dialog = page.locator('dialog[open]')
  const confirm = (name) => dialog.getByRole('button', { name })
  await go(`/money?view=order&order=${ORDER}`)
  await tabTo(page, page.getByRole('button', { name: 'Goodwill…' }))
  await page.keyboard.press('Enter')
  await page.locator('#act-amount:focus').waitFor()
  await page.keyboard.type('500')
  await dialog.getByText('No more than ¥120.00 can be given.').first().waitFor()
  await dialog.getByLabel('Amount').fill('20')
  await dialog.getByRole('heading', { name: 'Give the customer ¥20.00 back as goodwill?' }).waitFor()
  await dialog.getByLabel('Reason').fill('The tap drips again')
  await confirm('Give ¥20.00').dblclick()
  await page.getByText('Goodwill, ¥20.00').waitFor()
  await page.locator('#books:focus').waitFor()

  const compensate = async () => {
    await page.getByRole('button', { name: 'Compensation…' }).click()
    await dialog.getByText('At most ¥162.00.').waitFor()
    await dialog.getByLabel('Amount').fill('30')
    await dialog.getByLabel('Reason').fill('Came twice')
    await confirm('Give ¥30.00').click()
  }
  state.gone = true
  await compensate()
  await page.getByRole('heading', { name: 'Holdfast is out of reach.' }).waitFor()
  await returnsOnRetry(page, state)
  await page.getByRole('button', { name: 'Compensation…', disabled: false }).waitFor()
  await compensate()
  await page.getByText('The provider has got one').waitFor()

  await page.getByRole('button', { name: 'Paid in another way…' }).click()
  await dialog.getByRole('heading', { name: 'Record that ¥60.00 was paid back in another way?' }).waitFor()
  await dialog.getByLabel('How it was paid').fill('Bank transfer 77')
  await confirm('Record ¥60.00').click()
  await page.getByText('No refund has failed').first().waitFor()
  await page.getByRole('button', { name: 'Close this case… A refund failed' }).click()
  await dialog.getByLabel('Reason').fill('Paid by hand')
  await confirm('Close the case').click()
  await page.getByRole('button', { name: 'Close this case… A refund failed' }).waitFor({ state: 'detached' })

  const sent = state.changes().map(({ path, body, headers }) => [path.split('/').at(-1), body, headers['idempotency-key']])
  const given = { provider_id: vain, amount: '30.00', reason: 'Came twice' }
  assert.deepEqual(sent.map(([act, body]) => [act, body]), [
    ['goodwill', { amount: '20.00', reason: 'The tap drips again' }], ['compensation', given], ['compensation', given],
    ['paid-otherwise', { refund_id: state.desk.refunds[0].id, reason: 'Bank transfer 77' }], ['close', { reason: 'Paid by hand' }],
  ])
  assert.equal(sent[1][2], sent[2][2], 'the same words are the same compensation')
  state.permissions = ['read_desks']
  await page.reload()
  await settled(page)
  assert.equal(await page.getByRole('button', { name: /^(Goodwill|Close this case)/ }).count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a desk calls people by their names, asked for together, and only where the reader may have them', async () => {
  const state = gateway({ role: 'admin' })
  const { context, page, go, faults } = await open(state)
  const asked = () => state.asked.filter(({ path }) => path === '/admin/names').map(({ query }) => query.ids.split(','))
  await go('/conflicts/lost-1')
  await page.locator('.evidence').getByRole('columnheader', { name: '赵敏' }).waitFor()
  await page.locator('.evidence').getByRole('columnheader', { name: '王建国' }).waitFor()
  assert.equal(await page.getByText(/(Provider|Customer) [0-9A-F]{6}/).count(), 0)
  const ids = asked().flat()
  assert.deepEqual(ids.toSorted(), [...new Set(ids)].toSorted(), 'nobody is asked for twice')

  state.asked.length = 0
  state.permissions = ['read_platform']
  await go('/edges')
  assert.deepEqual(asked(), [])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('what nodes promised is listed by region and node, with what became of it, and leads to its case', async () => {
  const state = gateway({ role: 'admin' })
  const { context, page, go, faults } = await open(state)
  const rows = page.locator('.panel tbody tr')
  await go('/conflicts')
  await page.getByRole('button', { name: 'Promised by nodes' }).click()
  await page.waitForURL('**/conflicts?show=promises')
  await rows.filter({ hasText: 'S-7F3K60' }).getByText('The cloud decided as promised.').waitFor()
  assert.equal(await rows.count(), 2)

  await page.getByLabel('Region').selectOption('NORTH')
  await page.waitForURL('**region=NORTH')
  await rows.filter({ hasText: 'S-7F3K60' }).waitFor({ state: 'detached' })
  const closed = rows.filter({ hasText: 'N-7F3K61' })
  await closed.getByText('It had been cancelled before this arrived.').waitFor()
  await closed.getByText('north-1/7/12').waitFor()
  assert.equal(await closed.getByRole('link', { name: 'Promised, and the order was closed' }).getAttribute('href'), '/conflicts/case-4')

  await page.getByLabel('Node', { exact: true }).fill('South-1')
  await page.keyboard.press('Enter')
  await page.getByText('There is nothing to close.').waitFor()
  await page.getByLabel('Region').selectOption('All')
  await rows.filter({ hasText: 'S-7F3K60' }).waitFor()
  assert.equal(await rows.count(), 1)

  await page.getByLabel('Node', { exact: true }).fill('')
  await page.keyboard.press('Enter')
  await closed.getByRole('link', { name: 'Promised, and the order was closed' }).click()
  await page.getByRole('heading', { name: 'Promised, and the order was closed' }).waitFor()
  assert.equal(await page.locator('.cases a[href*="case-4"]').count(), 0, 'the list has no such page')
  await go('/conflicts/case-999')
  await page.getByText('This entry is not in the list').waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a case of the conflict desk is taken, closed by the keyboard with its result, and found among the closed ones', async () => {
  const state = gateway({ role: 'admin' })
  const { context, page, go, faults } = await open(state)
  const row = page.locator('.cases a', { hasText: 'Accepted, then revoked meanwhile' })
  await go('/conflicts/case-2')
  await row.getByText('Look at it').waitFor()
  await page.getByRole('button', { name: 'Take it' }).click()
  await row.getByText('With you').waitFor()
  await page.locator('.facts', { hasText: 'Works on it' }).getByText('陈宇').waitFor()
  await page.getByRole('button', { name: 'Take it' }).waitFor({ state: 'detached' })

  await page.keyboard.press('e')
  const dialog = page.locator('dialog[open]')
  await dialog.getByLabel('Reason').fill('Withdrawn, the customer knows')
  await dialog.getByRole('button', { name: 'Close the case' }).click()
  await page.waitForURL('**/conflicts/lost-*')
  await page.locator('#main:focus').waitFor()
  assert.equal(await row.count(), 0)

  await page.getByRole('button', { name: 'Closed' }).click()
  await row.click()
  await page.getByText('Withdrawn, the customer knows').waitFor()
  assert.equal(await page.getByRole('button', { name: /^Close this case/ }).count(), 0)
  const sent = state.changes().map(({ path, body }) => [path, body?.reason])
  assert.deepEqual(sent, [['/admin/cases/2/take', undefined], ['/admin/cases/2/close', 'Withdrawn, the customer knows']])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('addresses are added, made the default and removed by keyboard', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go, faults } = await open(state)
  await go('/profile?part=addresses')
  const activate = async (name) => {
    await tabTo(page, page.getByRole('button', { name }).first())
    await page.keyboard.press('Enter')
  }
  await activate('Add an address')
  await page.locator('#detail:focus').waitFor()
  await page.keyboard.type('7 Lake Road')
  await page.keyboard.press('Enter')
  await page.locator('#addresses:focus').waitFor()
  await activate('Make it the default 7 Lake Road')
  await page.getByRole('button', { name: 'Make it the default 家' }).waitFor()
  await activate('Remove 家')
  await page.getByRole('button', { name: 'Remove 家' }).waitFor({ state: 'detached' })
  assert.deepEqual(state.addresses.map(({ detail, is_default }) => [detail, is_default]), [['1 Harbour Road', false], ['7 Lake Road', true]])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a provider hands in certificates only as they stand', async () => {
  const state = gateway({ role: 'provider' })
  const { context, page, go, faults } = await open(state)
  await go('/profile?part=certificates')
  await page.getByRole('button', { name: 'Add a certificate' }).click()
  await page.locator('#name-1').fill('Electrician')
  await page.getByRole('button', { name: /^Hand in to be verified/, disabled: true }).waitFor()
  await page.getByRole('button', { name: 'Keep the changes', exact: true }).click()
  await page.getByRole('link', { name: 'Enter its number.' }).waitFor()
  await page.locator('#number-1').fill('E-7')
  await page.locator('#issuer-1').fill('City of Light')
  await page.getByRole('button', { name: 'Keep the changes', exact: true }).click()
  await page.getByRole('button', { name: /^Hand in to be verified/, disabled: false }).click()
  await page.getByRole('heading', { name: 'Waits for verification' }).waitFor()
  assert.deepEqual(state.changes().map(({ method, path }) => [method, path]), [['PUT', '/users/me/certifications'], ['POST', '/users/me/verification']])
  assert.deepEqual(faults(), [])
  await context.close()
})

const file = (name, buffer = PICTURE) => ({ name, mimeType: 'image/png', buffer })

test('a photo is kept at once, and what was typed beside it stays', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go, faults } = await open(state)
  await go('/profile')
  await page.getByLabel('Name').fill('Somebody')
  const chooser = page.waitForEvent('filechooser')
  await tabTo(page, page.getByRole('button', { name: 'Choose a photo' }))
  await page.keyboard.press('Enter')
  await (await chooser).setFiles(file('no-picture.png', Buffer.from('<svg/>')))
  await page.getByRole('heading', { name: 'Files of this kind are not taken here.' }).waitFor()
  const input = page.locator('input[type=file]')
  await input.setInputFiles(file('large.png', Buffer.alloc(10 * 1024 * 1024 + 1)))
  await page.getByRole('alert').filter({ hasText: 'This file has more than 10 MB.' }).waitFor()
  await input.setInputFiles(file('me.png'))
  await page.getByText('Confirmed: this is your photo now.').waitFor()
  const shown = page.getByRole('img', { name: 'Your photo' })
  await shown.waitFor()
  assert.equal(await shown.evaluate((image) => image.decode().then(() => image.naturalWidth)), 4)
  assert.equal(await page.getByLabel('Name').inputValue(), 'Somebody')
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByText('Confirmed: this is your profile now.').waitFor()
  await page.getByRole('button', { name: 'Remove the photo' }).click()
  await page.getByText('No photo yet').waitFor()
  assert.deepEqual(state.changes().map(({ method, path }) => `${method} ${path}`), ['PUT /users/me/photo', 'PUT /users/me/photo', 'PUT /users/me/profile', 'DELETE /users/me/photo'])
  assert.ok(state.changes().every(({ headers }) => headers['x-csrf-token'] === CSRF))
  assert.deepEqual(faults(), [])
  await context.close()
})

test('pictures of work get captions and are removed by keyboard', async () => {
  const state = gateway({ role: 'provider' })
  const { context, page, go, faults } = await open(state)
  await go('/profile?part=work')
  await page.getByRole('button', { name: /^Choose a picture/, disabled: true }).waitFor()
  await page.getByLabel('Caption of the new picture').fill('A tap, Lake Road')
  await page.getByRole('button', { name: 'Choose a picture', disabled: false }).waitFor()
  await page.locator('input[type=file]').setInputFiles(file('tap.png'))
  await page.getByRole('img', { name: 'A tap, Lake Road' }).waitFor()
  await page.getByLabel('Caption', { exact: true }).last().fill('A new tap')
  await page.keyboard.press('Enter')
  await page.getByRole('img', { name: 'A new tap' }).waitFor()
  for (const left of [1, 0]) {
    await tabTo(page, page.getByRole('button', { name: /^Remove/ }).first())
    await page.keyboard.press('Enter')
    await page.locator('#work:focus').waitFor()
    assert.equal(await page.locator('.works img').count(), left)
  }
  await page.getByRole('heading', { name: 'Pictures of finished work will appear here' }).waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a certificate is handed in with its document, which the desk opens', async () => {
  const state = gateway({ role: 'provider' })
  const { context, page, go, faults } = await open(state)
  await go('/profile?part=certificates')
  await page.getByRole('button', { name: 'Leave it out 养老护理员' }).click()
  await page.getByText('No document yet.').waitFor()
  await page.locator('input[type=file]').setInputFiles(file('certificate.pdf'))
  const link = page.getByRole('link', { name: 'Open the document 养老护理员' })
  await link.waitFor()
  await page.getByRole('button', { name: 'Keep the changes', exact: true }).click()
  await page.getByText('Confirmed: this is your profile now.').waitFor()
  const [, kept] = await state.changed(2)
  assert.equal(`/api/v1/files/${kept.body.items[0].document}`, await link.getAttribute('href'))
  await context.close()

  const desk = await open(gateway({ role: 'admin' }))
  await desk.go('/providers')
  const [opened] = await Promise.all([desk.context.waitForEvent('page'), desk.page.getByRole('link', { name: /^Open the document/ }).click()])
  assert.match(opened.url(), /\/api\/v1\/files\/[\w-]+$/)
  await desk.page.getByRole('link', { name: 'Ana Ruiz' }).click()
  await desk.page.getByText('not handed in').waitFor()
  assert.deepEqual([...faults(), ...desk.faults()], [])
  await desk.context.close()
})

test('the desk reads a certificate beside what the provider wrote of it; one that is no picture opens by its link', async () => {
  const { context, page, go, faults } = await open(gateway())
  await go('/providers')
  const paper = page.getByRole('img', { name: 'Document: 养老护理员' })
  await poll(async () => assert.ok(await paper.evaluate((image) => image.naturalWidth) > 0))
  await context.route('**/api/v1/files/*', (route) => route.fulfill({ contentType: 'application/pdf', body: '%PDF-1.7' }))
  await page.reload()
  await page.getByRole('link', { name: 'Open the document 养老护理员' }).waitFor()
  await paper.waitFor({ state: 'detached' })
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the desk verifies by keyboard, gives reasons, and looks a second time', async () => {
  const state = gateway()
  const { context, page, go, faults } = await open(state)
  await go('/providers')
  await page.getByRole('heading', { name: '3 to verify' }).waitFor()
  await page.keyboard.press('a')
  await page.locator('dialog[open] :focus').waitFor()
  await page.keyboard.type('Seen in person')
  await tabTo(page, page.locator('dialog[open]').getByRole('button', { name: 'Verify' }))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: '2 to verify' }).waitFor()
  await page.locator('#look:focus').waitFor()
  assert.equal(await page.locator('#look').textContent(), 'Ana Ruiz')
  await page.getByText('2026-01-31, no longer valid').waitFor()
  await page.getByText('C2-77', { exact: true }).waitFor()
  await page.keyboard.press('r')
  await page.locator('dialog[open] :focus').waitFor()
  await page.locator('dialog[open] textarea').fill('The certificate is no longer valid.')
  await page.locator('dialog[open]').getByRole('button', { name: 'Reject', exact: true }).click()
  await page.getByRole('heading', { name: '1 to verify' }).waitFor()
  await page.getByRole('button', { name: 'Not verified', exact: true }).click()
  await page.getByRole('link', { name: /Ana Ruiz/ }).click()
  await page.getByText('The certificate is no longer valid.').waitFor()
  await page.keyboard.press('m')
  await page.locator('dialog[open]').getByLabel('What is missing').fill('The second page')
  await page.locator('dialog[open]').getByRole('button', { name: 'Ask for more' }).click()
  await page.getByText('Ana Ruiz was asked for more.').waitFor()
  await page.getByRole('link', { name: /Ana Ruiz.*More is asked for/ }).waitFor()
  await page.getByRole('button', { name: 'Ask for more…' }).waitFor({ state: 'detached' })
  state.providers[1].version += 1
  await page.keyboard.press('a')
  await page.locator('dialog[open] textarea').fill('A new one was shown')
  await page.locator('dialog[open]').getByRole('button', { name: 'Verify' }).click()
  await page.getByRole('heading', { name: 'This has changed since you read it.' }).waitFor()
  const sent = state.changes().map(({ path, body }) => [path.split('/').slice(-2).join('/'), body.version, body.reason])
  const ids = state.providers.map((one) => one.user_id)
  assert.deepEqual(sent, [
    [`${ids[0]}/verify`, 3, 'Seen in person'], [`${ids[1]}/reject`, 3, 'The certificate is no longer valid.'], [`${ids[1]}/reject`, 4, 'The second page'], [`${ids[1]}/verify`, 5, 'A new one was shown'],
  ])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a person is found, gets another role and is shut out, each with its reason', async () => {
  const state = gateway()
  const { context, page, go, faults } = await open(state)
  await go('/people')
  await page.getByLabel('Search', { exact: true }).fill('linx')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: /zhaolei/ }).waitFor({ state: 'detached' })
  assert.equal(new URL(page.url()).searchParams.get('search'), 'linx', 'the view can be sent')
  await page.getByRole('link', { name: /linxiaomei/ }).click()
  await page.getByText('l***@example.com').waitFor()
  await page.getByRole('button', { name: 'End Tablet tablet-7, North' }).or(page.getByRole('button', { name: /^End tablet-7/ })).first().click()
  await page.getByText('Tablet tablet-7').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'End Chrome, Android' }).click()
  await page.getByRole('button', { name: 'End Chrome, Android' }).waitFor({ state: 'detached' })
  assert.deepEqual(state.devices.map(({ label }) => label), ['Safari, iOS'])

  await tabTo(page, page.getByRole('button', { name: 'Change the role…' }))
  await page.keyboard.press('Enter')
  const dialog = page.locator('dialog[open]')
  await dialog.getByLabel('New role').selectOption('证书核验')
  await dialog.getByRole('textbox').fill('Joined the desk')
  await dialog.getByRole('button', { name: 'Give this role' }).click()
  await page.getByText('Customer → 证书核验').waitFor()
  await page.locator('#look:focus').waitFor()
  await page.getByRole('button', { name: 'Revoke…' }).click()
  await dialog.getByRole('textbox').fill('Took money at the door')
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
  await page.getByRole('button', { name: 'Let in again…' }).waitFor()
  const sent = state.changes().map(({ method, path, body }) => [method, path.split('/').slice(3).join('/').replace(PEOPLE.customer.user_id, 'them'), body])
  assert.deepEqual(sent.slice(2), [['PUT', 'them/role', { role_id: 101, reason: 'Joined the desk' }], ['POST', 'them/revoke', { reason: 'Took money at the door' }]])
  assert.deepEqual(sent.slice(0, 2).map(([method, path]) => [method, path.split('/')[1]]), [['DELETE', 'sessions'], ['DELETE', 'devices']])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an order code typed where people are found leads to its order', async () => {
  const { context, page, go, faults } = await open(gateway({ role: 'admin' }))
  await go('/people')
  const search = page.getByLabel('Search', { exact: true })
  await search.fill('nathans')
  await page.keyboard.press('Enter')
  await page.waitForURL(/search=nathans$/)
  assert.equal(await page.getByRole('link', { name: /^Look for the order/ }).count(), 0, 'a name without a hyphen is a name')
  await search.fill('n-7f3k60')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'Look for the order N-7F3K60' }).click()
  await page.waitForURL((url) => url.pathname === '/orders' && url.searchParams.get('q') === 'N-7F3K60')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('an admin\'s bar has five places with what waits in them, and a second row for the one that is open', async () => {
  const state = gateway({ role: 'admin' })
  const { context, page, go, faults } = await open(state)
  const rows = () => page.locator('.top nav').evaluateAll((navs) => navs.map((nav) => [nav.ariaLabel, ...[...nav.querySelectorAll('a')].map((a) => [a.firstElementChild.textContent, a.ariaCurrent, a.querySelector('.count')?.textContent])]))
  await go('/conflicts')
  await page.locator('.top nav a', { hasText: 'Reviews' }).locator('.count').waitFor()
  const [main, second] = await rows()
  assert.deepEqual(main.slice(1).map(([name, current]) => [name, current]), [['Overview', null], ['Decide', 'true'], ['Orders and money', null], ['People', null], ['Network', null]])
  assert.deepEqual(second.map((one) => (Array.isArray(one) ? one.slice(0, 2) : one)), ['Decide', ['Approvals', null], ['Conflicts', 'page'], ['Providers', null], ['Reviews', null]])
  const waits = second.slice(1).reduce((sum, [, , count]) => sum + Number(count ?? 0), 0)
  assert.equal(Number(main[2][2]), waits)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Network' }).click()
  await page.waitForURL('**/regions')
  await page.getByRole('navigation', { name: 'Network' }).getByRole('link', { name: 'Nodes' }).click()
  await page.waitForURL('**/edges')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a role is made of an admin’s work, and an admin of less is offered less', async () => {
  const state = gateway()
  const { context, page, go, faults } = await open(state)
  await go('/roles')
  await page.getByRole('button', { name: 'Make a role…' }).click()
  await page.locator('#role-name:focus').waitFor()
  await page.getByRole('button', { name: 'Make this role' }).click()
  await page.getByText('This is required.').first().waitFor()
  await page.getByLabel('Name', { exact: true }).fill('Night desk')
  for (const work of ['Approve and reject orders', 'See people and roles']) await page.getByLabel(work, { exact: true }).check()
  await page.locator('#role-reason').fill('For the nights')
  await page.getByRole('button', { name: 'Make this role' }).click()
  await page.getByRole('heading', { name: 'Night desk' }).waitFor()
  const { body } = state.changes().at(-1)
  assert.deepEqual(body, { name: 'Night desk', description: '', permissions: ['approve_orders', 'read_people'], reason: 'For the nights' })

  state.permissions = ['read_people']
  await go(`/people/${PEOPLE.customer.user_id}`)
  await page.getByText('l***@example.com').waitFor()
  await page.getByRole('button', { name: 'Revoke…' }).waitFor({ state: 'detached' })
  assert.equal(await page.getByRole('button', { name: /^(Change the role|Let in|End)/ }).count(), 0)
  // The bar has their places alone; another one's address refuses, as before.
  const places = () => page.locator('.top nav a').allTextContents()
  assert.deepEqual((await places()).map((name) => name.trim()), ['People'])
  assert.equal(await page.locator('.top .brand').getAttribute('href'), '/people')
  assert.deepEqual(faults(), [])
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`sign-ins are ended and the password is changed in ${lang}`, async () => {
    const { account: words } = wordsOf('cloud/portal', lang)
    const state = gateway({ role: 'provider' })
    const { context, page, go, faults } = await open(state, lang)
    await go('/available')
    await page.locator('.who').click()
    await page.getByRole('link', { name: words.page }).click()
    const lines = page.locator('.sessions li')
    await lines.nth(2).waitFor()
    assert.equal(await lines.first().getByText(words.here).count(), 1)
    await lines.nth(1).getByRole('button', { name: words.end }).click()
    await lines.nth(2).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: words.endOthers }).click()
    await lines.nth(1).waitFor({ state: 'detached' })
    assert.equal(await page.getByRole('button', { name: words.endOthers }).count(), 0)

    const change = async (old, fresh) => {
      await page.getByRole('textbox', { name: words.old, exact: true }).fill(old)
      await page.getByLabel(words.new, { exact: true }).fill(fresh)
      await page.getByRole('button', { name: words.change, exact: true }).click()
    }
    await change('not my password', 'staple battery horse')
    await page.getByText(words.oldWrong).first().waitFor()
    assert.equal(new URL(page.url()).pathname, '/account', 'a wrong password does not end the session')
    await change(PASSWORD, 'short')
    await page.getByText('Use at least 10 characters.').first().waitFor()
    await change(PASSWORD, 'staple battery horse')
    await page.getByText(words.changed).waitFor()
    assert.equal(await page.getByLabel(words.new, { exact: true }).inputValue(), '')
    for (const { headers } of state.changes()) assert.equal(headers['x-csrf-token'], CSRF)
    assert.deepEqual(faults(), [])
    await context.close()
  })
}

for (const lang of PAGE_LANGUAGES) {
  test(`a provider names and ends their tablets in ${lang}`, async () => {
    const { account, devices: words } = wordsOf('cloud/portal', lang)
    const state = gateway({ role: 'provider' })
    const { context, page, go, faults } = await open(state, lang)
    await go('/account')
    const lines = page.locator('.devices li')
    await lines.nth(1).waitFor()
    await lines.first().getByRole('button', { name: words.rename }).click()
    const field = page.getByLabel(words.label, { exact: true })
    assert.equal(await field.inputValue(), 'Chrome, Android')
    await field.fill(' ')
    await page.getByRole('button', { name: words.keep, exact: true }).click()
    await page.getByText('This is required.').first().waitFor()
    await field.fill('The van')
    await page.getByRole('button', { name: words.keep, exact: true }).click()
    await lines.first().getByRole('heading', { name: 'The van' }).waitFor()
    await lines.first().getByRole('button', { name: account.end }).click()
    await lines.nth(1).waitFor({ state: 'detached' })
    await page.getByText(words.ended.replace('{device}', 'The van')).waitFor()
    assert.deepEqual(state.devices.map(({ label }) => label), ['Safari, iOS'])
    for (const { headers } of state.changes()) assert.equal(headers['x-csrf-token'], CSRF)
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
