// A shared tablet while its person is away: who gets in by a PIN, and what the next one can find on its disk.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { axe, COLOUR_RULES, IS_DEEP, isMarkupChecked, keepPicture, launch, losses, openPage, PAGE_LANGUAGES, poll, screenshot, settled, smallTargets, tabTo, unseenStops } from './browser.mjs'
import { allOnDisk, commandsOnDisk } from './disk.mjs'
import { order, PASSWORD, PEOPLE, serveEdge, startState } from './edge.mjs'

const DIST = fileURLToPath(new URL('../../edge-node/app/dist', import.meta.url))
const EXPECTED = /WebSocket|status of (401|503)|Failed to load resource: net::/
const PIN = '2580'
const PHONE = '138 0013 8000'
const id = (n) => order(n).id

let browser

before(async () => { browser = await launch() })
after(() => browser?.close())

async function signIn(page, name = 'Zhou Lei') {
  await page.fill('#name', name)
  await page.fill('#password', PASSWORD)
  await page.click('button[type=submit]')
  await page.locator('.job').first().waitFor()
}

async function lock(page) {
  await page.click('.who')
  await page.locator('dialog[open] button[type=submit]').click()
  await page.waitForURL('**/lock')
}

async function fillPin(page, { password = PASSWORD, pin = PIN, again = pin } = {}) {
  await page.fill('#password', password)
  await page.fill('#pin', pin)
  await page.fill('#again', again)
  await page.locator('main button[type=submit]').click()
}

async function setPin(page) {
  await page.click('.who')
  await page.locator('dialog[open]').getByRole('button', { name: /^Set a PIN|^设置 PIN/ }).click()
  await page.waitForURL('**/pin')
  await fillPin(page)
  await page.locator('.toast').waitFor()
}

const press = async (page, digits) => {
  for (const digit of digits) await page.locator('.pad').getByRole('button', { name: digit, exact: true }).click()
}

/** By the pad, and not judged yet when it returns. */
async function tryPin(page, pin) {
  await press(page, pin)
  await page.locator('main button[type=submit]').click()
}

/** Somebody at the board of a tablet of their own, before a scripted edge. */
async function play(scenes, change = {}, options = {}) {
  const state = Object.assign(startState(), change)
  const edge = await serveEdge(DIST, state)
  const context = await browser.newContext({ viewport: { width: 820, height: 1180 }, locale: 'en', reducedMotion: 'reduce', ...options })
  const { page, wrongs } = await openPage(context)
  try {
    await page.goto(edge.url)
    await signIn(page)
    await scenes({ state, edge, context, page })
  } catch (error) {
    await screenshot(page, 'locked/failed')
    throw error
  } finally {
    await context.close()
    await edge.close()
  }
  assert.deepEqual(wrongs.filter((wrong) => !EXPECTED.test(wrong)), [])
}

test('five wrong PINs and nobody gets in for five minutes, not after a reload nor by a clock set back; then the right one unlocks', () => play(async ({ edge, context, page }) => {
  await context.clock.install()
  await page.goto(edge.url)
  await page.locator('.job').first().waitFor()
  await setPin(page)
  await lock(page)
  await page.getByRole('heading', { name: 'Zhou Lei, your PIN' }).waitFor()
  for (const left of ['4 more tries', '3 more tries', '2 more tries', '1 more try']) {
    await tryPin(page, '2581')
    await page.locator('.error', { hasText: left }).waitFor()
  }
  await page.reload()
  await tryPin(page, '2581')
  await page.getByRole('heading', { name: /^Locked for (5 min 0|4 min 5\d) s/ }).waitFor()
  assert.equal(await page.locator('.pad').count(), 0)
  await context.clock.setSystemTime(Date.now() - 24 * 3_600_000)
  await page.reload()
  await page.getByRole('heading', { name: /^Locked for (5 min 0|4 min 5\d) s/ }).waitFor()
  await context.clock.fastForward(250_000)
  await page.getByRole('heading', { name: 'Locked for 0 min' }).waitFor()
  await context.clock.fastForward(51_000)
  await tryPin(page, PIN)
  await page.locator('.job').first().waitFor()
}))

test('the password unlocks while the PIN rests, and fifteen wrong PINs in a row take it away', () => play(async ({ context, page }) => {
  await setPin(page)
  await context.clock.install()
  await lock(page)
  for (let n = 1; n <= 15; n += 1) {
    await page.locator('.pad').waitFor()
    await tryPin(page, '0852')
    if (n % 5 !== 0) await page.locator('.error', { hasText: `${5 - (n % 5)} more` }).waitFor()
    else if (n < 15) {
      await page.getByRole('heading', { name: /^Locked for/ }).waitFor()
      await context.clock.fastForward(301_000)
    }
  }
  await page.getByText('This PIN no longer opens anything here').waitFor()
  await page.fill('#password', PASSWORD)
  await page.click('form button[type=submit]')
  await page.locator('.job').first().waitFor()
  await page.click('.who')
  await page.locator('dialog[open]').getByRole('button', { name: 'Set a PIN…' }).waitFor()
}))

test('a PIN that anybody tries first is refused with the reason, and so is one without the password', () => play(async ({ edge, page }) => {
  await page.goto(`${edge.url}/pin`)
  for (const [form, text] of [
    [{ pin: '7777' }, 'All digits are the same'], [{ pin: '1234' }, 'The digits stand in a row'], [{ pin: '98765' }, 'The digits stand in a row'],
    [{ pin: '123' }, 'A PIN has 4 to 8 digits'], [{ again: '2581' }, 'The two PINs are not the same'], [{ password: 'wrong' }, 'This is not the password'],
  ]) {
    await fillPin(page, form)
    await page.locator('.error', { hasText: text }).waitFor()
  }
  await lock(page)
  assert.equal(await page.locator('.pad').count(), 0, 'nothing was set')
}))

test('a PIN ends with the session', () => play(async ({ state, page }) => {
  await setPin(page)
  await lock(page)
  await page.locator('.pad').waitFor()
  await tryPin(page, PIN)
  await page.locator('.job').first().waitFor()
  state.ended[PEOPLE['Zhou Lei']] = 'session_ended'
  await page.reload()
  await page.locator('.banner', { hasText: 'signed out' }).waitFor()
  await page.click('.who')
  await page.locator('dialog[open]').getByRole('button', { name: 'Set a PIN…' }).waitFor()
  await page.locator('dialog[open] button[type=submit]').click()
  await page.locator('#password').waitFor()
  assert.equal(await page.locator('.pad').count(), 0)
}))

test('the next person finds nothing of the one who locked, on no page and nowhere on the disk', () => {
  const mine = { provider_id: PEOPLE['Zhou Lei'], address: `海港路1号, ${PHONE}` }
  const orders = [order(11), order(12, { title: 'Set up a router and two printers' }), order(14, { ...mine, title: 'Fix a door that sticks', status: 'in_progress', version: 4 })]
  return play(async ({ state, edge, page }) => {
    await setPin(page)
    await page.goto(`${edge.url}/jobs/${id(14)}/complete`)
    await page.fill('textarea', 'The boiler behind it drips.')
    await page.setInputFiles('.shoot input', { name: 'work.png', mimeType: 'image/png', buffer: await page.screenshot() })
    await page.locator('.photo img').waitFor()
    await page.click('form button[type=submit]')
    await page.locator('.status[data-status=completed]').waitFor()
    const { items } = await page.evaluate(commandsOnDisk)
    assert.deepEqual(items.map(({ job, body }) => [job.title, body.note]), [['Fix a door that sticks', 'The boiler behind it drips.']], 'it is there, for its person')
    const isHidden = async (what, words) => {
      const kept = await page.evaluate(allOnDisk)
      assert.ok(kept.includes('Zhou Lei'), 'the names of the tablet are')
      assert.deepEqual(words.filter((word) => kept.includes(word)), [], what)
      // The first bytes of every photo.
      assert.ok(!kept.includes('JFIF'), what)
    }
    const traces = ['Fix a door', '海港路', PHONE, 'boiler', 'token-of', 'a-nonce', PASSWORD, PIN, '"epoch"']
    await lock(page)
    await isHidden('locked', [...traces, 'Set up a router'])
    await page.goto(`${edge.url}/sign-in`)
    await signIn(page, 'Maria Silva')
    for (const path of ['/', '/jobs', '/queue', `/jobs/${id(14)}`, `/lost/${items[0].id}`]) {
      await page.goto(edge.url + path)
      await page.locator('main h1, main .empty').first().waitFor()
      await settled(page)
      const shown = await page.locator('body').innerText()
      assert.deepEqual(traces.filter((word) => shown.includes(word)), [], path)
    }
    await isHidden('with another person in', traces)
    // The work that waits needs nobody: after its ten seconds it leaves with its photo's name.
    state.answer = 'stored'
    await poll(() => assert.equal(state.frames.find(({ token }) => token.startsWith(`token-of-${PEOPLE['Zhou Lei']}~`))?.body.note, 'The boiler behind it drips.'))
    await isHidden('once it has left', traces)
  }, { orders, answer: 'later' })
})

test('a PIN is set and typed by keyboard alone, and a screen reader hears how many digits there are', () => play(async ({ page }) => {
  const { keyboard } = page
  await setPin(page)
  await lock(page)
  await tabTo(page, page.locator('#pin'))
  await keyboard.type('25x8')
  await page.getByRole('status').getByText('3 digits').waitFor()
  await tabTo(page, page.getByRole('button', { name: 'Back', exact: true }))
  await keyboard.press('Enter')
  await page.getByRole('status').getByText('2 digits').waitFor()
  assert.deepEqual(await unseenStops(page), [])
  await page.locator('#pin').focus()
  await keyboard.type('80')
  await keyboard.press('Enter')
  await page.locator('.job').first().waitFor()
}))

for (const lang of PAGE_LANGUAGES) {
  test(`the pages of a PIN in ${lang}`, () => play(async ({ edge, context, page }) => {
    await page.evaluate((locale) => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale, theme: null, elder: false, keys: true })), lang)
    const look = async (name) => {
      await settled(page)
      assert.equal(await page.getAttribute('html', 'lang'), lang)
      if (IS_DEEP) {
        await page.emulateMedia({ colorScheme: 'dark' })
        await keepPicture(page, `locked/${name}-${lang}-dark`)
        assert.deepEqual(await axe(context, page, COLOUR_RULES), [], name)
      }
      await page.emulateMedia({ colorScheme: 'light' })
      await keepPicture(page, `locked/${name}-${lang}-light`)
      assert.deepEqual(await losses(page), [], name)
      if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [], name)
      assert.deepEqual(await smallTargets(page, 48), [], name)
    }
    await page.goto(`${edge.url}/pin`)
    await page.locator('#again').waitFor()
    await look('set')
    await fillPin(page, { pin: '1234' })
    await page.locator('[role=alert] a').waitFor()
    await look('refused')
    await page.goto(edge.url)
    await page.locator('.job').first().waitFor()
    await setPin(page)
    await page.click('.who')
    await page.locator('dialog[open]').waitFor()
    await look('account')
    await page.locator('dialog[open] button[type=submit]').click()
    await page.locator('.pad').waitFor()
    await look('pad')
    for (let n = 1; n <= 5; n += 1) {
      await tryPin(page, '2581')
      await (n < 5 ? page.locator('.error', { hasText: String(5 - n) }) : page.locator('#password')).waitFor()
      if (n === 1) await look('wrong')
    }
    await look('rests')
  }))
}
