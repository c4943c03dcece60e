// The provider's app, against a scripted edge: every page, in a deep run in both languages, and its queue through every trouble.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, IS_DEEP, isMarkupChecked, keepPicture, launch, losses, openPage, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo, unseenStops, writtenInCode } from './browser.mjs'
import { allOnDisk, isBoardOnDisk } from './disk.mjs'
import { HOSTILE, order, PASSWORD, PEOPLE, serveEdge, startState } from './edge.mjs'
import { ask, DIST, EXPECTED, jobOf, play, playSignedIn, signIn } from './tablet.mjs'

const id = (n) => order(n).id
/** Jobs whose customers wrote where they are, and where the tablet is. */
const PLACED = [
  order(61, { title: 'Repair a fence', description: 'Behind the school, geo:39.9078,116.4162' }),
  order(62, { title: 'Paint two rooms', description: 'geo:39.8874,116.4361' }),
  order(63, { title: '修理自行车', description: '车棚里，geo:39.8975,116.4023' }),
]
const POSITION = { latitude: 39.8974, longitude: 116.4061, accuracy: 18 }
const HOUR = 3_600_000
/** Jobs that Zhou Lei has at set times. */
const BOOKED = [1, 4, 20].map((hours, at) => order(17 + at, { provider_id: PEOPLE['Zhou Lei'], address: '南湖路7号', status: 'accepted', version: 3, service_start_time: new Date(Date.now() + hours * HOUR).toISOString() }))
/** The day in Shanghai in so many hours. */
const dayAt = (hours) => new Date(Date.now() + (8 + hours) * HOUR).toISOString().slice(0, 10)

let browser

before(async () => { browser = await launch() })
after(() => browser?.close())

async function lock(page) {
  await page.click('.who')
  await page.locator('dialog[open] button[type=submit]').click()
  await page.waitForURL('**/lock')
}

function truthsAre(page, expected, what) {
  return poll(async () => assert.deepEqual(await page.locator('.item .truth').allInnerTexts(), expected, what))
}

/** Shown with no network at all, from the tablet's own disk. */
async function isKeptOffline(context, page) {
  // It is shown a moment before it is kept.
  await poll(async () => assert.ok(await page.evaluate(isBoardOnDisk), 'the board is on the disk'))
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await context.setOffline(true)
  await page.reload()
  await page.locator('.job').first().waitFor()
  await context.setOffline(false)
}

for (const lang of PAGE_LANGUAGES) {
  test(`each page in ${lang}`, async (t) => {
    const state = startState()
    state.orders.push(...PLACED)
    const edge = await serveEdge(DIST, state)
    const context = await browser.newContext({ viewport: { width: 820, height: 1180 }, locale: lang, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' })
    const { page, wrongs } = await openPage(context)
    const look = (name) => t.test(name, async () => {
      await settled(page)
      await page.evaluate(() => document.fonts.ready)
      assert.equal(await page.getAttribute('html', 'lang'), lang)
      if (IS_DEEP) {
        await page.emulateMedia({ colorScheme: 'dark' })
        await keepPicture(page, `app/${name}-${lang}-dark`)
        assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
      }
      await page.emulateMedia({ colorScheme: 'light' })
      await keepPicture(page, `app/${name}-${lang}-light`)
      if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
      assert.deepEqual(await smallTargets(page, 48), [])
      assert.deepEqual(await losses(page), [])
      assert.deepEqual(wrongs.splice(0).filter((wrong) => !EXPECTED.test(wrong)), [])
    })
    const open = async (path, ready) => {
      await page.goto(edge.url + path)
      await page.locator(ready).first().waitFor()
    }

    await page.addInitScript((locale) => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale, theme: null, elder: false, keys: true })), lang)
    await open('/', '#name')
    await page.click('button[type=submit]')
    await page.locator('[role=alert]').waitFor()
    await look('sign-in')
    await signIn(page)
    await look('board')
    await page.locator('details.card summary').click()
    await page.locator('.places a').first().waitFor()
    await look('board-schematic')
    state.orders.length -= PLACED.length
    await open('/jobs', '.jobs')
    await look('jobs')
    await open(`/jobs/${id(11)}`, '.actions')
    await look('job')
    await open('/calendar/2030-01-01', '.empty')
    await look('calendar-empty')
    await open('/earnings', '.plan')
    await look('earnings')

    state.cutSince = Date.now() - 14 * 60_000
    state.answer = 'stored'
    await open('/', '.banner')
    await page.click('.job .button')
    await page.locator('.job .truth[data-truth=node]').waitFor()
    await look('board-cut-off')
    await open(`/jobs/${id(11)}`, '.hops')
    await look('job-requested')
    state.orders.push(...BOOKED)
    await open(`/calendar/${dayAt(1)}`, '.plan')
    await page.locator('.plan [data-job=asked] .truth[data-truth=node]').waitFor()
    await look('calendar-cut-off')
    state.answer = 'unpaid'
    await open(`/jobs/${id(15)}`, '.actions')
    await page.getByRole('button', { name: /Start|开工|开始/ }).click()
    await page.getByText(/No payment is held|付款尚未托管/).first().waitFor()
    await look('job-unpaid')
    await open(`/jobs/${id(15)}/complete`, '.banner')
    await page.getByText(/will not count|不会计入/).waitFor()
    await look('complete-unpaid')
    state.answer = 'later'
    await open(`/jobs/${id(14)}/complete`, 'textarea')
    await page.fill('textarea', 'Planed the edge. 刨平了门边。')
    await look('complete')
    await page.click('button[type=submit]')
    await page.locator('.toast').waitFor()
    await look('complete-undo')
    await open('/earnings', '.plan .truth[data-truth=tablet]')
    await look('earnings-cut-off')
    await open('/queue', '.item')
    await look('queue')
    await page.click('.who')
    await page.locator('dialog[open]').waitFor()
    await look('account')

    state.clock = { finding: 'by_cloud', error_ms: 3 * HOUR, found_at: new Date().toISOString(), message: { en: '', 'zh-CN': '' } }
    state.suspect = true
    await open('/', '.banner')
    await page.locator('.banner', { hasText: /3 hours ahead|快了 3 小时/ }).waitFor()
    await look('board-suspect-and-clock')
    state.clock = null
    state.twin = true
    await open('/', '.banner')
    await look('board-twin')
    await open(`/jobs/${id(11)}`, '.banner')
    await look('job-twin')
    await open('/queue', '.banner')
    await look('queue-twin')
    Object.assign(state, { twin: false, suspect: false })

    state.firm = true
    await open('/', '.banner')
    await page.getByRole('button', { name: /at once|立即/ }).first().waitFor()
    await look('board-firm')
    state.firm = false
    state.cutSince = undefined
    state.answer = 'lost'
    await open('/queue', '.item')
    await page.locator('.item[data-needs]').first().waitFor()
    await look('queue-needs')
    await page.click('.item[data-needs] .button')
    await page.locator('.race-wide').waitFor()
    await page.click('.ask summary')
    await look('lost')
    state.ended[PEOPLE['Zhou Lei']] = 'token_expired'
    await open('/', '.banner')
    await page.getByRole('link', { name: /again|重新/ }).waitFor()
    await look('board-ended')
    for (const [code, title] of Object.entries({ session_ended: /signed out|已退出登录/, device_closed: /This tablet is closed|此平板已不能/, revoked: /account has been closed|账号已被停用/ })) {
      state.ended[PEOPLE['Zhou Lei']] = code
      await page.reload()
      await page.locator('.banner', { hasText: title }).waitFor()
      await look(`board-${code}`)
    }
    await page.click('.who')
    await page.locator('dialog[open] button[type=submit]').click()
    await page.waitForURL('**/lock')
    await page.locator('.gate').waitFor()
    await look('lock')
    await context.close()
    await edge.close()
  })
}

test('no word is written into the code', async () => {
  const state = startState()
  const edge = await serveEdge(DIST, state)
  const context = await browser.newContext({ viewport: { width: 820, height: 1180 } })
  const { page } = await openPage(context)
  const plain = () => writtenInCode(page, 'dd')
  await page.goto(`${edge.url}/?lang=en-XA`)
  await page.evaluate(() => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale: 'en-XA', theme: null, elder: false, keys: true })))
  await page.goto(`${edge.url}/`)
  await page.locator('#name').waitFor()
  assert.deepEqual(await plain(), [], 'sign-in')
  await signIn(page)
  state.orders.push(...BOOKED)
  for (const path of ['/', '/jobs', `/jobs/${id(11)}`, `/jobs/${id(14)}/complete`, '/calendar', '/calendar/2030-01-01', '/earnings', '/queue']) {
    await page.goto(edge.url + path)
    await page.locator('main h1').waitFor()
    await settled(page)
    assert.deepEqual(await plain(), [], path)
  }
  await context.close()
  await edge.close()
})

test('started without any network it works on, and brings all of it back after the browser has ended', () => play(async ({ state, edge, start, end }) => {
  const first = await start()
  await first.page.goto(edge.url)
  await signIn(first.page)
  await isKeptOffline(first.context, first.page)
  await end()
  edge.goAway()

  const second = (await start()).page
  await second.goto(edge.url)
  for (const n of [11, 12, 13]) {
    await second.goto(`${edge.url}/jobs/${id(n)}`)
    await second.click('.actions .button')
    await second.locator('.status[data-status=accepted]').waitFor()
    await second.click('.actions .button')
    await second.locator('.status[data-status=in_progress]').waitFor()
    await second.click('.actions .button')
    await second.click('form button[type=submit]')
    await second.locator('.status[data-status=completed]').waitFor()
  }
  await second.goto(`${edge.url}/queue`)
  await truthsAre(second, Array(9).fill('On this tablet'))
  await end()

  const third = (await start()).page
  await third.goto(`${edge.url}/queue`)
  await truthsAre(third, Array(9).fill('On this tablet'))
  state.isAway = false
  await third.locator('.empty').waitFor()
  const heard = state.frames.map(({ body }) => [body.order_id, body.type])
  for (const n of [11, 12, 13]) {
    const own = heard.filter(([order]) => order === id(n)).map(([, type]) => type)
    assert.deepEqual([...new Set(own)], ['accept_order', 'start_order', 'complete_order'])
  }
  assert.equal(new Set(state.frames.map((frame) => frame.id)).size, 9)
}))

test('an ended sign-in and another person at the tablet leave the queue as it is, and hidden', () => playSignedIn(async ({ state, edge, page }) => {
  state.ended[PEOPLE['Zhou Lei']] = 'token_expired'
  await ask(page, 'Set up a router')
  await page.locator('.banner').waitFor()
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
  assert.equal(await page.evaluate(() => Object.values(window.localStorage).join().includes('token')), false)

  await page.click('.who')
  await page.locator('dialog[open] button[aria-disabled=true]', { hasText: 'Sign out' }).waitFor()
  await page.locator('dialog[open] button[type=submit]').click()
  await page.waitForURL('**/lock')
  await page.goto(`${edge.url}/queue`)
  await page.waitForURL('**/lock')
  await page.goto(`${edge.url}/sign-in`)
  await signIn(page, 'Maria Silva')
  await page.goto(`${edge.url}/queue`)
  await page.locator('.empty').waitFor()
  assert.equal(state.frames.length, 0)
  await page.goto(`${edge.url}/jobs`)
  await page.locator('.empty').waitFor()

  await lock(page)
  await page.getByRole('button', { name: 'Zhou Lei' }).click()
  await page.fill('#password', 'wrong')
  await page.click('form button[type=submit]')
  await page.locator('[role=alert]').waitFor()
  await page.fill('#password', PASSWORD)
  await page.click('form button[type=submit]')
  await page.locator('.job').first().waitFor()
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'], 'as it was')
  await page.getByRole('link', { name: 'Sign in again' }).click()
  await page.fill('#password', PASSWORD)
  await page.click('button[type=submit]')
  await page.locator('.job').first().waitFor()
  await page.goto(`${edge.url}/queue`)
  await page.locator('.empty').waitFor()
  assert.equal(new Set(state.frames.map((frame) => frame.id)).size, 1)
}))

test('a start can be undone for ten seconds and leaves then; an acceptance leaves at once', () => playSignedIn(async ({ state, edge, context, page }) => {
  const sent = () => state.frames.map(({ body }) => body.type)
  await ask(page, 'Set up a router')
  await poll(() => assert.deepEqual([...new Set(sent())], ['accept_order']))

  await context.clock.install()
  await page.goto(`${edge.url}/jobs/${id(15)}`)
  await page.getByRole('button', { name: 'Start' }).waitFor()
  await context.clock.pauseAt(Date.now() + 600_000)
  await page.getByRole('button', { name: 'Start' }).click()
  await page.locator('.toast button').click()
  await page.locator('.status[data-status=accepted]').waitFor()
  await page.getByRole('button', { name: 'Start' }).click()
  await page.locator('.status[data-status=in_progress]').waitFor()
  await context.clock.runFor(9_000)
  await settled(page)
  assert.ok(!sent().includes('start_order'), 'it waits')
  await context.clock.resume()
  await poll(() => assert.ok(sent().includes('start_order')))
  const starts = state.frames.filter(({ body }) => body.type === 'start_order')
  assert.equal(new Set(starts.map((frame) => frame.id)).size, 1)
  await page.locator('.toast').waitFor({ state: 'detached' })
}, { answer: 'stored' }))

test('giving a job back can be undone for ten seconds', () => playSignedIn(async ({ state, edge, context, page }) => {
  const sent = () => state.frames.filter(({ body }) => body.type === 'withdraw_acceptance')
  await context.clock.install()
  await page.goto(`${edge.url}/jobs/${id(15)}`)
  const giveBack = page.getByRole('button', { name: 'Give it back' })
  await giveBack.waitFor()
  await context.clock.pauseAt(Date.now() + 600_000)
  await giveBack.click()
  await page.locator('.status[data-status=pending]').waitFor()
  const undoing = await page.locator('.toast', { hasText: 'Give back' }).boundingBox()
  const action = await page.locator('.actions').boundingBox()
  assert.ok(undoing.y + undoing.height <= action.y, 'the page’s main button stays free')
  await page.locator('.toast', { hasText: 'Give back' }).getByRole('button').click()
  await page.locator('.status[data-status=accepted]').waitFor()
  await context.clock.runFor(11_000)
  await giveBack.click()
  await page.locator('.toast').waitFor()
  assert.equal(sent().length, 0, 'the undone one never leaves')
  await context.clock.resume()
  await poll(() => assert.ok(sent().length > 0))
}, { answer: 'stored' }))

test('a job accepted online is called yours on the board before it leaves it', () => playSignedIn(async ({ edge, context, page }) => {
  await context.clock.install()
  await page.goto(edge.url)
  const row = jobOf(page, 'Set up a router')
  await row.getByRole('button').click()
  await row.locator('.truth[data-truth=confirmed]').waitFor()
  await row.getByText('You find it under My jobs.').waitFor()
  await context.clock.runFor(11_000)
  await row.waitFor({ state: 'detached' })
  await page.goto(`${edge.url}/jobs`)
  await row.waitFor()
}, { answer: 'confirmed' }))

test('signing out in a cut is said to shut the person out, and a wrong clock is told', () => playSignedIn(async ({ state, edge, page }) => {
  const shutOut = page.locator('dialog[open]', { hasText: 'cannot sign in here again until it is back' })
  await page.click('.who')
  await page.locator('dialog[open]').waitFor()
  assert.equal(await shutOut.count(), 0, 'while the line is up')
  state.cutSince = Date.now() - 60_000
  state.clockMs = 25 * 60_000
  await page.goto(edge.url)
  await page.locator('.banner', { hasText: 'clock is 25 minutes behind' }).waitFor()
  await page.click('.who')
  await shutOut.waitFor()
  state.clockMs = -25 * 60_000
  await page.goto(edge.url)
  await page.locator('.banner', { hasText: 'clock is 25 minutes ahead' }).waitFor()
}))

test('at a copy of the node every page says so, and nothing there is said to be on its way to the cloud', () => playSignedIn(async ({ state, edge, page }) => {
  const promised = page.getByText(/waiting to be confirmed|about to decide|when the link is back|reaches? the cloud first|cut off/i)
  Object.assign(state, { twin: true, suspect: true, cutSince: Date.now() - 60_000, answer: 'stored' })
  await page.goto(edge.url)
  const copy = page.locator('.banner', { hasText: 'This is a copy of the North node' })
  await copy.getByText('start no work on it').waitFor()
  await ask(page, 'Set up a router')
  await jobOf(page, 'Set up a router').getByText('nothing is confirmed. Do not start.').waitFor()
  for (const path of ['/', '/jobs', `/jobs/${id(11)}`, `/jobs/${id(12)}`, `/jobs/${id(15)}`, `/jobs/${id(14)}/complete`, '/calendar', '/earnings', '/queue']) {
    await page.goto(edge.url + path)
    await copy.waitFor()
    await settled(page)
    assert.deepEqual(await promised.allInnerTexts(), [], path)
  }
  await truthsAre(page, ['At the regional node'])

  // The operator has put the node in its place: the request goes on from the tablet.
  Object.assign(state, { twin: false, suspect: false, cutSince: undefined, answer: 'applied' })
  await page.reload()
  await page.locator('.empty').waitFor()
  assert.equal(await copy.count(), 0)
  const [first, ...again] = state.frames
  assert.ok(again.length > 0 && again.every((frame) => frame.id === first.id && frame.receipt.seq >= 1 && frame.seen.seq >= 1), 'the same request, with its receipt')
}))

test('only a cut is called one where nobody can sign in', () => play(async ({ state, edge, start }) => {
  const { page } = await start()
  const told = async (change, text) => {
    Object.assign(state, change)
    await page.click('button[type=submit]')
    await page.locator('.banner', { hasText: text }).waitFor()
  }
  await page.goto(edge.url)
  await page.fill('#name', 'Zhou Lei')
  await page.fill('#password', PASSWORD)
  await told({ isCloudBusy: true }, 'does not work at the moment')
  await told({ cutSince: Date.now() - 60_000 }, 'North is cut off')
  await told({ twin: true, suspect: true }, 'does not let this copy of the North node in')
}))

test('a request that came to nothing is not among those that are confirmed', () => playSignedIn(async ({ state, edge, page }) => {
  const request = async (title, sent) => {
    await jobOf(page, title).getByRole('button').click()
    await poll(() => assert.equal(new Set(state.frames.map((frame) => frame.id)).size, sent))
  }
  await request('Set up a router', 1)
  await page.goto(`${edge.url}/queue`)
  await page.getByRole('link', { name: 'Read why' }).click()
  await page.getByRole('button', { name: 'Understood' }).click()
  await page.waitForURL('**/jobs')
  state.answer = 'applied'
  await page.goto(edge.url)
  await request('厨房水龙头漏水', 2)
  await request('空调清洗', 3)
  await page.goto(`${edge.url}/queue`)
  await page.locator('.empty').getByText(/^2 things you did today are confirmed/).waitFor()
}, { answer: 'lost' }))

test('a node whose log may be an older one, or whose clock is wrong, says so and what it means', () => playSignedIn(async ({ state, edge, page }) => {
  const told = (text) => page.locator('.banner', { hasText: text }).waitFor()
  const message = { en: 'In the words of the node.', 'zh-CN': '节点自己的话。' }
  const clock = (finding, error_ms) => ({ finding, error_ms, found_at: new Date().toISOString(), message })
  const shows = async (change, ...texts) => {
    Object.assign(state, change)
    await page.goto(edge.url)
    for (const text of texts) await told(text)
    return settled(page)
  }
  await shows({ suspect: true }, 'The North node may lack some of its record', 'no new job is yours at once')
  await shows({ suspect: false, clock: clock('by_cloud', 3 * HOUR) }, 'The clock of the North node is 3 hours ahead', 'the times here are right')
  await shows({ clock: clock('by_cloud', -5 * 60_000) }, 'The clock of the North node is 5 minutes behind')
  await shows({ clock: clock('of_a_newer_node', -3 * 24 * HOUR) }, 'The clock of the North node is 3 days behind', 'In the words of the node.')

  // The node's time is wrong by as much as the tablet seems to be.
  const ofTablet = page.locator('.banner', { hasText: 'This tablet' })
  await shows({ clock: clock('not_believed', 3 * HOUR), clockMs: 3 * HOUR }, 'does not let it in until its clock is right')
  assert.equal(await ofTablet.count(), 0, "the tablet's clock is not to blame")
  await shows({ clock: clock('by_log', -3 * HOUR) }, 'The North node does not know the time')
  assert.equal(await ofTablet.count(), 0)
  await shows({ clock: null }, 'clock is 3 hours behind the North node')
}))

test('a request that another node decides is not said to be won by the first in the cloud', () => playSignedIn(async ({ state, edge, page }) => {
  Object.assign(state, { holder: 'north-2', cutSince: Date.now() - 60_000, answer: 'stored' })
  await page.goto(`${edge.url}/jobs/${id(11)}`)
  await page.getByText('north-2 assigns the jobs of North. If it gives this one to another provider').waitFor()
  await page.locator('.actions .button').click()
  await page.getByText('Not confirmed yet. north-2 assigns the jobs of North').waitFor()
  assert.equal(await page.getByText('reaches the cloud first').count(), 0)
}))

test('what one has left on a locked tablet leaves all the same, and nobody else hears of it', () => playSignedIn(async ({ state, edge, page }) => {
  await ask(page, 'Set up a router')
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
  await lock(page)
  await page.goto(`${edge.url}/sign-in`)
  await signIn(page, 'Maria Silva')
  state.answer = 'applied'
  await poll(() => assert.equal(state.frames.length, 1))
  assert.match(state.frames[0].token, new RegExp(`^token-of-${PEOPLE['Zhou Lei']}~${state.nonce}~[\\w-]{86}$`), 'with the proof of this tablet')
  await page.goto(`${edge.url}/queue`)
  await page.locator('.empty').waitFor()
  assert.equal(await page.locator('.empty .truth').count(), 0, "not this person's")
}, { answer: 'later' }))

test('a locked tablet goes on asking for what was decided, with the receipts', () => playSignedIn(async ({ state, edge, context, page }) => {
  await context.clock.install()
  await page.goto(edge.url)
  await ask(page, 'Set up a router')
  await jobOf(page, 'Set up a router').locator('.truth[data-truth=node]').waitFor()
  await lock(page)
  Object.assign(state, { frames: [], answer: 'applied' })
  await context.clock.runFor(31_000)
  await poll(() => assert.ok(state.frames[0]?.receipt.seq >= 1))
  await page.getByRole('button', { name: 'Zhou Lei' }).click()
  await page.fill('#password', PASSWORD)
  await page.click('form button[type=submit]')
  await page.getByRole('link', { name: /^Queue/ }).click()
  await page.locator('.empty').getByText(/^1 thing you did today is confirmed/).waitFor()
}, { answer: 'stored' }))

test('jobs have their distance in words and on a schematic without a map, and the position of the tablet goes nowhere', () => playSignedIn(async ({ state, edge, context, page }) => {
  const sent = []
  page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''} ${JSON.stringify(request.headers())}`))
  const hears = (text) => jobOf(page, 'Repair a fence').getByText(text, { exact: true }).waitFor()
  await hears('Any time, North')
  await tabTo(page, page.locator('details.card summary'))
  await page.keyboard.press('Enter')
  await page.getByRole('img', { name: 'Schematic without a map, north up, with 3 jobs in North' }).waitFor()
  assert.deepEqual(await page.locator('.places li').allInnerTexts(), ['修理自行车 North', 'Paint two rooms North', 'Repair a fence North'])

  const ask = page.getByRole('button', { name: 'Show how far it is from me' })
  await context.clearPermissions()
  await tabTo(page, ask)
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('The tablet may not tell its position.').waitFor()
  await context.grantPermissions(['geolocation'])
  await context.setGeolocation(POSITION)
  await ask.click()
  await page.getByRole('img', { name: 'with you and 3 jobs in North' }).waitFor()
  await hears('Any time, about 1.4 km, north-east')
  assert.deepEqual(await page.locator('.places li').allInnerTexts(), ['修理自行车 about 300 m, west', 'Repair a fence about 1.4 km, north-east', 'Paint two rooms about 2.8 km, south-east'])
  assert.equal(await page.getByRole('alert').count(), 0)
  await page.getByRole('button', { name: 'Nearest first' }).click()
  await page.getByText('6 open, nearest first').waitFor()
  assert.match(await page.locator('.jobs .job').first().innerText(), /修理自行车/)
  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await smallTargets(page, 48), [])
  assert.deepEqual(await losses(page), [])

  await tabTo(page, page.locator('.places a', { hasText: 'Repair a fence' }))
  await page.keyboard.press('Enter')
  await page.locator('.head').getByText('about 1.4 km, north-east').waitFor()
  await page.getByRole('link', { name: 'Board' }).first().click()
  const isKept = (text) => [POSITION.latitude, POSITION.longitude].some((degrees) => text.includes(String(degrees)))
  assert.deepEqual(sent.filter(isKept), [], 'no request has it')
  assert.equal(isKept(await page.evaluate(allOnDisk)), false, 'nor has the disk')

  await lock(page)
  await page.getByRole('button', { name: 'Zhou Lei' }).click()
  await page.fill('#password', PASSWORD)
  await page.click('form button[type=submit]')
  await hears('Any time, North')
  // Without any place there are the areas by their names.
  state.orders.splice(0, state.orders.length, order(12))
  await page.goto(`${edge.url}/jobs/${id(12)}`)
  await page.getByRole('img', { name: 'The five areas, not to scale. This node knows North alone.' }).waitFor()
  await page.getByText('The customer gave no position, so no distance is known. The job is in North.').waitFor()
}, { orders: [order(11), order(12, { title: 'Set up a router' }), order(13, { title: '空调清洗' }), ...[...PLACED].reverse()] }))

test('a node without room for photos says why and what to do before one is taken, and it stays on the tablet', () => playSignedIn(async ({ state, edge, context, page }) => {
  const path = `${edge.url}/jobs/${id(14)}/complete`
  await page.goto(path)
  const full = page.locator('.banner', { hasText: 'The North node has no room for photos now' })
  await full.getByText(/^5 photos there still wait for the cloud\.\s*You can take one all the same/).waitFor()
  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await losses(page), [])
  await full.getByRole('button', { name: 'Take it small' }).click()
  await page.getByText('Photos are taken small').waitFor()
  await page.setInputFiles('.shoot input', { name: 'work.png', mimeType: 'image/png', buffer: await page.screenshot() })
  await page.locator('.photo img').waitFor()
  state.photoRoom = 300_000
  await page.goto(path)
  await page.locator('.banner', { hasText: 'The North node has room for small photos only' }).getByRole('button').click()
  await page.locator('.banner', { hasText: 'room for' }).waitFor({ state: 'detached' })
  assert.equal(state.photos.size, 0)
}, { photoRoom: 1_000, photosWaiting: 5, answer: 'later' }))

test('the age of the list of ended sign-ins stands beside the link, and out of reach only its moment', () => playSignedIn(async ({ state, edge, page }) => {
  await page.goto(`${edge.url}/queue`)
  const node = page.locator('.card', { has: page.getByRole('heading', { name: 'North node' }) })
  await node.getByText('less than a minute old').waitFor()
  state.cutSince = Date.now() - 14 * 60_000
  await page.goto(edge.url)
  await page.locator('.banner[data-tone=cut]').getByText('Its list of ended sign-ins and closed accounts: 14 minutes old.').waitFor()
  state.feedAsOf = null
  await page.goto(`${edge.url}/queue`)
  await node.getByText('never heard from the cloud').waitFor()
  state.feedAsOf = new Date(Date.now() - 3 * HOUR).toISOString()
  await page.reload()
  await node.getByText('3 hours old').waitFor()
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  edge.goAway()
  await page.reload()
  await node.getByText(/^as of .*, as far as this tablet knows$/).waitFor()
}))

test('one window at a time has the tablet', () => playSignedIn(async ({ edge, context, page }) => {
  const { page: second, wrongs } = await openPage(context)
  await second.goto(edge.url)
  await second.getByRole('button', { name: 'Go on here' }).click()
  await second.locator('.job').first().waitFor()
  await page.getByRole('button', { name: 'Go on here' }).waitFor()
  assert.equal(await page.locator('.job').count(), 0)
  assert.deepEqual(wrongs.filter((wrong) => !EXPECTED.test(wrong)), [])
}))

test('a full disk is said before anything is promised, and the queue is not what goes', () => playSignedIn(async ({ edge, page }) => {
  await ask(page, 'Set up a router')
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await jobOf(page, '厨房水龙头漏水').getByRole('button').click()
  await page.locator('.toasts', { hasText: 'storage is full' }).waitFor()
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
}, { answer: 'later' }))

test('an update in the middle of the queue changes nothing of it', () => playSignedIn(async ({ state, edge, context, page }) => {
  await isKeptOffline(context, page)
  await ask(page, 'Set up a router')
  edge.worker = (source) => source.replace(/holdfast-[0-9a-f]{16}/, 'holdfast-0000000000000000')
  await page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()).then(() => undefined))
  const anew = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Use it now' }).click()
  await anew
  await poll(async () => assert.deepEqual(await page.evaluate(() => caches.keys()), ['holdfast-0000000000000000']))
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
  await page.getByRole('button', { name: 'Retry now' }).click()
  // From here on the next try may come by itself.
  state.answer = 'applied'
  await page.locator('.empty').waitFor()
}, { answer: 'later' }))

test('after a first success the app offers to stay on the tablet, and takes no for an answer', () => playSignedIn(async ({ context, page }) => {
  const offer = () => page.evaluate(() => {
    const event = Object.assign(new Event('beforeinstallprompt'), { prompt: async () => { window.asked = true } })
    window.dispatchEvent(event)
  })
  const card = page.getByRole('heading', { name: 'Keep Holdfast on this tablet' })
  await offer()
  await page.getByRole('link', { name: 'My jobs' }).click()
  await page.getByRole('heading', { name: 'My jobs' }).waitFor()
  assert.equal(await card.count(), 0, 'nothing was achieved yet')
  await page.getByRole('link', { name: 'Board' }).click()
  // Its chip comes and goes with the answer.
  await jobOf(page, 'Set up a router').getByRole('button').click()
  await page.getByRole('link', { name: 'My jobs' }).click()
  await card.waitFor()
  assert.deepEqual(await axe(context, page), [])
  await page.getByRole('button', { name: 'Keep it here' }).click()
  await card.waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => window.asked), true)
  await page.reload()
  await page.getByRole('heading', { name: 'My jobs' }).waitFor()
  await offer()
  assert.equal(await card.count(), 0, 'it was declined')
}))

test('a new job sounds and vibrates once, unless the person has turned that off', () => play(async ({ start, state, edge }) => {
  const { page } = await start()
  await page.addInitScript(() => {
    window.calls = []
    navigator.vibrate = (pattern) => window.calls.push(pattern) > 0
  })
  await page.goto(edge.url)
  await signIn(page)
  const publish = async (n) => {
    state.orders.push(order(n, { title: `News ${n}` }))
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await jobOf(page, `News ${n}`).waitFor()
    return page.evaluate(() => window.calls.length)
  }
  assert.equal(await publish(70), 1, 'the first board is no news, this is')
  assert.equal(await publish(71), 1, 'a burst is one call')
  await page.click('.who')
  await page.getByRole('button', { name: 'Sound and vibration for new jobs', pressed: true }).click()
  await page.getByRole('button', { name: 'Sound and vibration for new jobs', pressed: false }).waitFor()
  await page.reload()
  await page.locator('.job').first().waitFor()
  assert.equal(await publish(72), 0, 'it was turned off')
}))

test('the day’s work is done by keyboard alone, and the focus is seen all the way', () => play(async ({ state, edge, start }) => {
  const { page } = await start()
  const { keyboard } = page
  const to = (kind, name) => tabTo(page, page.getByRole(kind, { name }).first())
  const activate = async (kind, name) => {
    await to(kind, name)
    await keyboard.press('Enter')
  }
  const isNow = (status) => page.locator(`.status[data-status=${status}]`).waitFor()
  const signIn = async () => {
    await to('textbox', 'Password')
    await keyboard.type(PASSWORD)
    await keyboard.press('Enter')
    await page.locator('.job').first().waitFor()
  }
  await page.goto(edge.url)
  await to('textbox', 'Name')
  await keyboard.type('Zhou Lei')
  await signIn()

  await activate('link', 'Set up a router and two printers')
  await page.locator('.actions').waitFor()
  await activate('button', 'Accept')
  await isNow('accepted')
  await activate('button', 'Start')
  await isNow('in_progress')
  await activate('link', /^Complete/)
  await to('textbox', /./)
  await keyboard.type('Both printers print.')
  await activate('button', /^Complete/)
  await isNow('completed')
  await activate('link', /^My jobs/)
  await activate('link', '更换马桶水箱配件')
  await activate('button', 'Give it back')
  await isNow('pending')
  await activate('link', /^Queue/)
  await truthsAre(page, Array(4).fill('At the regional node'))
  const sent = new Map(state.frames.map(({ id, body }) => [id, body]))
  assert.deepEqual([...sent.values()].map(({ type }) => type).sort(), ['accept_order', 'complete_order', 'start_order', 'withdraw_acceptance'])
  assert.equal([...sent.values()].find(({ type }) => type === 'complete_order').note, 'Both printers print.')

  await activate('button', /Zhou Lei/)
  await tabTo(page, page.locator('dialog[open] button[type=submit]'))
  await keyboard.press('Enter')
  await page.waitForURL('**/lock')
  await signIn()
}, { answer: 'stored' }))

test('every stop of the keyboard is seen', () => playSignedIn(async ({ edge, page }) => {
  for (const path of ['/', '/jobs', `/jobs/${id(11)}`, `/jobs/${id(14)}/complete`, '/calendar', '/earnings', '/queue', '/sign-in']) {
    await page.goto(edge.url + path)
    await page.locator('main h1').waitFor()
    await settled(page)
    assert.deepEqual(await unseenStops(page), [], path)
  }
}))

test('what people write stays text', () => {
  const orders = [order(11, { title: HOSTILE[0], description: HOSTILE[1], address: HOSTILE[2] }), order(14, { provider_id: PEOPLE[HOSTILE[0]], title: HOSTILE[3], description: HOSTILE[4], address: HOSTILE[1], status: 'in_progress', version: 4 })]
  return play(async ({ state, edge, start }) => {
    const { page } = await start()
    const isInert = async (path, shown) => {
      if (path) await page.goto(edge.url + path)
      await page.getByText(shown).first().waitFor()
      assert.equal(await page.locator('main :is(img, script)').count(), 0)
      assert.deepEqual(await losses(page), [])
    }
    await page.goto(edge.url)
    await signIn(page, HOSTILE[0])
    await isInert('/', HOSTILE[0])
    await isInert(`/jobs/${id(11)}`, HOSTILE[1])
    await page.locator('.actions .button').click()
    await page.getByRole('link', { name: 'Read why' }).click()
    await isInert('', HOSTILE[0])
    await isInert('/jobs', HOSTILE[3])
    state.answer = 'later'
    await page.goto(`${edge.url}/jobs/${id(14)}/complete`)
    await page.fill('textarea', HOSTILE.join(' '))
    await page.click('form button[type=submit]')
    await page.locator('.status[data-status=completed]').waitFor()
    await isInert('/queue', HOSTILE[3])
    await page.click('.who')
    await page.locator('dialog[open] h2', { hasText: HOSTILE[0] }).waitFor()
  }, { orders, answer: 'lost' })
})

test('a customer or an admin is told in a sentence that the tablet is for providers', () => play(async ({ edge, start }) => {
  const { page } = await start()
  for (const name of ['Lin Xiaomei', 'Chen Yu']) {
    await page.goto(edge.url)
    await page.fill('#name', name)
    await page.fill('#password', PASSWORD)
    await page.click('button[type=submit]')
    await page.locator('.banner', { hasText: 'provider' }).waitFor()
    for (const path of ['/', '/jobs', `/jobs/${id(11)}`, '/queue', '/lost/x']) {
      await page.goto(edge.url + path)
      await page.waitForURL('**/sign-in')
    }
  }
}))
