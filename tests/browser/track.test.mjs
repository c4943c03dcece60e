// An order on its way, followed by anybody who has its receipt.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, keepPicture, losses, settled, tabTo } from './browser.mjs'
import { gateway, orderOf, SECRET } from './portal.answers.mjs'
import { startPortal } from './portal.mjs'

const ORDER = orderOf(60).id
let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

test('a customer gives the link to an order to others', async () => {
  const { context, page, go, faults } = await portal.open(gateway({ role: 'customer' }))
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await go(`/orders/${ORDER}`)
  await page.getByRole('button', { name: 'Show the link' }).click()
  const field = page.getByLabel('Link to give to others')
  await field.and(page.locator(':focus')).waitFor()
  await page.getByRole('button', { name: 'Copy the link' }).click()
  await page.getByText('The link is copied.').waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  assert.equal(copied, `${new URL(page.url()).origin}/track/N-7F3K60?s=${SECRET}`)
  assert.equal(await field.inputValue(), copied)
  await keepPicture(page, 'portal/share-en')
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await losses(page), [])

  // The page before says almost the same.
  await page.getByRole('link', { name: 'Open', exact: true }).click()
  await page.waitForURL('**/track/N-7F3K60')
  await page.getByText('A provider has the job.').waitFor()
  assert.equal(new URL(page.url()).search, '', 'the address of the page never has the secret')
  await page.goBack()
  await page.getByRole('button', { name: 'Show the link' }).waitFor()
  await page.goForward()
  await page.waitForURL('**/track/N-7F3K60')
  await page.getByText('A provider has the job.').waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('where a browser copies nothing, the link is marked and the page says so', async () => {
  const { context, page, go } = await portal.open(gateway({ role: 'customer' }))
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  await go(`/orders/${ORDER}`)
  await page.getByRole('button', { name: 'Show the link' }).click()
  await page.getByRole('button', { name: 'Copy the link' }).click()
  await page.getByText('This browser does not copy by itself.').waitFor()
  const marked = await page.getByLabel('Link to give to others').evaluate((field) => field.value.slice(field.selectionStart, field.selectionEnd))
  assert.match(marked, new RegExp(`/track/N-7F3K60\\?s=${SECRET}$`))
  await context.close()
})

test('whoever has the receipt follows the order, and its secret leaves the address before anything is asked', async () => {
  const state = gateway({ role: null })
  const { context, page, go, faults } = await portal.open(state)
  await go(`/track/N-7F3K60?s=${SECRET}`)
  await page.getByText('A provider has the job.').waitFor()
  assert.deepEqual(await page.locator('.timeline > li strong').allTextContents(), ['Accepted', 'Open to providers', 'Published'])
  assert.deepEqual(state.asked.filter(({ path }) => path !== '/session').map(({ path }) => path), ['/track/N-7F3K60'], 'it asks for nothing but this')
  const here = new URL('/track/N-7F3K60', page.url()).href
  assert.equal(page.url(), here)
  assert.deepEqual(new Set(state.asked.map(({ headers }) => headers.referer)), new Set([here]))

  await page.reload()
  await page.getByText('A provider has the job.').waitFor()
  const given = await page.getByLabel('Link to give to others').inputValue()
  assert.equal(given, `${here}?s=${SECRET}`)

  Object.assign(state.tracked, { status: 'in_progress', steps: [...state.tracked.steps, { status: 'in_progress', at: '2026-11-21T10:52:20.000Z' }] })
  await context.clock.runFor(31_000)
  await page.getByText('The work is going on.').waitFor()
  await page.getByRole('button', { name: '中文' }).click()
  await page.getByText('服务进行中。').waitFor()
  await page.getByText('已开工').waitFor()
  assert.deepEqual(faults(), [])
  await context.close()
})

test('the receipt of a kiosk cancels its order by keyboard, at the price that is shown', async () => {
  const state = gateway({ role: null })
  state.tracked.can_cancel = true
  const { context, page, go, faults } = await portal.open(state)
  await go(`/track/N-7F3K60?s=${SECRET}`)
  assert.equal(await page.getByLabel('Link to give to others').count(), 0, 'whoever has this link can cancel')
  await keepPicture(page, 'portal/track-receipt-en')
  await tabTo(page, page.getByRole('button', { name: 'Cancel the order' }))
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.getByText('To the provider, for the late cancel').waitFor()
  await dialog.getByText('162.00').waitFor()
  await keepPicture(page, 'portal/track-cancel-en')
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await losses(page), [])
  await dialog.getByRole('button', { name: 'Cancel the order' }).click()
  await page.getByText('The order is cancelled.').waitFor()
  await page.getByText('Nothing follows.').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Cancel the order' }).count(), 0)
  const sent = state.asked.filter(({ path }) => path === '/track/N-7F3K60/cancel').map(({ body }) => body)
  assert.deepEqual(sent, [{ fee: '18.00', secret: SECRET }])
  assert.deepEqual(faults(), [])
  await context.close()
})

test('without its secret nobody learns whether there is such an order, but what to do', async () => {
  const state = gateway({ role: null })
  const { context, page, go, faults } = await portal.open(state)
  for (const path of [`/track/N-7F3K60?s=${'cd'.repeat(32)}`, '/track/N-7F3K60?s=wrong', `/track/N-000000?s=${SECRET}`]) {
    await go(path)
    await page.getByRole('heading', { name: 'Not here yet, and not lost' }).waitFor()
    await page.getByText('the link may have been copied in part').waitFor()
  }
  const before = state.asked.length
  await go('/track/N-7F3K60')
  await page.getByRole('heading', { name: 'This link is not whole' }).waitFor()
  await settled(page)
  assert.deepEqual(state.asked.slice(before).map(({ path }) => path), ['/session'], 'without a secret it asks for no order')
  assert.deepEqual(faults(), [])
  await context.close()
})
