// The staff of a kiosk, against a scripted node: they set it up with its account and a code of their own, renew its
// sign-in, and set it up again after it was ended elsewhere. A copy of what the kiosk stores opens nothing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, isMarkupChecked, keepPicture, launch, losses, PAGE_LANGUAGES, poll, settled, smallTargets } from './browser.mjs'
import { allOnDisk, kioskKeysOnDisk, storeKioskGrant } from './disk.mjs'
import { begin, describe, fillSetUp, finish, JOB, onward, openStaffMenu, publish, STAFF_CODE, stop } from './kiosk.mjs'
import { ACCOUNT, cutOff, playAtKiosk, setUp } from './kioskScene.mjs'
import { PASSWORD, PEOPLE } from './edge.mjs'

const USER = PEOPLE[ACCOUNT]
const NEW_CODE = '9046'
/** The digits of a time or a port may hold the code's by chance. */
const CODE_ALONE = new RegExp(`\\b${STAFF_CODE}\\b`)
const PAUSE_MS = 5 * 60_000
const DAY_MS = 86_400_000
/** The kiosk asks its node so often how it stands. */
const LOOK_MS = 10_000

let browser

before(async () => { browser = await launch() })
after(() => browser?.close())

const play = (scenes, options) => playAtKiosk(browser, scenes, options)

async function enterCode(page, code) {
  await page.fill('#code', code)
  await onward(page)
}

async function openByCode(page, code = STAFF_CODE) {
  await openStaffMenu(page)
  await enterCode(page, code)
  await page.locator('.facts').waitFor()
}

async function connect(page, state) {
  state.cutSince = undefined
  await page.reload()
  await page.locator('.hero').waitFor()
}

const forgotten = (page) => page.locator('main .button[data-kind=quiet]:not(.keyboard *)')

for (const lang of PAGE_LANGUAGES) {
  test(`the pages of the staff in ${lang}`, (t) => play(async ({ context, page, state }) => {
    const look = (name) => t.test(name, async () => {
      await settled(page)
      assert.equal(await page.getAttribute('html', 'lang'), lang)
      await keepPicture(page, `kiosk/staff-${name}-${lang}`)
      if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
      assert.deepEqual(await smallTargets(page, 48), [])
      assert.deepEqual(await losses(page), [])
      await page.evaluate(() => document.documentElement.setAttribute('data-elder', ''))
      assert.deepEqual(await losses(page), [])
      await page.evaluate(() => document.documentElement.removeAttribute('data-elder'))
    })
    await openStaffMenu(page)
    await look('set-up')
    await fillSetUp(page, ACCOUNT, PASSWORD, '1234')
    await page.locator('[role=alert] a').waitFor()
    await look('set-up-refused')
    await fillSetUp(page, ACCOUNT, PASSWORD)
    await page.locator('.facts').waitFor()
    await look('menu')
    await page.locator('main .row .button').first().click()
    await page.locator('#password').waitFor()
    await look('renew')
    await stop(page)
    await openStaffMenu(page)
    await page.locator('#code').waitFor()
    await look('code')
    await forgotten(page).click()
    await page.locator('#again').waitFor()
    await look('forgotten')
    await stop(page)
    state.ended[USER] = 'device_closed'
    await page.reload()
    await page.locator('.hero .banner').waitFor()
    await look('ended-first-page')
    await openStaffMenu(page)
    await page.locator('#again').waitFor()
    await look('ended')
  }, { lang, isSetUp: false }))
}

test('a kiosk that is not set up does not publish, and its menu opens by the code that staff chose at the set-up', () => play(async ({ page, state }) => {
  await page.getByText('with your account').first().waitFor()
  await openStaffMenu(page)
  await fillSetUp(page, 'Lin Xiaomei', PASSWORD)
  await page.getByText(/not one of a kiosk/).waitFor()
  await fillSetUp(page, ACCOUNT, 'wrong horse')
  await page.getByText('Account or password is wrong.').first().waitFor()
  const signIns = state.signIns.length
  for (const [code, again, text] of [['123', '123', 'A staff code has 4 to 8 digits'], ['7777', '7777', 'All digits are the same'], ['4321', '4321', 'The digits stand in a row'], [STAFF_CODE, '2581', 'The two codes are not the same']]) {
    await fillSetUp(page, ACCOUNT, PASSWORD, code, again)
    await page.getByText(text).first().waitFor()
  }
  assert.equal(state.signIns.length, signIns, 'nothing was sent with a code that is too easy')
  await stop(page)
  await setUp(page, state)
  await openStaffMenu(page)
  await enterCode(page, '2581')
  await page.getByText('This is not the code. 4 more tries').first().waitFor()
  await enterCode(page, STAFF_CODE)
  await page.locator('.facts').getByText('list 14 minutes old').waitFor()
}, { isSetUp: false }))

test('the kiosk signs in with a key of its own as a device, renews it as the same device, and keeps the code', () => play(async ({ page, state }) => {
  await connect(page, state)
  await openByCode(page)
  await page.getByRole('button', { name: 'Sign in again' }).click()
  assert.equal(await page.locator('#code').count(), 0, 'a renewal asks for no code')
  await page.fill('#password', PASSWORD)
  await onward(page)
  await page.locator('.facts').waitFor()
  const [first, second] = state.signIns
  assert.match(first.tablet, /^kiosk-[0-9a-f]{8}$/)
  assert.match(first.key, /^B[A-P][\w-]{85}$/)
  assert.equal(first.label, 'Kiosk north-1')
  assert.deepEqual(second, first)
  await stop(page)
  await cutOff(page, state)
  await openByCode(page)
}))

test('a dump of the kiosk holds no usable grant, no code and no password, and its keys cannot be exported', () => play(async ({ page, state, node }) => {
  state.answer = 'stored'
  await begin(page, 'en')
  await describe(page)
  await publish(page)
  const [{ token }] = state.frames
  await finish(page)
  const dump = await page.evaluate(allOnDisk)
  assert.ok(dump.includes(ACCOUNT), 'the search reads what is there')
  assert.deepEqual(['token-of', 'a-nonce', PASSWORD].filter((secret) => dump.includes(secret)), [])
  assert.doesNotMatch(dump, CODE_ALONE)
  assert.match(JSON.stringify({ code: STAFF_CODE }), CODE_ALONE, 'the search finds a code')
  assert.deepEqual(await page.evaluate(kioskKeysOnDisk), [['AES-GCM', false], ['ECDSA', false]])
  // Whoever copies the grant itself from a log or a memory opens nothing.
  const bare = token.split('~')[0]
  const answer = await fetch(`${node.url}/session`, { headers: { authorization: `Bearer ${bare}` } })
  assert.deepEqual([answer.status, (await answer.json()).code], [401, 'proof_required'])
}))

test('a node that restarted gets a new proof, and the command once', () => play(async ({ page, state }) => {
  state.answer = 'stored'
  await page.clock.install()
  const proven = page.waitForResponse('**/session?device=*')
  await page.reload()
  await proven
  await begin(page, 'en')
  await describe(page)
  state.nonce = 'a-nonce-after-the-restart'
  const answers = []
  page.on('response', (response) => { if (response.url().endsWith('/commands')) answers.push(response.status()) })
  await onward(page)
  await poll(async () => {
    await page.clock.runFor(1_000)
    assert.equal(await page.locator('.qr').count(), 1)
  })
  assert.deepEqual(answers, [401, 200])
  assert.deepEqual(state.frames.map(({ token }) => token.split('~')[1]), [state.nonce])
}))

test('a kiosk whose device was ended hears of it from its node, keeps what a person wrote and what was published, and asks to be set up', () => play(async ({ page, state }) => {
  state.answer = 'stored'
  await begin(page, 'en')
  await describe(page)
  await publish(page)
  const receipt = await page.locator('.scan .code').innerText()
  await finish(page)
  const published = state.frames.at(-1).body.order_id
  await page.clock.install()
  await page.reload()
  await begin(page, 'en')
  await describe(page)
  state.ended[USER] = 'device_closed'
  await page.clock.runFor(LOOK_MS + 1_000)
  await onward(page)
  await page.getByText('This kiosk is not ready').waitFor()
  assert.ok((await page.locator('main').innerText()).includes(JOB.title), 'the draft is still there')
  assert.equal(state.frames.length, 1)
  await page.reload()
  await page.locator('.hero .banner', { hasText: 'must be set up again' }).waitFor()
  assert.ok(!(await page.evaluate(allOnDisk)).includes('staffCode'), 'the code went with the device')

  await connect(page, state)
  await openStaffMenu(page)
  await page.getByText('Jobs that were published here go on.').waitFor()
  assert.equal(await page.inputValue('#account'), ACCOUNT)
  await fillSetUp(page, ACCOUNT, PASSWORD, NEW_CODE)
  await page.locator('.facts').waitFor()
  const [first, again] = state.signIns
  assert.deepEqual([again.tablet, again.key], [first.tablet, first.key], 'it is the same device')
  await stop(page)
  assert.ok(state.orders.some(({ id }) => id === published))
  assert.match(receipt, /^[0-9A-Z-]{19}$/)
  await begin(page, 'en')
  await describe(page)
  await publish(page)
  assert.ok(state.frames[1].device_seq > state.frames[0].device_seq, 'the commands go on counting')
}))

test('a sign-in that ends while the menu is open takes the code along, and staff choose another when they sign in again', () => play(async ({ page, state }) => {
  await page.clock.install()
  await connect(page, state)
  await openByCode(page)
  state.ended[USER] = 'device_closed'
  await page.clock.runFor(LOOK_MS + 1_000)
  await page.getByText('Not ready').waitFor()
  await page.getByRole('button', { name: 'Sign in again' }).click()
  await page.getByText('choose a new staff code').waitFor()
  await fillSetUp(page, ACCOUNT, PASSWORD, NEW_CODE)
  await page.locator('.facts').waitFor()
  await stop(page)
  await cutOff(page, state)
  await openByCode(page, NEW_CODE)
}))

/** Runs in the page: the disk has no room for these facts. */
function refuseFacts(facts) {
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = function (value, key) {
    if (facts.includes(key)) throw new DOMException('full', 'QuotaExceededError')
    return put.call(this, value, key)
  }
}

test('a full disk stops a renewal before the cloud ends the present sign-in, and no sign-in lives on that could not be kept', () => play(async ({ page, state }) => {
  const renewWithout = async (facts) => {
    await connect(page, state)
    await openByCode(page)
    await page.getByRole('button', { name: 'Sign in again' }).click()
    await page.fill('#password', PASSWORD)
    await page.evaluate(refuseFacts, facts)
    await onward(page)
    await page.getByText('storage is full').waitFor()
  }
  await renewWithout(['room', 'grant'])
  assert.equal(state.signIns.length, 1, 'the cloud was not asked')
  const ended = page.waitForRequest((request) => request.method() === 'DELETE')
  await renewWithout(['grant'])
  assert.equal(state.signIns.length, 2)
  assert.match((await ended).headers().authorization, new RegExp(`^Bearer token-of-${USER}~${state.nonce}~`))
}))

test('the end of the former sign-in, heard during a renewal, is not taken for the end of the new one', () => play(async ({ page, state }) => {
  await connect(page, state)
  await openByCode(page)
  await page.getByRole('button', { name: 'Sign in again' }).click()
  await page.fill('#password', PASSWORD)
  // The kiosk hears of the end of the former grant after it has sent its renewal, and before that is answered.
  let renew = () => {}
  const renewal = new Promise((done) => { renew = done })
  let refuse = () => {}
  const refusal = new Promise((done) => { refuse = done })
  await page.route('**/session?device=*', async (route) => {
    await renewal
    await route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify({ code: 'session_ended', status: 401, title: 'ended' }) })
    refuse()
  })
  await page.route('**/session', async (route) => {
    renew()
    await refusal
    await route.continue()
  })
  await onward(page)
  await page.locator('.facts').waitFor()
  await page.unrouteAll()
  await stop(page)
  await cutOff(page, state)
  await openByCode(page)
}))

test('who forgot the code signs in with the account while the network is there, and chooses a new one', () => play(async ({ page, state }) => {
  await openStaffMenu(page)
  assert.equal(await forgotten(page).getAttribute('aria-disabled'), 'true', 'the account opens nothing at a cut-off node')
  await stop(page)
  await connect(page, state)
  await openStaffMenu(page)
  await forgotten(page).click()
  await fillSetUp(page, ACCOUNT, PASSWORD, NEW_CODE)
  await page.locator('.facts').waitFor()
  await stop(page)
  await cutOff(page, state)
  await openStaffMenu(page)
  await enterCode(page, STAFF_CODE)
  await page.getByText('4 more tries').first().waitFor()
  await enterCode(page, NEW_CODE)
  await page.locator('.facts').waitFor()
}))

test('a kiosk taken out of use is signed out with its proof, and forgets its account and its code', () => play(async ({ page, state }) => {
  await connect(page, state)
  await openByCode(page)
  const ended = page.waitForRequest((request) => request.method() === 'DELETE')
  await page.getByRole('button', { name: 'Take this kiosk out of use' }).click()
  assert.match((await ended).headers().authorization, new RegExp(`^Bearer token-of-${USER}~${state.nonce}~`))
  await page.locator('.hero').waitFor()
  const dump = await page.evaluate(allOnDisk)
  assert.ok(!dump.includes(ACCOUNT) && !dump.includes('staffCode'))
  await openStaffMenu(page)
  await page.locator('#again').waitFor()
}))

const LIMIT_TEXTS = {
  en: { tries: (n) => `This is not the code. ${n} more ${n === 1 ? 'try' : 'tries'}, then 5 minutes of rest.`, rest: 'Locked for 5 min 0 s', later: 'Locked for 4 min 30 s', gone: 'This kiosk knows no staff code' },
  'zh-CN': { tries: (n) => `店员码不对。还可试 ${n} 次，之后须等 5 分钟。`, rest: '已锁定，剩 5 分 0 秒', later: '已锁定，剩 4 分 30 秒', gone: '这台自助机没有店员码' },
}

/** The kiosk's own clock, which any person at it may set. */
async function setClock(page, now) {
  await page.clock.setFixedTime(now)
  await page.reload()
  await page.locator('.hero').waitFor()
  await openStaffMenu(page)
}

for (const lang of PAGE_LANGUAGES) {
  test(`after five wrong codes the staff menu of a cut-off kiosk rests, after fifteen it waits for the cloud, in ${lang}`, () => play(async ({ page, state }) => {
    const { tries, rest, later, gone } = LIMIT_TEXTS[lang]
    let now = await page.evaluate(() => Date.now())
    await openStaffMenu(page)
    for (let left = 4; left >= 1; left -= 1) {
      await enterCode(page, '2581')
      await page.getByText(tries(left)).first().waitFor()
    }
    await enterCode(page, '2581')
    const heading = page.getByRole('heading', { level: 1 })
    await heading.getByText(rest).waitFor()
    await keepPicture(page, `kiosk/staff-rests-${lang}`)
    assert.equal(await page.locator('#code').count(), 0)
    await page.clock.setFixedTime(now += 30_000)
    await heading.getByText(later).waitFor()
    await setClock(page, now)
    await heading.getByText(later).waitFor()
    await setClock(page, now -= DAY_MS)
    await heading.getByText(rest).waitFor()
    await setClock(page, now += 30_000)
    await heading.getByText(later).waitFor()
    await setClock(page, now += PAUSE_MS - 30_000)

    for (let n = 6; n <= 15; n += 1) {
      await enterCode(page, '2581')
      if (n % 5 !== 0) await page.getByText(tries(5 - (n % 5))).first().waitFor()
      if (n !== 10) continue
      await heading.getByText(rest).waitFor()
      await setClock(page, now += PAUSE_MS)
    }
    await page.getByText(gone).waitFor()
    await keepPicture(page, `kiosk/staff-gone-${lang}`)
    await setClock(page, now += DAY_MS)
    await page.getByText(gone).waitFor()
    await stop(page)
    state.answer = 'stored'
    await begin(page, lang)
    await describe(page)
    await publish(page)
    await finish(page)

    // With the cloud, staff sign in again and choose a new code.
    await connect(page, state)
    await openStaffMenu(page)
    await fillSetUp(page, ACCOUNT, PASSWORD, NEW_CODE)
    await page.locator('.facts').waitFor()
    state.cutSince = now
    await page.reload()
    await openStaffMenu(page)
    await enterCode(page, STAFF_CODE)
    await page.getByText(tries(4)).first().waitFor()
    await enterCode(page, NEW_CODE)
    await page.locator('.facts').waitFor()
  }, { lang }))
}

test('codes count alike with and without the network, and the account opens the menu while it rests', () => play(async ({ page, state }) => {
  await connect(page, state)
  await openStaffMenu(page)
  for (const words of ['4 more tries', '3 more tries']) {
    await enterCode(page, '2581')
    await page.getByText(words).first().waitFor()
  }
  await stop(page)
  await cutOff(page, state)
  await openStaffMenu(page)
  for (const words of ['2 more tries', '1 more try', 'Locked for 5 min']) {
    await enterCode(page, '2581')
    await page.getByText(words).first().waitFor()
  }
  await stop(page)
  await connect(page, state)
  await openStaffMenu(page)
  await page.getByText('Locked for 5 min').waitFor()
  state.isCloudBusy = true
  await forgotten(page).click()
  await fillSetUp(page, ACCOUNT, PASSWORD)
  await page.getByText('A kiosk is set up while the network is there.').waitFor()
  state.isCloudBusy = false
  await fillSetUp(page, ACCOUNT, PASSWORD)
  await page.locator('.facts').waitFor()
}))

test('a kiosk of an earlier version publishes on with what it has, which is sealed at its first start', () => play(async ({ context, page, state, node }) => {
  const grant = { device: 'tablet-1', account: ACCOUNT, user_id: USER, token: `token-of-${USER}`, expires_at: Date.now() + DAY_MS, verifier: { rounds: 1 } }
  // A page without the kiosk's script, so that the grant is there before its first start.
  const other = await context.newPage()
  await other.goto(`${node.url}/icon.svg`)
  await other.evaluate(storeKioskGrant, grant)
  await other.close()
  state.answer = 'stored'
  await page.reload()
  await poll(async () => {
    const dump = await page.evaluate(allOnDisk)
    assert.ok(dump.includes(ACCOUNT) && !dump.includes('token-of') && !dump.includes('verifier'))
  })
  await begin(page, 'en')
  await describe(page)
  await publish(page)
  assert.ok(state.frames[0].token.startsWith(grant.token))
  await finish(page)
  await openStaffMenu(page)
  await fillSetUp(page, ACCOUNT, PASSWORD)
  await page.locator('.facts').waitFor()
}, { isSetUp: false }))
