// The kiosk, against a scripted node: a job from the first touch to its receipt, followed, cancelled and reviewed; each
// page, in a deep run in both languages; and nothing of a person left behind.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, IS_DEEP, isMarkupChecked, keepPicture, launch, losses, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo, unseenStops, writtenInCode } from './browser.mjs'
import { begin, beginBy, describe, finish, JOB, onward, publish, stop } from './kiosk.mjs'
import { EXPECTED, playAtKiosk } from './kioskScene.mjs'
import { order, PASSWORD, PEOPLE, RECEIPT_SECRET, startState } from './edge.mjs'
import { findTraces, WHOLE_TEXTS } from './traces.mjs'

const IDLE_MS = 60_000
const ASK_MS = 30_000

/** As a person types their number and the message has its code. */
const PHONE = '139 1234 5678'
const CODE = '493027'

const TRACES = [...Object.values(JOB), '181.50', 'Xylophone', 'Quokka', 'Lin Xiaomei', PASSWORD, PHONE, CODE]

/** A cancel of such a job costs the fee of a late one. */
const LATE = { status: 'accepted', payment_status: 'held', provider_id: PEOPLE['Zhou Lei'], service_start_time: new Date(Date.now() + 5 * 3_600_000).toISOString(), service_end_time: null }

let browser

before(async () => { browser = await launch([WHOLE_TEXTS]) })
after(() => browser?.close())

const play = (scenes, options) => playAtKiosk(browser, scenes, options)

for (const lang of PAGE_LANGUAGES) {
  test(`each page in ${lang}`, (t) => play(async ({ context, page, state, wrongs }) => {
    const look = (name) => t.test(name, async () => {
      await settled(page)
      assert.equal(await page.getAttribute('html', 'lang'), lang)
      if (IS_DEEP) {
        await page.emulateMedia({ colorScheme: 'dark' })
        await keepPicture(page, `kiosk/${name}-${lang}-dark`)
        assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
      }
      await page.emulateMedia({ colorScheme: 'light' })
      await keepPicture(page, `kiosk/${name}-${lang}`)
      if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
      assert.deepEqual(await smallTargets(page, 48), [])
      assert.deepEqual(await losses(page), [])
      await page.evaluate(() => document.documentElement.setAttribute('data-elder', ''))
      await keepPicture(page, `kiosk/${name}-${lang}-elder`)
      assert.deepEqual(await losses(page), [])
      await page.evaluate(() => document.documentElement.removeAttribute('data-elder'))
      assert.deepEqual(wrongs.splice(0).filter((wrong) => !EXPECTED.test(wrong)), [])
    })
    await look('attract')
    await begin(page, lang)
    await onward(page)
    await page.locator('[role=alert]').waitFor()
    await look('what-missing')
    state.answer = 'stored'
    await describe(page, look)
    await publish(page)
    await look('receipt-kept')
    state.answer = 'applied'
    await page.locator('.truth[data-truth=confirmed]').waitFor()
    await look('receipt-confirmed')
    await finish(page)
    await page.locator('.begin .button').nth(2).click()
    await page.locator('#code').waitFor()
    await look('find')
    await page.fill('#code', 'N-7F3K99')
    await page.fill('#secret', RECEIPT_SECRET)
    await onward(page)
    await page.locator('.ticket').waitFor()
    await look('follow')
    Object.assign(state.orders.find((each) => each.code === 'N-7F3K99'), LATE)
    await finish(page)
    await find(page, 'N-7F3K99')
    await page.locator('.button[data-kind=danger]').click()
    await page.locator('.sums').waitFor()
    await look('cancel')
    await page.locator('.steps-nav .button').first().click()
    await page.locator('.button[data-kind=danger]').waitFor()
    await finish(page)
    await find(page, 'N-7F3K16')
    await page.locator('.button[data-kind=tonal]').click()
    await page.locator('.stars').waitFor()
    await look('review')
    await page.locator('.steps-nav .button').first().click()
    await page.locator('.button[data-kind=tonal]').waitFor()
    await finish(page)
    await connect(page, state)
    await page.locator(`.begin .button[lang=${lang}]`).click()
    await page.locator('#way').waitFor()
    await look('who')
    await page.locator('input[name=way][value=phone]').check()
    await onward(page)
    await page.locator('#phone').waitFor()
    await look('phone')
    await onward(page)
    await page.locator('[role=alert]').waitFor()
    await look('phone-missing')
    await page.fill('#phone', PHONE)
    await onward(page)
    await page.locator('#code').waitFor()
    await look('code')
    await page.fill('#code', '000000')
    await onward(page)
    await page.locator('[role=alert]').waitFor()
    await look('code-wrong')
    await page.fill('#code', CODE)
    await onward(page)
    await page.locator('.steps-nav .button[data-kind=act]:not([type=submit])').waitFor()
    await look('mine-nameless')
  }, { lang, change: { orders: [...startState().orders], code: CODE } }))
}

/** The node reaches the cloud again, and a new document knows it. */
async function connect(page, state, code = CODE) {
  Object.assign(state, { cutSince: undefined, code })
  const offer = page.waitForResponse('**/session/codes')
  await page.reload()
  await offer
  await page.locator('.hero').waitFor()
  await settled(page)
}

async function find(page, code) {
  await page.locator('.begin .button').nth(2).click()
  await page.fill('#code', code)
  await page.fill('#secret', RECEIPT_SECRET)
  await onward(page)
  await page.locator('.ticket').waitFor()
}

test('a job is published once at a node that is cut off, under an id that its receipt opens', () => play(async ({ page, state }) => {
  // Another text is another order, and the first one may have arrived.
  await publishInVain(page, state)
  state.answer = 'stored'
  await publish(page)
  assert.deepEqual(state.frames.map(({ body }) => body.type), ['cancel_order', 'publish_order'])
  const [cancelled, { body, token }] = state.frames
  assert.notEqual(cancelled.body.order_id, body.order_id)
  assert.equal(body.order.description, 'It rattles')
  assert.match(token, /^token-of-0193a1c2-0000-7000-8000-000000000012~a-nonce-\w+~/, 'signed by the kiosk, with a proof of its key')
  assert.equal(body.order.address, `${JOB.street}, phone ${JOB.phone}`)
  assert.ok(!body.order.title.includes(JOB.phone) && !body.order.description.includes(JOB.phone))
  const secret = (await page.locator('.scan .code').innerText()).replaceAll('-', '')
  assert.match(secret, /^[0-9A-HJKMNP-TV-Z]{16}$/)
  assert.ok(!JSON.stringify(state.frames).includes(secret), 'the secret leaves the page on paper alone')
  await page.getByText('At the regional node').waitFor()
}))

/** From the check of a job and back to it. */
async function changeDetails(page) {
  for (let at = 0; at < 5; at += 1) await page.locator('.steps-nav .button').first().click()
  await page.fill('#details', 'It rattles')
  for (let at = 0; at < 5; at += 1) await onward(page)
}

/** A refusal of `/commands` has the reply. */
function refuse(route, status, code) {
  const more = route.request().url().endsWith('/commands') ? { reply: { hop: 'stored', verdict: 'not_taken', code } } : {}
  return route.fulfill({ status, contentType: 'application/problem+json', json: { code, status, title: code, ...more } })
}

/** A node without an answer may have the job; then the person changes it. */
async function publishInVain(page, state) {
  state.answer = 'later'
  await begin(page, 'en')
  await describe(page)
  await page.clock.install()
  await onward(page)
  await page.clock.runFor(12_000)
  await page.getByText(/try again in a moment/).waitFor()
  assert.equal(state.frames.length, 0)
  await changeDetails(page)
}

test('a refused proof is no answer to the cancel of a job that may have arrived, so that a person never has two', () => play(async ({ page, state }) => {
  await publishInVain(page, state)
  state.answer = 'stored'
  for (const [path, status, code] of [['**/commands', 401, 'proof_required'], ['**/session/nonce', 429, 'too_many_requests']]) {
    let refused = 0
    await page.route(path, (route) => {
      refused += 1
      return refuse(route, status, code)
    })
    await onward(page)
    await poll(async () => {
      await page.clock.runFor(500)
      assert.ok(refused >= 4, 'each try was refused')
      assert.equal(await page.locator('.steps-nav .button').last().getAttribute('aria-disabled'), null)
    })
    await page.getByText(/try again in a moment/).waitFor()
    await page.unroute(path)
  }
  await publish(page)
  assert.deepEqual(state.frames.map(({ body }) => body.type), ['cancel_order', 'publish_order'])
}))

test('a wipe does not say that nothing was published while the job from before a change may be at the node', () => play(async ({ page, state }) => {
  await publishInVain(page, state)
  await page.clock.runFor(IDLE_MS + 1_000)
  await page.locator('dialog.idle[open]').waitFor()
  await page.clock.runFor(ASK_MS + 1_000)
  await page.locator('.wiped').getByText('it may have your job').waitFor()
}))

test('a receipt is unknown only if the node says so, and not because it refuses the kiosk', () => play(async ({ page, state }) => {
  await page.locator('.begin .button').nth(2).click()
  await page.fill('#code', 'N-7F3K11')
  await page.fill('#secret', RECEIPT_SECRET)
  await page.route('**/receipts', (route) => refuse(route, 401, 'proof_required'))
  await onward(page)
  await page.getByText(/try again in a moment/).waitFor()
  await page.unroute('**/receipts')
  state.ended[PEOPLE['kiosk-north']] = 'device_closed'
  await onward(page)
  await page.getByText('This kiosk is not ready').waitFor()
}))

test('photos of the job follow the command to a node that is cut off, and none is left at the kiosk', () => play(async ({ context, page, state }) => {
  state.answer = 'stored'
  let source
  await begin(page, 'en')
  await describe(page, async (step) => { if (step === 'photos') source = await page.locator('.photo-picker img').getAttribute('src') }, await page.screenshot())
  const loads = () => page.evaluate((at) => new Promise((done) => Object.assign(new Image(), { onload: () => done(true), onerror: () => done(false), src: at })), source)
  assert.equal(await loads(), false, 'a picture that is not shown takes no memory')
  await page.locator('.ticket .facts').getByText('Photos').waitFor()
  await publish(page)
  const [{ hash, bytes }] = state.frames.at(-1).body.order.photos
  const arrived = state.photos.get(hash)
  assert.deepEqual([createHash('sha256').update(arrived).digest('hex'), arrived.length], [hash, bytes])
  assert.equal(arrived.toString('latin1', 0, 2), '\xff\xd8', 'it was encoded anew')
  await finish(page)
  assert.deepEqual(await left(context, page, [hash]), [])
}))

test('a node without room for photos says so before one is taken, and the job goes on without', () => play(async ({ page, state }) => {
  state.answer = 'stored'
  state.photoRoom = 1_000
  await page.reload()
  await begin(page, 'en')
  await describe(page, async (step) => { if (step === 'photos') await page.getByText('The node has no room for photos now').waitFor() })
  await publish(page)
  assert.equal(state.frames.at(-1).body.order.photos, undefined)
}))

test('nothing of a person is left after a question without an answer', () => play(async ({ context, page, state }) => {
  state.cutSince = undefined
  state.answer = 'stored'
  await page.clock.install()
  await page.reload()
  const before = await page.evaluate(() => history.length)
  await page.locator('.begin .button').nth(3).click()
  await page.fill('#name', 'Lin Xiaomei')
  await page.fill('#password', PASSWORD)
  await onward(page)
  await page.locator('.steps-nav .button[data-kind=act]:not([type=submit])').click()
  await page.locator('#service').waitFor()
  await describe(page)
  await page.clock.runFor(IDLE_MS + 1_000)
  await page.locator('dialog.idle[open]').waitFor()
  await page.getByRole('button', { name: 'I need more time' }).click()
  await page.locator('dialog.idle[open]').waitFor({ state: 'detached' }).catch(() => undefined)
  assert.ok((await page.locator('main').innerText()).includes(JOB.title), 'more time keeps all of it')
  const places = (await left(context, page)).map((trace) => trace.split(':')[0])
  assert.ok(places.includes('document') && places.includes('memory'), 'the search finds what is there')
  await page.clock.runFor(IDLE_MS + 1_000)
  await page.locator('dialog.idle[open]').waitFor()
  await page.clock.runFor(ASK_MS + 1_000)
  await page.locator('.wiped').waitFor()
  assert.deepEqual(await left(context, page), [], 'the page that says so')
  await page.clock.runFor(16_000)
  await page.locator('.hero').waitFor()
  assert.deepEqual(await left(context, page), [], 'the next first page')
  assert.equal(await page.evaluate(() => history.length), before)
  await page.goBack()
  assert.equal(page.url(), 'about:blank', 'nothing lies behind the kiosk')
  await page.goForward()
  await page.locator('.hero').waitFor()
  assert.deepEqual(await left(context, page), [], 'forth again')
  await begin(page, 'en')
  assert.equal(await page.locator('input:checked').count(), 0)
  assert.deepEqual(await left(context, page), [], 'the next visit')
}))

test('a number and its code are wiped in every place, before and after they sign somebody in', () => play(async ({ context, page, state }) => {
  await page.clock.install()
  await connect(page, state)
  await beginBy(page, 'phone')
  await page.fill('#phone', PHONE)
  await onward(page)
  await page.fill('#code', CODE)
  await page.getByText(`A code was sent to ${PHONE}.`).waitFor()
  const places = (await left(context, page)).map((trace) => trace.split(':')[0])
  assert.ok(places.includes('document') && places.includes('memory'), 'the search finds what is there')
  await page.clock.runFor(IDLE_MS + 1_000)
  await page.locator('dialog.idle[open]').waitFor()
  await page.clock.runFor(ASK_MS + 1_000)
  await page.locator('.wiped').waitFor()
  assert.deepEqual(await left(context, page), [], 'the page that says so')
  await page.clock.runFor(16_000)
  await page.locator('.hero').waitFor()
  assert.deepEqual(await left(context, page), [], 'the next first page')

  await connect(page, state)
  await beginBy(page, 'phone')
  assert.equal(await page.inputValue('#phone'), '')
  await page.fill('#phone', PHONE)
  await onward(page)
  await page.fill('#code', CODE)
  await onward(page)
  await page.getByRole('heading', { name: 'Your orders' }).waitFor()
  assert.deepEqual(await left(context, page), [], 'who is in needs neither')
  const ended = page.waitForRequest((request) => request.method() === 'DELETE' && request.url().includes('/session?device='))
  await stop(page)
  assert.match((await ended).headers().authorization, /token-of-0193a1c2-0000-7000-8000-000000000013/, 'the sign-in ends with the visit')
}))

test('a code is typed on the screen, sent again after a pause, and refused in the words of the service', () => play(async ({ page, state }) => {
  await page.clock.install()
  await connect(page, state)
  await page.locator('.begin .button[lang=en]').click()
  await onward(page)
  await page.getByText('Choose how to go on.').first().waitFor()
  await page.locator('input[name=way][value=phone]').check()
  await onward(page)
  // The button of the page before has the same place.
  await page.locator('#phone').waitFor()
  await onward(page)
  await page.getByText('Enter your phone number.').first().waitFor()
  await page.fill('#phone', 'call me')
  await onward(page)
  await page.getByText('A phone number such as +86 138 0013 8000.').first().waitFor()
  assert.deepEqual(state.sentTo, [])
  await page.fill('#phone', '')
  await page.click('#phone')
  const key = (name) => page.locator('.keyboard').getByRole('button', { name, exact: true }).click()
  for (const name of '+8613912345678') await key(name)
  await onward(page)
  await page.getByText('A code was sent to +8613912345678.').waitFor()

  const again = page.getByRole('button', { name: 'Send a new code' })
  assert.equal(await again.getAttribute('aria-disabled'), 'true')
  await again.click({ force: true })
  await page.clock.runFor(25_000)
  assert.match(await again.innerText(), /in \d seconds$/)
  assert.equal(state.sentTo.length, 1)
  await page.clock.runFor(6_000)
  await poll(async () => assert.equal(await again.getAttribute('aria-disabled'), null))
  await again.click()
  await poll(() => assert.deepEqual(state.sentTo, ['+8613912345678', '+8613912345678']))
  // Back and forth keeps the number and sends nothing.
  await page.locator('.steps-nav .button').first().click()
  assert.equal(await page.inputValue('#phone'), '+8613912345678')
  await onward(page)
  await page.locator('#code').waitFor()
  assert.equal(state.sentTo.length, 2)

  await onward(page)
  await page.getByText('Enter the six digits of the message.').first().waitFor()
  for (let tries = 4; tries >= 0; tries -= 1) {
    await page.fill('#code', '00 00 00')
    await onward(page)
    await page.getByText(`The code is wrong. ${tries} more tries.`).first().waitFor()
  }
  await page.getByText('is no longer good. Ask for a new one.').waitFor()
  await again.click()
  await poll(() => assert.equal(state.sentTo.length, 3))
  assert.equal(await page.inputValue('#code'), '')
  await page.locator('#code:focus').waitFor()
  for (const name of CODE) await key(name)
  await onward(page)
  await page.getByRole('heading', { name: 'Your orders' }).waitFor()
}))

test('a code that may not come is said to be so, and who is asked how to go on may stay without a name', () => play(async ({ page, state }) => {
  state.areCodesUsedUp = true
  await connect(page, state)
  await beginBy(page, 'phone')
  await page.fill('#phone', PHONE)
  await onward(page)
  await page.getByText('If your number opens an account, its code may still come.').waitFor()
  await page.fill('#code', `${CODE.slice(0, 3)} ${CODE.slice(3)}`)
  await onward(page)
  await page.getByRole('heading', { name: 'Your orders' }).waitFor()
  await stop(page)
  await beginBy(page, 'nameless')
  await page.locator('#service').waitFor()
  await page.locator('.steps-nav .button').first().click()
  await page.locator('#way').waitFor()
  await stop(page)
  // With an account, nothing is offered without one.
  await page.locator('.begin .button').nth(3).click()
  await page.locator('#way').waitFor()
  assert.deepEqual(await page.locator('input[name=way]').evaluateAll((inputs) => inputs.map(({ value }) => value)), ['phone', 'account'])
  await page.locator('input[name=way][value=account]').check()
  await onward(page)
  await page.locator('#password').waitFor()
  await page.locator('.steps-nav .button').first().click()
  await page.locator('#way').waitFor()
}))

/** Where a person's words can still be found. */
const left = (context, page, more = []) => findTraces(context, page, [...TRACES, ...more], [JOB.title, JOB.street, JOB.phone, PHONE, CODE, ...more])

/** Goes on by the Tab key to that control and presses it. */
async function pressAt(page, control, key = 'Enter') {
  await tabTo(page, control)
  await page.keyboard.press(key)
}

async function typeAt(page, field, words) {
  await tabTo(page, page.locator(field))
  await page.keyboard.type(words)
}

/** Sees the focus at every stop of the page that has this, and returns to its top. */
async function seeStops(page, mark) {
  await page.locator(mark).waitFor()
  assert.deepEqual(await unseenStops(page), [], mark)
}

const goOnByKey = (page) => pressAt(page, page.locator('.steps-nav .button').last())

/** From the first page to the check of a job. */
async function describeByKeys(page, lang) {
  await seeStops(page, '.hero')
  await pressAt(page, page.locator(`.begin .button[lang=${lang}]`))
  await seeStops(page, '#service')
  await pressAt(page, page.locator('input[name=service]').first(), 'Space')
  await goOnByKey(page)
  await seeStops(page, '#title')
  await typeAt(page, '#title', JOB.title)
  await tabTo(page, page.locator('#details'))
  await tabTo(page, page.locator('.keyboard .button').first())
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  assert.equal(await page.inputValue('#details'), 'q', 'the field that had the focus last')
  await goOnByKey(page)
  await seeStops(page, '.photo-picker')
  await goOnByKey(page)
  await seeStops(page, '#when')
  await pressAt(page, page.locator('input[name=when]').first(), 'Space')
  await page.keyboard.press('ArrowDown')
  await goOnByKey(page)
  await seeStops(page, '#street')
  await typeAt(page, '#street', JOB.street)
  await typeAt(page, '#phone', JOB.phone)
  await goOnByKey(page)
  await seeStops(page, '#price')
  await typeAt(page, '#price', JOB.price)
  await goOnByKey(page)
  await seeStops(page, '.ticket .facts')
}

for (const lang of PAGE_LANGUAGES) {
  test(`a job is published by the keyboard alone in ${lang}, from the first page to the receipt and its end, with the focus always seen`, () => play(async ({ page, state }) => {
    state.answer = 'stored'
    await describeByKeys(page, lang)
    await goOnByKey(page)
    await seeStops(page, '.qr')
    const [{ body }] = state.frames
    assert.deepEqual([body.type, body.order.title, body.order.price, body.order.description], ['publish_order', JOB.title, JOB.price, 'q'])
    assert.equal(body.order.address.includes(JOB.street) && body.order.address.includes(JOB.phone), true, body.order.address)
    assert.ok(body.order.service_start_time, 'the second choice has an hour')
    await goOnByKey(page)
    await page.locator('.hero').waitFor()
  }, { lang }))
}

test('a touch on the keys of the screen writes into the field', () => play(async ({ page }) => {
  await begin(page, 'en')
  await page.locator('input[value=other]').check()
  await onward(page)
  await page.click('#details')
  for (const key of ['h', 'i', '2']) await page.locator('.keyboard').getByRole('button', { name: key, exact: true }).click()
  await page.locator('.keyboard').getByRole('button', { name: 'Capitals' }).click()
  await page.locator('.keyboard').getByRole('button', { name: 'Q', exact: true }).click()
  await page.locator('.keyboard').getByRole('button', { name: 'One back' }).click()
  assert.equal(await page.inputValue('#details'), 'hi2')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'details', 'a touch leaves the focus in the field')
}))

test('a scanned receipt opens its order, another one is unknown, and a cancel keeps what it showed', () => play(async ({ page, state }) => {
  state.answer = 'stored'
  state.orders.push(order(77, { payment_status: 'unpaid' }))
  await page.locator('.begin .button').nth(2).click()
  await page.fill('#code', 'https://portal.example/track/N-7F3K77?s=AAAAAAAAAAAAAAAA')
  await page.getByText(/does not know that receipt/).waitFor()
  await page.fill('#code', `https://portal.example/track/N-7F3K77?s=${RECEIPT_SECRET}`)
  await page.locator('.ticket').waitFor()
  await page.locator('.button[data-kind=danger]').click()
  await page.getByText('nothing has been paid').waitFor()
  await page.getByRole('button', { name: 'Cancel for ¥0.00' }).click()
  await page.locator('.status[data-status=cancelled]').waitFor()
  assert.deepEqual(state.frames.map(({ body }) => [body.type, body.fee]), [['cancel_order', '0.00']])
}))

test('a late cancel at a cut-off node shows the fee and what comes back, and carries the fee; a node that does not know it says so', () => play(async ({ page, state }) => {
  const sums = () => page.locator('.sums').evaluate((list) => [...list.children].map((pair) => pair.innerText.split(/\n+/)))
  const cancel = async (code) => {
    await find(page, code)
    await page.locator('.button[data-kind=danger]').click()
    await page.locator('.sums').waitFor()
  }
  state.answer = 'stored'
  state.orders.push(order(80, LATE), order(81, { ...LATE, created_at: new Date(Date.now() + 2 * 3_600_000).toISOString() }))
  await cancel('N-7F3K80')
  assert.deepEqual(await sums(), [['Held for this job', '¥180.00'], ['Fee for the provider', '¥18.00'], ['Comes back to you', '¥162.00']])
  await page.getByText(/^It was free until/).waitFor()
  await page.getByText('The cloud decides by its fee rules').waitFor()
  await page.getByRole('button', { name: 'Cancel for ¥18.00' }).click()
  await page.locator('.status[data-status=cancelled]').waitFor()
  await finish(page)
  // Newer than what the node has heard of the fee.
  await cancel('N-7F3K81')
  assert.deepEqual(await sums(), [['Held for this job', '¥180.00'], ['Fee for the provider', 'not known here'], ['Comes back to you', 'the rest']])
  await page.getByText('The North node has not heard the fee').waitFor()
  await page.getByRole('button', { name: 'Cancel it', exact: true }).click()
  await page.locator('.status[data-status=cancelled]').waitFor()
  assert.deepEqual(state.frames.map(({ body }) => [body.type, body.fee]), [['cancel_order', '18.00'], ['cancel_order', undefined]])
}))

test('a review has its stars', () => play(async ({ page, state }) => {
  await find(page, 'N-7F3K16')
  await page.locator('.button[data-kind=tonal]').click()
  await page.getByText('Your review is kept at the North node.').waitFor()
  await onward(page)
  await page.getByText('Choose the stars.').first().waitFor()
  await page.locator('input[name=rating]').nth(4).check()
  await onward(page)
  await page.locator('.status[data-status=reviewed]').waitFor()
  assert.deepEqual(state.frames.map(({ body }) => [body.type, body.rating]), [['submit_review', 5]])
}))

test('unpaid work is not reviewed, and a job is cancelled before its approval', () => play(async ({ page, state }) => {
  state.orders.push(order(78, { status: 'completed', payment_status: 'unpaid', pending: true }), order(79, { status: 'pending_review', payment_status: 'unpaid' }))
  await find(page, 'N-7F3K78')
  await page.getByText('Once it is paid, you can say how it was.').waitFor()
  assert.equal(await page.locator('.button[data-kind=tonal]').count(), 0)
  await finish(page)
  await find(page, 'N-7F3K79')
  await page.locator('.button[data-kind=danger]').click()
  await page.getByRole('button', { name: 'Cancel for ¥0.00' }).click()
  await page.locator('.status[data-status=cancelled]').waitFor()
}))

test('the aids of one visit are not those of the next', () => play(async ({ page }) => {
  for (const at of [0, 1, 2]) await page.locator('.aids .button').nth(at).click()
  const look = () => page.evaluate(() => { const { elder, low, contrast } = document.documentElement.dataset; return [elder, low, contrast] })
  assert.deepEqual(await look(), ['', '', 'more'])
  await keepPicture(page, 'kiosk/attract-aids')
  await begin(page, 'en')
  await keepPicture(page, 'kiosk/what-aids')
  await stop(page)
  await poll(async () => assert.deepEqual(await look(), [undefined, undefined, undefined]))
}))

test('no word is written into the code', () => play(async ({ page, state, node }) => {
  state.answer = 'stored'
  await page.goto(`${node.url}/kiosk?lang=en-XA`)
  await page.locator('.hero').waitFor()
  assert.deepEqual(await writtenInCode(page, '.hero'), [])
}))
