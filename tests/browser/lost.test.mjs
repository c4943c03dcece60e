// A request that came to nothing, and the way to a person for somebody who thinks that it was decided wrongly.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axe, losses, poll, settled, smallTargets, tabTo } from './browser.mjs'
import { jobOf, playSignedIn } from './tablet.mjs'

/** Loses a job, and reads why. The node answers at once, so the chip of the request may be gone before it is seen. */
async function lose({ state, page }) {
  await jobOf(page, 'Set up a router').getByRole('button').click()
  await page.getByRole('link', { name: 'My jobs' }).click()
  await jobOf(page, 'Set up a router').getByRole('link', { name: 'Read why' }).click()
  await page.getByRole('heading', { name: 'This job went to another provider' }).waitFor()
  return { code: 'N-7F3K12', number: state.frames[0].id }
}

test('who thinks that a job was lost wrongly has its code and the number of the request at hand, by keyboard', () => playSignedIn(async ({ state, context, page }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const { code, number } = await lose({ state, page })
  await tabTo(page, page.getByText('I think this is wrong, ask a person'))
  await page.keyboard.press('Enter')
  await page.getByText('Ask the people who run the service').waitFor()
  assert.deepEqual((await page.locator('.ask dd').allInnerTexts()).map((text) => text.trim()), [code, number, 'https://portal.example'])
  await tabTo(page, page.getByRole('button', { name: 'Copy code and number' }))
  await page.keyboard.press('Enter')
  await page.locator('.toasts', { hasText: 'are copied' }).waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${code} ${number}`)
  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await smallTargets(page, 48), [])
  assert.deepEqual(await losses(page), [])
}, { answer: 'lost' }))

test('where the browser does not copy they are marked on the page, also out of reach of the node', () => playSignedIn(async ({ state, edge, page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  const { code, number } = await lose({ state, page })
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  edge.goAway()
  await page.reload()
  await page.getByText('I think this is wrong, ask a person').click()
  await page.getByRole('button', { name: 'Copy code and number' }).click()
  await page.locator('.toasts', { hasText: 'are marked' }).waitFor()
  await poll(async () => {
    const marked = await page.evaluate(() => String(getSelection()))
    assert.ok(marked.includes(code) && marked.includes(number), marked)
  })
}, { answer: 'lost' }))
