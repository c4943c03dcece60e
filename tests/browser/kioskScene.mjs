// A kiosk before a scripted node, for the tests of its pages.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { openPage, screenshot } from './browser.mjs'
import { PASSWORD, serveEdge, startState } from './edge.mjs'
import { enrol } from './kiosk.mjs'

const DIST = fileURLToPath(new URL('../../edge-node/app/dist', import.meta.url))
/** The scripted node goes away, refuses and speaks no MQTT on purpose. */
export const EXPECTED = /status of (401|403|404|409|422|429|503)|Failed to load resource: net::/
const COUNTER = { width: 1080, height: 1920 }
/** The kiosk's account at the scripted node. */
export const ACCOUNT = 'kiosk-north'

/** A new kiosk, set up by its staff, at a node that is cut off. */
export async function playAtKiosk(browser, scenes, { lang = 'en', viewport = COUNTER, isSetUp = true, change = {} } = {}) {
  const state = Object.assign(startState(), change)
  const node = await serveEdge(DIST, state)
  const context = await browser.newContext({ viewport, locale: lang, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' })
  const { page, wrongs } = await openPage(context)
  try {
    // Only tests of the clock let the time of a visit pass.
    await page.clock.setFixedTime(Date.now())
    await page.goto(`${node.url}/kiosk`)
    if (isSetUp) await setUp(page, state)
    await scenes({ context, page, state, node, wrongs })
  } catch (error) {
    await screenshot(page, 'kiosk/failed')
    throw error
  } finally {
    await context.close()
    await node.close()
  }
  assert.deepEqual(wrongs.filter((wrong) => !EXPECTED.test(wrong)), [])
}

/** Its node is cut off from then on. */
export async function setUp(page, state) {
  await enrol(page, ACCOUNT, PASSWORD)
  await cutOff(page, state)
}

export async function cutOff(page, state) {
  state.cutSince = Date.now() - 14 * 60_000
  await page.reload()
  await page.locator('.hero .banner').waitFor()
}
