// Every page, menu and dialog of the portal over a gateway that answers from memory, and in a deep run in both languages and in dark colours.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pass } from 'node:timers/promises'
import { axe, COLOUR_RULES, IS_DEEP, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, resize, shifts, smallTargets, unseenStops, watchShifts, writtenInCode } from './browser.mjs'
import { DONE, gateway, OFFERED, orderOf, PASSWORD, PEOPLE, REVIEWED, SECRET } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const ORDER = orderOf(60).id
/** An order that nobody has accepted. */
const WAITING = orderOf(1).id
const press = (key) => (page) => page.keyboard.press(key)
const button = (member, words) => (page, lang) => page.getByRole('button', { name: words(wordsOf(member, lang)) }).first().click()
const account = (page) => page.locator('.who').click()
/** Somebody who was revoked. */
const CLOSED = '0193a1c2-0000-7000-8000-000000000651'
/** An administrator with a second factor. */
const GUARDED = '0193a1c2-0000-7000-8000-000000000650'
const REVIEWS = `/providers/${PEOPLE.provider.user_id}/reviews`
const PAGES = {
  '': ['/sign-in', '/sign-in/phone', '/sign-in/forgot', '/sign-in/back', '/register/customer', '/register/provider', '/help', '/terms', '/privacy', '/docs', '/docs?route=order.accept', '/docs?route=hub.status', `/track/N-7F3K60?s=${SECRET}`, '/track/N-7F3K61?s=wrong', '/track/N-7F3K60'],
  customer: ['/publish/1', '/orders', '/orders?status=rejected', '/orders?status=reviewed', `/orders/${ORDER}`, `/orders/${ORDER}?do=cancel`, `/orders/${ORDER}?do=time`, `/orders/${ORDER}/messages`, `/orders/${WAITING}/messages`, `/orders/${REVIEWED}`, `/orders/${DONE}`, REVIEWS, '/calendar', '/calendar/2026-11-30', '/inbox', '/inbox?show=wishes', '/profile', '/profile?part=addresses', '/profile?part=methods', '/account', '/your-data', '/help', '/nowhere'],
  provider: ['/available', '/available?region=NORTH', '/available?q=tap&least=much', '/available?mine=1&fits=1', '/reviews', '/earnings', '/statements/2026-11', '/jobs', `/jobs/${ORDER}`, `/jobs/${ORDER}?do=withdraw`, `/jobs/${ORDER}?do=time`, `/jobs/${ORDER}/messages`, '/calendar', '/calendar/2026-12-24', '/inbox', '/profile', '/profile?part=hours', '/profile?part=work', '/profile?part=certificates', '/your-data'],
  admin: [
    '/overview', '/inbox', '/inbox?show=wishes', '/profile', '/account', '/your-data', '/approvals', '/approvals?view=flagged', '/conflicts/lost-1', '/conflicts/case-2', '/conflicts?show=promises', '/conflicts?show=promises&region=WEST', '/providers', '/providers?state=rejected', '/orders', '/orders?q=nothing', '/orders?least=90&most=10', `/orders/${ORDER}`, `/orders/${OFFERED}?do=offer`, '/money', '/money?view=cases', '/money?view=compared', '/money?view=fees', `/money?view=order&order=${ORDER}`, '/reviews', '/reviews?state=hidden',  '/regions', '/regions?region=SOUTH', '/regions/wall', '/dead-letters', '/acts', '/settings', '/deliveries', '/deliveries?state=dropped',
    '/people', `/people/${PEOPLE.customer.user_id}`, '/people?search=nobody', `/people/${CLOSED}`, `/people/${GUARDED}`, '/roles', '/edges', '/edges?edge=north-1', '/edges?edge=east-1', '/edges?edge=north-1&tab=log', '/edges?edge=south-1&tab=lease', '/edges?do=enrol',
  ],
}
async function signIn(page) {
  await page.locator('#name').fill('chenyu')
  await page.locator('#word').fill(PASSWORD)
  await page.locator('#main form button[type="submit"]').click()
}
async function drawFactor(page) {
  await page.locator('#factor-word').fill(PASSWORD)
  await page.locator('form:has(#factor-word) button[type="submit"]').click()
}
/** Menus, dialogs and second steps: the role, the page, how it is opened, and more of the gateway's state. */
const OPENED = {
  'customer account': ['customer', '/orders', account],
  'provider keys': ['provider', '/available', press('?')],
  'admin account': ['admin', '/orders', account],
  'admin keys': ['admin', '/approvals', press('?')],
  'admin reject': ['admin', '/approvals', press('r')],
  'admin verify': ['admin', '/providers', press('a')],
  'admin hide': ['admin', '/reviews', press('r')],
  'admin goodwill': ['admin', `/money?view=order&order=${ORDER}`, button('cloud/portal', ({ moneyAct }) => moneyAct.ask.compensation)],
  'admin role': ['admin', `/people/${PEOPLE.customer.user_id}`, button('cloud/portal', ({ people }) => people.change)],
  'admin password': ['admin', `/people/${PEOPLE.customer.user_id}`, button('cloud/portal', ({ people }) => people.password.give)],
  'admin second factor': ['admin', `/people/${GUARDED}`, button('cloud/portal', ({ people }) => people.factor.remove)],
  'admin set-up of a second factor': ['admin', '/account', drawFactor],
  'sign-in with a second factor': ['', '/sign-in', signIn, { factor: { asks: 'second_factor_required' } }],
  'sign-in with a passkey': ['', '/sign-in', signIn, { factor: { asks: 'second_factor_required', ways: ['passkey', 'app', 'recovery_code'] } }],
  'admin passkeys': ['admin', '/account', (page) => page.locator('.passkeys').scrollIntoViewIfNeeded(), { factor: { passkeys: [{ id: ORDER, label: 'Laptop', created_at: '2026-11-21T08:00:00.000Z', last_used_at: null, credential: 'AQID' }] } }],
  'sign-in that sets up a second factor': ['', '/sign-in', signIn, { factor: { asks: 'second_factor_setup_required' } }],
  'customer deletion': ['customer', '/account', button('cloud/portal', ({ deletion }) => deletion.ask)],
  'report of a message': ['customer', `/orders/${ORDER}/messages`, button('cloud/portal', ({ messages }) => messages.report)],
  'block of a person': ['provider', `/jobs/${ORDER}/messages`, (page) => page.locator('.card p.noprint .button').last().click()],
  'admin drill': ['admin', '/regions', button('protocol/web', ({ act }) => act.cut)],
  'admin drill on the wall': ['admin', '/regions/wall', button('protocol/web', ({ act }) => act.cut)],
  'admin rules of a region': ['admin', '/settings', button('cloud/portal', ({ rules }) => rules.change)],
  'admin lease': ['admin', '/regions?region=SOUTH', button('cloud/portal', ({ lease }) => lease.grant)],
}

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())
const open = (state, lang) => portal.open(state, lang)

/** Looks at the page in each theme that is checked, and last in a narrow window. */
async function inspect({ context, page, faults }, name, lang) {
  assert.equal(await page.getAttribute('html', 'lang'), lang)
  if (IS_DEEP) {
    await page.emulateMedia({ colorScheme: 'dark' })
    await keepPicture(page, `portal/${name}-${lang}-dark`)
    assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await keepPicture(page, `portal/${name}-${lang}-light`)
  if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await smallTargets(page, 24), [])
  assert.deepEqual(await losses(page), [])
  assert.deepEqual(faults(), [])
}

/** How long an answer takes, so that a page is drawn without it first. */
const LATE_MS = 150
/** Of layout shifts in all; a browser calls up to 0.1 good. */
const SHIFTS_MAX = 0.05
const NARROW = { width: 390, height: 844 }
const WIDE = { width: 1280, height: 900 }

/** A gateway that answers late for as long as `lateMs` is set. */
function lateGateway(role) {
  const state = gateway({ role })
  const { answer } = state
  state.answer = async (request, response) => {
    if (state.lateMs) await pass(state.lateMs)
    return answer(request, response)
  }
  return state
}

/** Opens the page with late answers in a narrow window, where nothing may move by itself. */
async function goLate({ page, go }, state, path) {
  await resize(page, NARROW)
  state.lateMs = LATE_MS
  await go(path)
  state.lateMs = 0
  const { sum, moved } = await shifts(page)
  assert.ok(sum <= SHIFTS_MAX, `${sum.toFixed(3)} of layout shifts: ${moved.join(' | ')}`)
  await resize(page, WIDE)
}

for (const lang of PAGE_LANGUAGES) {
  test(`every page in ${lang}`, async (t) => {
    for (const [role, paths] of Object.entries(PAGES)) {
      const state = lateGateway(role || null)
      const opened = await open(state, lang)
      if (role) await watchShifts(opened.page)
      for (const path of paths) {
        await t.test(`${role || 'nobody'} ${path}`, async () => {
          // A part of a page that the address names comes in the same way as the page.
          if (role && lang === 'en' && !path.includes('?')) await goLate(opened, state, path)
          else await opened.go(path)
          await inspect(opened, `${role || 'nobody'}${path.replace(ORDER, 'order').replace(REVIEWED, 'reviewed').replace(DONE, 'done').replace(OFFERED, 'offered').replace(PEOPLE.provider.user_id, 'them').replace(SECRET, 'secret').replaceAll(/\W+/g, '-')}`, lang)
          // Its language moves nothing in the order of the stops.
          if (lang === 'en') assert.deepEqual(await unseenStops(opened.page), [], 'each stop of the keyboard is seen')
        })
      }
      await opened.context.close()
    }
  })

  test(`every menu and dialog in ${lang}`, async (t) => {
    for (const [name, [role, path, show, more]] of Object.entries(OPENED)) {
      await t.test(name, async () => {
        const opened = await open(gateway({ role: role || null, ...more }), lang)
        await opened.go(path)
        await show(opened.page, lang)
        await opened.page.locator('dialog[open], :popover-open, #factor-code, .passkeys').waitFor()
        await inspect(opened, name.replaceAll(' ', '-'), lang)
        await opened.context.close()
      })
    }
  })
}

/** Names of keys, days of a chart, entries of a log, and news that another part has put into words. */
const DATA = 'kbd, .bars text, table.evidence :is(td, thead th), .inbox h2 a, .inbox p, .inbox .hush'

/** Every page once more. Lint finds the words in templates within seconds. */
const skip = IS_DEEP ? false : 'in a deep run'

test('no word is written into the code', { skip }, async (t) => {
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
