// The portal over a gateway that answers from memory: every page in both languages and themes, and the promises that a
// person relies on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import config from '../../cloud/portal/vite.config.mjs'
import { axe, LANGUAGES, launch, openPage, overflowAt, screenshot, settled, smallTargets, THEMES, writtenInCode } from './browser.mjs'
import { CSRF, gateway, NOW, orderOf } from './portal.answers.mjs'
import { serve } from './serve.mjs'

const ORDER = orderOf(60).id
const PAGES = {
  '': ['/sign-in', '/register/customer', '/register/provider'],
  customer: ['/publish/1', '/orders', '/orders?status=rejected', `/orders/${ORDER}`, `/orders/${ORDER}?do=cancel`, '/inbox', '/nowhere'],
  provider: ['/available', '/available?region=NORTH', '/jobs', `/jobs/${ORDER}`, '/inbox'],
  admin: [
    '/approvals', '/approvals?view=flagged', '/conflicts/lost-1', '/conflicts/case-2', '/orders', `/orders/${ORDER}`, '/regions', '/regions?region=SOUTH', '/regions/wall',
    '/edges', '/edges?edge=north-1', '/edges?edge=north-1&tab=log', '/edges?edge=south-1&tab=lease', '/edges?do=enrol',
  ],
}

let browser, server

before(async () => {
  await build(config)
  server = await serve(fileURLToPath(new URL('../../cloud/portal/dist', import.meta.url)))
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await server?.close()
})

async function open(state, { lang = 'en', theme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: theme, locale: lang, timezoneId: 'UTC', reducedMotion: 'reduce' })
  await context.clock.install({ time: NOW })
  await context.route('**/api/v1/**', state.answer)
  const { page, wrongs } = await openPage(context)
  const go = async (path) => {
    await page.goto(server.url + path)
    await page.locator('#main').waitFor()
    await settled(page)
  }
  // An answer of 401 or 404 is told in the console by the browser itself.
  const faults = () => wrongs.splice(0).filter((line) => !line.includes('Failed to load resource'))
  return { context, page, go, faults }
}

/** A moment later than any at which the page was opened: from here on its time stands still until it is run. */
const LATER = NOW + 600_000

for (const lang of LANGUAGES) {
  for (const theme of THEMES) {
    test(`every page in ${lang}, ${theme}`, async (t) => {
      for (const [role, paths] of Object.entries(PAGES)) {
        const { context, page, go, faults } = await open(gateway({ role: role || null }), { lang, theme })
        for (const path of paths) {
          await t.test(`${role || 'nobody'} ${path}`, async () => {
            await go(path)
            assert.equal(await page.getAttribute('html', 'lang'), lang)
            await screenshot(page, `portal/${role || 'nobody'}${path.replace(ORDER, 'order').replaceAll(/\W+/g, '-')}-${lang}-${theme}`)
            assert.deepEqual(await axe(context, page), [])
            assert.deepEqual(await smallTargets(page, 24), [])
            assert.equal(await overflowAt(page, 320), 0, 'loss at 320 px')
            assert.deepEqual(faults(), [])
          })
        }
        await context.close()
      }
    })
  }
}

/** Where the focus is now: nothing where it is not seen, or lies under something else. */
function seenFocus() {
  const at = document.activeElement
  if (!at || at === document.body) return 'end'
  const box = (at.closest('.tile') ?? at).getBoundingClientRect()
  const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 20)]
  const inView = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight
  const top = inView ? document.elementFromPoint(x, y) : null
  const covered = !top || !(at.contains(top) || top.contains(at) || at.closest('label')?.contains(top))
  const ring = [at, at.closest('.tile')].some((one) => one && getComputedStyle(one).outlineStyle !== 'none')
  return covered || !ring ? `${at.tagName} ${at.textContent.trim().slice(0, 30)}${covered ? ' is covered' : ' shows no ring'}` : ''
}

test('every stop of the keyboard is seen', async (t) => {
  for (const [role, paths] of Object.entries(PAGES)) {
    const { context, page, go } = await open(gateway({ role: role || null }))
    for (const path of paths) {
      await t.test(`${role || 'nobody'} ${path}`, async () => {
        await go(path)
        const unseen = []
        for (let stop = 0; stop < 70; stop += 1) {
          await page.keyboard.press('Tab')
          const found = await page.evaluate(seenFocus)
          if (found === 'end') break
          if (found) unseen.push(found)
        }
        assert.deepEqual(unseen, [])
      })
    }
    await context.close()
  }
})

/** Names of keys, what a log holds, and news that another part has put into words. */
const DATA = 'kbd, table.evidence :is(td, thead th), .inbox h2 a, .inbox p, .inbox .hush'

test('no word is written into the code', async (t) => {
  for (const [role, paths] of Object.entries(PAGES)) {
    const { context, page, go } = await open(gateway({ role: role || null }))
    await context.addInitScript(() => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale: 'en-XA', theme: null, elder: false, keys: true })))
    for (const path of paths) {
      await t.test(`${role || 'nobody'} ${path}`, async () => {
        await go(path)
        assert.equal(await page.getAttribute('html', 'lang'), 'en-XA')
        assert.deepEqual(await writtenInCode(page, DATA), [])
      })
    }
    await context.close()
  }
})

test('fifty orders are approved by keyboard, and the last is taken back', async () => {
  const state = gateway({ orders: Array.from({ length: 50 }, (_, n) => orderOf(n)) })
  const { context, page, go, faults } = await open(state)
  await go('/approvals')
  await page.getByRole('heading', { name: '50 to approve' }).waitFor()
  await context.clock.pauseAt(LATER)
  for (let n = 0; n < 50; n += 1) await page.keyboard.press('a')
  await page.getByText('Providers are told in').waitFor()
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

test('a page of another role is refused, and asks nothing', async () => {
  for (const [role, paths] of [['customer', ['/approvals', '/edges', '/available']], ['provider', ['/publish/1', '/orders', '/regions/wall']], ['admin', ['/publish/1', '/jobs', '/inbox']]]) {
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
  const hostile = ['"><img src=x onerror=alert(1)>', '<script>alert(2)</script>', 'javascript:alert(3)', '{{ 7 * 7 }} @:x | y', 'W'.repeat(118)]
  const state = gateway({ orders: hostile.map((title, n) => orderOf(n, { title, description: title, address: title })), own: { title: hostile[0], address: hostile[1] } })
  const { context, page, go, faults } = await open(state)
  await go('/approvals')
  for (const title of hostile) await page.getByRole('link', { name: title, exact: true }).waitFor()
  assert.equal(await overflowAt(page, 320), 0)
  await go(`/orders/${ORDER}`)
  await page.getByRole('heading', { name: hostile[0] }).waitFor()
  assert.equal(await page.locator('main img, main script').count(), 0)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('out of reach, what was read stays and changes wait', async () => {
  const state = gateway({ role: 'provider' })
  const { context, page, go } = await open(state)
  await go('/available')
  state.gone = true
  await page.getByRole('button', { name: 'Accept' }).first().click()
  await page.getByRole('heading', { name: 'Holdfast is out of reach', exact: true }).waitFor()
  assert.ok((await page.locator('.job').count()) > 0)
  await page.locator('.job [aria-disabled=true]').first().waitFor()
  state.gone = false
  await page.getByRole('button', { name: 'Retry now' }).first().click()
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
  await page.getByRole('button', { name: 'Publish for approval' }).dblclick()
  await page.waitForURL('**/orders/*')
  const sent = state.changes()
  assert.equal(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size, 1)
  assert.equal(sent[0].body.price, '180.00')
  assert.equal(sent[0].body.service_start_time, '2026-11-22T14:00:00.000Z')
  assert.deepEqual(faults(), [])
  await context.close()
})
