// What every other test here waits for.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, openPage, settled } from './browser.mjs'

const PAGE = 'http://page.test'
/** More than a page has to stand still. */
const FRAMES = 30
const DOCUMENT = `<!doctype html><html lang="en"><title>Late</title><body><script type="module">
  window.drawn = 0
  const draw = () => { window.drawn += 1; requestAnimationFrame(draw) }
  draw()
  addEventListener('load', async () => { document.body.dataset.said = (await import('/late.mjs')).said })
</script>`

let browser
before(async () => { browser = await launch() })
after(() => browser?.close())

/** A page whose code comes late. `answer` may hold it up. */
async function latePage(answer) {
  const context = await browser.newContext()
  const { page } = await openPage(context)
  await context.route(`${PAGE}/**`, async (route) => {
    if (!route.request().url().endsWith('.mjs')) return route.fulfill({ contentType: 'text/html', body: DOCUMENT })
    return answer(route, page)
  })
  await page.goto(PAGE)
  return { context, page }
}

test('a page is not settled while a part of its code is on its way', async () => {
  const { context, page } = await latePage(async (route, page) => {
    await page.waitForFunction((frames) => window.drawn > frames, FRAMES)
    await route.fulfill({ contentType: 'text/javascript', body: 'export const said = "it came"' })
  })
  await settled(page)
  assert.equal(await page.evaluate(() => document.body.dataset.said), 'it came')
  await context.close()
})

test('a page is settled once it is known that its code does not come', async () => {
  const { context, page } = await latePage((route) => route.abort())
  await settled(page)
  assert.equal(await page.evaluate(() => document.body.dataset.said), undefined)
  await context.close()
})
