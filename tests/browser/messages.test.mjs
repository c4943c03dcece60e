// The two people of an order write to each other on its page of messages, block and report; an admin reads a report.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { poll } from './browser.mjs'
import { gateway, orderOf, PICTURE } from './portal.answers.mjs'
import { startPortal } from './portal.mjs'

const ORDER = orderOf(60).id
const MESSAGES = `/orders/${ORDER}/messages`

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

async function openMessages(role, change = {}) {
  const state = Object.assign(gateway({ role }), change)
  const opened = await portal.open(state)
  await opened.go(`/${role === 'provider' ? 'jobs' : 'orders'}/${ORDER}/messages`)
  return { ...opened, state, thread: opened.page.getByRole('log', { name: 'Messages' }) }
}
const changes = (state) => state.changes().map(({ method, path, body }) => [method, path, body])

test('a customer reads what the provider wrote, which marks it as read, and answers by keyboard', async () => {
  const { context, page, state, thread, faults } = await openMessages('customer')
  await thread.getByText('林女士您好，我 14 点到。水阀您能找到吗？').waitFor()
  await thread.getByText('10:33, read 10:34').waitFor()
  await thread.getByText('10:36, not read yet').waitFor()
  await poll(() => assert.deepEqual(changes(state), [['PUT', `${MESSAGES}/read`, { number: 3 }]]))
  await page.getByRole('button', { name: 'I am at home' }).click()
  const box = page.getByLabel('Write to 王建国')
  assert.equal(await box.inputValue(), 'I am at home')
  await box.focus()
  await page.keyboard.press('End')
  await page.keyboard.type(', ring twice')
  await page.keyboard.press('Control+Enter')
  await thread.getByText('I am at home, ring twice').waitFor()
  assert.equal(await box.inputValue(), '')
  const [, [method, path, body]] = changes(state)
  assert.deepEqual([method, path, body], ['POST', MESSAGES, { text: 'I am at home, ring twice' }])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a photo is chosen, taken back, sent after its message and opened large; until it has arrived words stand in its place', async () => {
  const { context, page, thread, state, faults } = await openMessages('customer')
  const sent = []
  let isAway = true
  await context.route(`**/api/v1${MESSAGES}/*/photo`, (route) => {
    if (route.request().method() === 'GET') return route.fulfill({ contentType: 'image/jpeg', body: sent[0] })
    if (isAway) return route.abort()
    sent.push(route.request().postDataBuffer())
    state.messages.at(-1).photo.arrived_at = '2026-11-21T10:52:00.000Z'
    return route.fulfill({ json: state.messages.at(-1).photo })
  })
  const choose = () => page.setInputFiles('.photo-picker input', { name: 'valve.png', mimeType: 'image/png', buffer: PICTURE })
  const send = page.getByRole('button', { name: 'Send', exact: true })
  await choose()
  const chosen = page.getByRole('img', { name: 'The chosen photo' })
  await chosen.waitFor()
  await page.getByRole('button', { name: 'Remove photo 1' }).click()
  await chosen.waitFor({ state: 'detached' })
  // Its name says why it cannot be pressed.
  assert.equal(await page.getByRole('button', { name: /^Send/ }).getAttribute('aria-disabled'), 'true', 'there is nothing to send')
  await choose()
  await chosen.waitFor()
  await send.click()
  await thread.getByText('The photo is on its way.').waitFor()
  await chosen.waitFor({ state: 'detached' })
  assert.equal(await thread.getByRole('img').count(), 0, 'no broken picture')
  isAway = false
  // Another page of theirs sends what this one could not.
  await page.reload()
  const small = thread.getByRole('button', { name: /^You: photo, / })
  await small.waitFor()
  const { body } = state.changes().find(({ method, path }) => method === 'POST' && path === MESSAGES)
  assert.equal(body.text, '')
  assert.equal(createHash('sha256').update(sent[0]).digest('hex'), body.photo.hash)
  assert.equal(sent.length, 1)
  await small.focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: /^You: photo, / })
  await poll(async () => assert.ok(await dialog.getByRole('img').evaluate((img) => img.complete && img.naturalWidth > 0)))
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  assert.equal(await small.evaluate((one) => one === document.activeElement), true)
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a text whose answer was lost stays, and is sent again under its key', async () => {
  const { context, page, state, thread } = await openMessages('provider')
  const keys = []
  await context.route(`**/api/v1${MESSAGES}`, (route) => {
    if (route.request().method() !== 'POST') return route.fallback()
    keys.push(route.request().headers()['idempotency-key'])
    if (keys.length > 1) return route.fallback()
    return route.fulfill({ status: 503, contentType: 'application/problem+json', json: { status: 503, title: 'Not now.', code: 'unavailable' } })
  })
  const box = page.getByLabel('Write to 林小梅')
  const send = page.getByRole('button', { name: 'Send', exact: true })
  await box.fill('I am at the door')
  await send.click()
  await page.getByText('Not now.').waitFor()
  assert.equal(await box.inputValue(), 'I am at the door')
  await send.click()
  await thread.getByText('I am at the door').waitFor()
  assert.equal(await box.inputValue(), '')
  assert.equal(keys.length, 2)
  assert.equal(keys[0], keys[1])
  assert.equal(state.messages.at(-1).text, 'I am at the door')
  await context.close()
})

test('a reported message is told to the admins with its reason, and its sender is blocked', async () => {
  const { context, page, state, thread } = await openMessages('customer')
  await thread.getByRole('button', { name: 'Report… 10:35' }).click()
  const dialog = page.getByRole('dialog', { name: 'Report this message?' })
  await dialog.getByText('I bring a set of seals.').waitFor()
  assert.equal(await dialog.getByRole('button', { name: 'Report and block' }).getAttribute('aria-disabled'), 'true')
  await dialog.getByLabel(/Reason/).fill('He insults me.')
  await dialog.getByRole('button', { name: 'Report and block' }).click()
  await thread.getByText('10:35, reported').waitFor()
  await page.getByText('You have blocked 王建国, so neither of you can write.').waitFor()
  assert.equal(await page.getByLabel('Write to 王建国').count(), 0)
  const report = changes(state).find(([, path]) => path.endsWith('/report'))
  assert.deepEqual(report, ['POST', `${MESSAGES}/3/report`, { reason: 'He insults me.' }])
  await page.getByRole('button', { name: 'End the block' }).click()
  await page.getByLabel('Write to 王建国').waitFor()
  await context.close()
})

test('an order that nobody has accepted says when messages begin, and a closed one until when they were open', async () => {
  const closed = { thread: { refusal: 'messages_closed', closes_at: '2026-11-20T10:00:00.000Z' } }
  const { context, page } = await openMessages('provider', closed)
  await page.getByText('Messages of this order closed on November 20, 2026').waitFor()
  assert.equal(await page.getByRole('textbox').count(), 0)
  await context.close()
  const state = gateway({ role: 'customer' })
  const opened = await portal.open(state)
  await opened.go(`/orders/${orderOf(1).id}/messages`)
  await opened.page.getByRole('heading', { name: 'Messages begin with the acceptance' }).waitFor()
  assert.equal(await opened.page.getByRole('textbox').count(), 0)
  await opened.context.close()
})

test('the page of an order leads to its messages, with the number of new ones', async () => {
  const state = gateway({ role: 'customer' })
  const { context, page, go } = await portal.open(state)
  await go(`/orders/${ORDER}`)
  await page.getByRole('link', { name: /Messages 1 new message/ }).click()
  await page.waitForURL(`**${MESSAGES}`)
  await context.close()
})

test('the conflict desk reads both sides of a reported conversation', async () => {
  const state = gateway({ role: 'admin' })
  Object.assign(state.deskCases[0], { kind: 'message_reported', order_id: ORDER })
  const { context, page, go, faults } = await portal.open(state)
  await go(`/conflicts/case-${state.deskCases[0].id}`)
  await page.getByRole('heading', { name: 'A message was reported' }).waitFor()
  const thread = page.getByRole('log', { name: 'Messages' })
  await thread.getByText('好的，谢谢。').waitFor()
  await thread.getByText('Report: 他辱骂我。').waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})
