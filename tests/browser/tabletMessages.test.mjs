// A provider writes to the customer of a job from a tablet, in and out of the node's reach, before a scripted edge.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axe, isMarkupChecked, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo, unseenStops } from './browser.mjs'
import { allOnDisk } from './disk.mjs'
import { HOSTILE, order, PASSWORD, PEOPLE, writeMessage } from './edge.mjs'
import { jobOf, play, playSignedIn, signIn } from './tablet.mjs'
import { wordsOf } from './portal.mjs'

/** A job of Zhou Lei's that is in progress. */
const JOB = order(14).id
const ME = PEOPLE['Zhou Lei']
const MINUTE = 60_000
const jobPath = ({ url }) => `${url}/jobs/${JOB}`
const threadOf = (page) => page.getByRole('log', { name: 'Messages' })
const lineOf = (page, text) => threadOf(page).locator('li', { hasText: text })
const field = (page) => page.getByLabel('Write to the customer')

let written = 0
const fromCustomer = (state, text, sent_at) => writeMessage(state, JOB, { id: `of-the-customer-${(written += 1)}`, from: 'customer', text, sent_at })

async function send(page, text) {
  await field(page).fill(text)
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await lineOf(page, text).waitFor()
}

/** The app comes from the tablet itself from now on. */
const installed = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))

test('what is written out of reach stays on the tablet, and arrives once and in order though its answer is lost and the page killed', () => play(async ({ state, edge, start, end }) => {
  const morning = await start()
  await morning.page.goto(edge.url)
  await signIn(morning.page)
  await installed(morning.page)
  edge.goAway()
  await morning.page.goto(jobPath(edge))
  await send(morning.page, 'The valve is worn.')
  await send(morning.page, 'I fetch a new one.')
  assert.equal(await field(morning.page).inputValue(), '')
  await lineOf(morning.page, 'worn').locator('.truth[data-truth=tablet]').waitFor()
  Object.assign(state, { isAway: false, answer: 'unheard' })
  await poll(() => assert.ok(state.messages[JOB]))
  await end()

  const { page } = await start()
  edge.goAway()
  await page.goto(jobPath(edge))
  for (const text of ['The valve is worn.', 'I fetch a new one.']) await lineOf(page, text).locator('.truth[data-truth=tablet]').waitFor()
  Object.assign(state, { isAway: false, answer: 'applied' })
  await lineOf(page, 'worn').getByText(/^\d\d:\d\d, delivered$/).waitFor()
  await lineOf(page, 'fetch').getByText(/^\d\d:\d\d, delivered$/).waitFor()
  assert.deepEqual(state.messages[JOB].map(({ number, text }) => [number, text]), [[1, 'The valve is worn.'], [2, 'I fetch a new one.']])
  assert.ok(state.frames.length > 2, 'the first was sent again')
  assert.deepEqual(state.frames[0].body, { type: 'send_message', order_id: JOB, text: 'The valve is worn.' })
  await page.reload()
  await lineOf(page, 'fetch').waitFor()
  assert.equal(await threadOf(page).locator('.text').count(), 2, 'each is there once')
}))

test('each stands where it is: on the tablet, at the node, delivered; and the thread then has it under the same id', () => playSignedIn(async ({ state, edge, context, page }) => {
  await context.clock.install()
  await page.goto(jobPath(edge))
  await send(page, 'Ten minutes late.')
  await lineOf(page, 'Ten').locator('.truth[data-truth=tablet]').waitFor()
  assert.equal(await page.locator('header .truth[data-truth=confirmed]').count(), 1, 'the job is as sure as before')
  Object.assign(state, { answer: 'stored', cutSince: Date.now() })
  await context.clock.runFor(60_000)
  await lineOf(page, 'Ten').locator('.truth[data-truth=node]').waitFor()
  await page.getByText('The North node keeps what you write and sends it on when the link is back.').waitFor()
  Object.assign(state, { answer: 'applied', cutSince: undefined })
  await context.clock.runFor(31_000)
  await lineOf(page, 'Ten').getByText(/, delivered$/).waitFor()
  await poll(() => assert.equal(state.messages[JOB]?.length, 1))
  fromCustomer(state, 'No matter.')
  await context.clock.runFor(16_000)
  await lineOf(page, 'No matter.').waitFor()
  assert.deepEqual(await threadOf(page).locator('.text').allInnerTexts(), ['Ten minutes late.', 'No matter.'])
  assert.deepEqual(await threadOf(page).locator('li:not([data-day])').evaluateAll((all) => all.map((one) => one.dataset.mine)), ['true', undefined])
}, { answer: 'later' }))

test('what the customer wrote is a new message in the list and on the job until it was on the screen, and readable without the node', () => play(async ({ state, edge, start, end }) => {
  fromCustomer(state, 'The key is with my neighbour.')
  fromCustomer(state, '请带备用零件。')
  const { page } = await start()
  await page.setViewportSize({ width: 390, height: 700 })
  await page.goto(edge.url)
  await signIn(page)
  const place = page.locator('.dock').getByRole('link', { name: /^My jobs/ })
  await poll(async () => assert.match(await place.innerText(), /2/))
  await place.click()
  await jobOf(page, 'Fix a door').getByText('2 new messages').waitFor()
  assert.equal(await page.getByText('new message').count(), 1, 'on no other job')
  await jobOf(page, 'Fix a door').getByRole('link', { name: 'Fix a door that sticks', exact: true }).click()
  const toNew = page.getByRole('button', { name: '2 new messages' })
  await toNew.waitFor()
  await settled(page)
  assert.equal(await toNew.count(), 1, 'the end of the thread is below the window')
  await toNew.click()
  await lineOf(page, 'neighbour').waitFor()
  await toNew.waitFor({ state: 'detached' })
  assert.doesNotMatch(await place.innerText(), /2/)

  const asOf = Date.now() - 14 * MINUTE
  Object.assign(state, { cutSince: asOf, messagesAsOf: new Date(asOf).toISOString() })
  await page.reload()
  await installed(page)
  await page.getByRole('heading', { name: /^What the customer wrote until .* is here$/ }).waitFor()
  await end()
  edge.goAway()
  const { page: later } = await start()
  await later.goto(jobPath(edge))
  await lineOf(later, '请带备用零件。').waitFor()
  await later.getByText('What you write stays on this tablet and leaves once the North node answers.').waitFor()
  await settled(later)
  assert.equal(await later.getByText('new message').count(), 0, 'they were seen before')
}))

test('a message that is not delivered says why, is put back into the field, and goes when it is understood', () => playSignedIn(async ({ state, edge, page }) => {
  await page.goto(jobPath(edge))
  await send(page, 'Please call.')
  await lineOf(page, 'Please call.').getByText('Not delivered').waitFor()
  await lineOf(page, 'Please call.').getByText('One of you two has blocked the other').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Complete this job' }).count(), 1, 'the job goes on')
  await page.locator('.dock').getByRole('link', { name: 'My jobs' }).click()
  await jobOf(page, 'Message').getByText('One of you two has blocked the other').waitFor()
  await page.goBack()
  await page.getByRole('button', { name: 'Write it again' }).click()
  await poll(async () => assert.equal(await field(page).inputValue(), 'Please call.'))
  await lineOf(page, 'Please call.').waitFor({ state: 'detached' })
  state.answer = 'messages_closed'
  await page.keyboard.press('Control+Enter')
  await lineOf(page, 'Please call.').getByText('more than 30 days after the end').waitFor()
  await page.getByRole('button', { name: 'Understood' }).click()
  await page.getByText('Nothing is written here yet.').waitFor()
  assert.equal(new Set(state.frames.map(({ id }) => id)).size, 2, 'written again is another message')
  state.answer = 'looks_not_yours'
  await send(page, 'Are you there?')
  await lineOf(page, 'Are you there?').getByText('By what the node knows, this job is not yours now').waitFor()
}, { answer: 'messages_blocked' }))

test('the field and its ready answers are used by keyboard, and a text that is empty or too long does not leave', () => playSignedIn(async ({ state, edge, page }) => {
  await page.goto(jobPath(edge))
  const sending = page.getByRole('button', { name: 'Send', exact: false })
  await page.getByText('Write something first').waitFor()
  await sending.click({ force: true })
  await field(page).fill('x'.repeat(1_001))
  await page.keyboard.press('Control+Enter')
  await page.locator('.error', { hasText: 'A message has at most 1000 characters.' }).waitFor()
  await field(page).fill('')
  await page.locator('h1').click()
  await tabTo(page, page.getByRole('button', { name: 'I am at the door' }))
  await page.keyboard.press('Enter')
  await poll(async () => assert.equal(await field(page).evaluate((one) => one === document.activeElement), true))
  await page.keyboard.press('End')
  await page.keyboard.type(', ring twice')
  await tabTo(page, sending)
  await page.keyboard.press('Enter')
  await lineOf(page, 'I am at the door, ring twice').waitFor()
  await poll(() => assert.equal(state.frames.length, 1))
  assert.equal(state.frames[0].body.text, 'I am at the door, ring twice')
}))

test('a job that is not theirs has no messages, and one that is over only those of before', () => playSignedIn(async ({ state, edge, page }) => {
  await page.goto(`${edge.url}/jobs/${order(11).id}`)
  await page.locator('.actions').waitFor()
  assert.equal(await page.getByRole('heading', { name: 'Messages' }).count(), 0)
  const closed = state.orders.find(({ id }) => id === JOB)
  closed.status = 'reviewed'
  await page.goto(jobPath(edge))
  await page.locator('.facts').waitFor()
  await settled(page)
  assert.equal(await page.getByRole('heading', { name: 'Messages' }).count(), 0, 'there are none')
  for (const text of HOSTILE) fromCustomer(state, text)
  fromCustomer(state, 'Thank you.')
  await page.reload()
  await lineOf(page, 'Thank you.').waitFor()
  assert.equal(await field(page).count(), 0)
  assert.deepEqual(await threadOf(page).locator('.text').allInnerTexts(), [...HOSTILE, 'Thank you.'])
  await page.setViewportSize({ width: 390, height: 700 })
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
  await page.getByRole('button', { name: '6 new messages' }).waitFor({ state: 'detached' })
}))

test('a locked tablet keeps no message in the clear, shows the next person none, and sends what waits', () => playSignedIn(async ({ state, edge, page }) => {
  fromCustomer(state, 'Mind the dog.')
  await page.goto(jobPath(edge))
  await lineOf(page, 'Mind the dog.').waitFor()
  await send(page, 'Under the doormat.')
  await page.click('.who')
  await page.locator('dialog[open] button[type=submit]').click()
  await page.waitForURL('**/lock')
  const disk = await page.evaluate(allOnDisk)
  for (const text of ['Mind the dog', 'doormat', JOB]) assert.equal(disk.includes(text), false, text)
  state.answer = 'applied'
  await poll(() => assert.deepEqual(state.messages[JOB].map(({ text }) => text), ['Mind the dog.', 'Under the doormat.']))
  await page.goto(`${edge.url}/sign-in`)
  const { messages } = state
  state.messages = {}
  await signIn(page, 'Maria Silva')
  await page.goto(jobPath(edge))
  await page.getByText('This job is not on your board').waitFor()
  assert.equal(await page.getByText('Mind the dog').count(), 0)
  await page.click('.who')
  await page.locator('dialog[open] button[type=submit]').click()
  await page.getByRole('button', { name: 'Zhou Lei' }).click()
  edge.goAway()
  await page.fill('#password', PASSWORD)
  await page.click('form button[type=submit]')
  await page.locator('.job').first().waitFor()
  await page.goto(jobPath(edge))
  await lineOf(page, 'Mind the dog.').waitFor()
  await lineOf(page, 'Under the doormat.').waitFor()
  Object.assign(state, { isAway: false, messages })
  await lineOf(page, 'Under the doormat.').getByText(/, delivered$/).waitFor()
  assert.equal(messages[JOB].length, 2)
}, { answer: 'later' }))

test('the node is asked while the app is open, and not by somebody without a sign-in', () => playSignedIn(async ({ state, edge, context, page }) => {
  await context.clock.install()
  await page.goto(edge.url)
  await page.locator('.job').first().waitFor()
  await poll(() => assert.ok(state.messagesAsked > 0))
  const before = state.messagesAsked
  await context.clock.runFor(46_000)
  await poll(() => assert.ok(state.messagesAsked >= before + 3))
  state.ended[ME] = 'session_ended'
  await page.reload()
  await page.locator('.banner', { hasText: 'You have been signed out' }).waitFor()
  const ended = state.messagesAsked
  await context.clock.runFor(46_000)
  await settled(page)
  assert.equal(state.messagesAsked, ended)
}))

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } }

for (const lang of PAGE_LANGUAGES) {
  for (const [name, size] of Object.entries(SIZES)) {
    test(`the messages of a job on a ${name} screen in ${lang}`, () => playSignedIn(async ({ state, edge, context, page }) => {
      const { messages } = wordsOf('edge-node/app', lang)
      const yesterday = new Date(Date.now() - 24 * 60 * MINUTE).toISOString()
      fromCustomer(state, '钥匙在邻居家，门牌 302。', yesterday)
      writeMessage(state, JOB, { id: 'mine', from: 'provider', text: 'Thank you. I am there at two, with a new valve and a set of seals.', sent_at: yesterday })
      fromCustomer(state, `Please ring twice. ${'W'.repeat(60)}`)
      await page.setViewportSize(size)
      await page.goto(`${jobPath(edge)}?lang=${lang}`)
      const section = page.locator('.card', { has: page.getByRole('heading', { name: messages.title, exact: true }) })
      await section.getByText('钥匙在邻居家').waitFor()
      state.answer = 'messages_blocked'
      await section.locator('textarea').fill('Please call. 请来电。')
      await section.locator('button[type=submit]').click()
      await section.getByText(messages.notDelivered).waitFor()
      Object.assign(state, { answer: 'stored', cutSince: Date.now() - 14 * MINUTE })
      await page.reload()
      await section.locator('.banner').waitFor()
      await section.getByRole('button', { name: messages.ready1 }).click()
      await section.locator('button[type=submit]').click()
      await section.locator('.truth[data-truth=node]').waitFor()
      await settled(page)
      await section.scrollIntoViewIfNeeded()
      await keepPicture(page, `app/messages-${name}-${lang}-top`)
      await section.locator('textarea').scrollIntoViewIfNeeded()
      await keepPicture(page, `app/messages-${name}-${lang}`)
      await page.setViewportSize({ width: 320, height: 800 })
      await section.locator('textarea').scrollIntoViewIfNeeded()
      await keepPicture(page, `app/messages-narrow-${lang}`)
      await page.setViewportSize(size)
      if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
      assert.deepEqual(await smallTargets(page, 48), [])
      assert.deepEqual(await losses(page), [])
      if (lang === 'en' && name === 'phone') assert.deepEqual(await unseenStops(page), [])
    }))
  }
}
