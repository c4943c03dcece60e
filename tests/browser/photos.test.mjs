// The photos of finished work at the portal, over a gateway that answers from memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, keepPicture, losses, PAGE_LANGUAGES, poll, settled, smallTargets, tabTo } from './browser.mjs'
import { DONE, gateway, PEOPLE, PICTURE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const TAPPED = '2026-11-21T10:40:00.000Z'
const hashOf = (n) => String(n).repeat(64)
const commandOf = (action) => `0193a1c2-0000-7000-8000-00000000070${action === 'start' ? 1 : 2}`
const stepOf = (version, action, numbers) => ({
  version, action, actor: { user_id: PEOPLE.provider.user_id, role: 'provider' }, from: 'accepted', to: 'completed', source: 'north-1', edge: 'north-1', epoch: 7, seq: version,
  command_id: commandOf(action), hops: { tapped_at: TAPPED, edge_at: TAPPED, cloud_at: TAPPED }, evidence: { photos: numbers.map((n) => ({ hash: hashOf(n), bytes: PICTURE.length })) },
})
/** One before the work; of four after it the third has not arrived. */
const STEPS = [stepOf(3, 'start', [1]), stepOf(4, 'complete', [2, 3, 4, 5])]
const photo = (action, n, isHere) => ({ command_id: commandOf(action), hash: hashOf(n), bytes: PICTURE.length, taken: action === 'start' ? 'before' : 'after', arrived_at: isHere ? Date.parse(TAPPED) : null })

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

/** The page of the order, whose provider showed photos. */
async function openOrder(lang) {
  const opened = await portal.open(gateway({ role: 'customer' }), lang)
  const late = new Set([4])
  await opened.context.route('**/api/v1/orders/*/timeline', (route) => route.fulfill({ json: { items: STEPS } }))
  await opened.context.route('**/api/v1/orders/*/photos', (route) => route.fulfill({ json: { items: STEPS.flatMap(({ action, evidence }) => evidence.photos.map(({ hash }) => photo(action, Number(hash[0]), !late.has(Number(hash[0]))))) } }))
  await opened.context.route('**/api/v1/orders/*/photos/*', (route) => route.fulfill({ contentType: 'image/png', body: PICTURE }))
  await opened.go(`/orders/${DONE}`)
  return { ...opened, late }
}

const isShown = (page, words) => page.getByRole('dialog', { name: words }).getByRole('img', { name: words }).waitFor()

test('photos of the work open in a dialog, one after the other by keyboard, and the focus returns to its picture', async () => {
  const { context, page, faults } = await openOrder('en')
  const second = page.getByRole('button', { name: 'Photo 2 of 4, after the work' })
  await tabTo(page, second)
  await page.keyboard.press('Enter')
  await isShown(page, 'Photo 2 of 4, after the work')
  await page.getByRole('dialog').getByText('Recorded on the tablet at Nov 21, 2026, 10:40').waitFor()
  await page.keyboard.press('ArrowRight')
  await isShown(page, 'Photo 4 of 4, after the work')
  await page.keyboard.press('ArrowRight')
  await isShown(page, 'Photo 1 of 4, after the work')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await isShown(page, 'Photo 2 of 4, after the work')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.ok(await second.evaluate((one) => one === document.activeElement), 'the focus is at the picture again')
  assert.ok(page.url().endsWith(`/orders/${DONE}`), 'Escape closes the dialog alone')
  assert.deepEqual(faults(), [])
  await context.close()
})

test('a photo that arrives meanwhile does not push away the one that is shown', async () => {
  const { context, page, late } = await openOrder('en')
  await page.getByRole('button', { name: 'Photo 4 of 4, after the work' }).click()
  await isShown(page, 'Photo 4 of 4, after the work')
  late.clear()
  await context.clock.runFor(60_000)
  await page.locator('.photos img').nth(4).waitFor({ state: 'attached' })
  await isShown(page, 'Photo 4 of 4, after the work')
  await page.keyboard.press('ArrowLeft')
  await isShown(page, 'Photo 3 of 4, after the work')
  await context.close()
})

test('by touch there are buttons for it, and the picture can be downloaded', async () => {
  const { context, page, faults } = await openOrder('en')
  await page.getByRole('button', { name: 'Photo 1 of 4, after the work' }).click()
  await page.getByRole('button', { name: 'Previous picture' }).click()
  await isShown(page, 'Photo 4 of 4, after the work')
  await page.getByRole('button', { name: 'Next picture' }).click()
  await isShown(page, 'Photo 1 of 4, after the work')
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download' }).click()
  assert.ok((await download).url().endsWith(`/orders/${DONE}/photos/${hashOf(2)}`))
  await page.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Photo 1 of 1, before the work' }).click()
  await isShown(page, 'Photo 1 of 1, before the work')
  assert.equal(await page.getByRole('button', { name: 'Next picture' }).count(), 0, 'there is no other')
  assert.deepEqual(faults(), [])
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`the dialog of a photo in ${lang}`, async () => {
    const { context, page, faults } = await openOrder(lang)
    const words = wordsOf('cloud/portal', lang).workEvidence.after.replace('{n}', '1').replace('{of}', '4')
    await page.getByRole('button', { name: words }).click()
    await isShown(page, words)
    await settled(page)
    await poll(async () => assert.ok(await page.getByRole('dialog').getByRole('img').evaluate((img) => img.complete && img.naturalWidth > 0)))
    await keepPicture(page, `portal/customer-photo-${lang}-light`)
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 24), [])
    assert.deepEqual(await losses(page), [])
    await page.emulateMedia({ colorScheme: 'dark' })
    assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
