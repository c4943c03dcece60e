// A tablet with the provider's app before a scripted edge, and the steps that more than one test takes.
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { CHROMIUM, screenshot, watch } from './browser.mjs'
import { PASSWORD, serveEdge, startState } from './edge.mjs'

export const DIST = fileURLToPath(new URL('../../edge-node/app/dist', import.meta.url))
/** The scripted edge speaks no MQTT, and refuses and goes away on purpose. */
export const EXPECTED = /WebSocket|status of (401|403|503)|Failed to load resource: net::/

export async function signIn(page, name = 'Zhou Lei') {
  await page.fill('#name', name)
  await page.fill('#password', PASSWORD)
  await page.click('button[type=submit]')
  await page.locator('.job').first().waitFor()
}

/** A browser with a disk of its own, which can be ended and started again. */
async function openTablet(profile) {
  const context = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: ['--no-sandbox'], locale: 'en', viewport: { width: 820, height: 1180 } })
  return { context, ...(await watch(context.pages()[0] ?? (await context.newPage()))) }
}

/** Plays at a tablet of its own before a scripted edge. Only expected troubles may show in its console. */
export async function play(scenes, change = {}) {
  const state = Object.assign(startState(), change)
  const edge = await serveEdge(DIST, state)
  const profile = mkdtempSync(join(tmpdir(), 'holdfast-tablet-'))
  const wrongs = []
  let context
  const start = async () => {
    const tablet = await openTablet(profile)
    context = tablet.context
    wrongs.push(tablet.wrongs)
    return tablet
  }
  const end = () => context.close()
  try {
    await scenes({ state, edge, start, end })
  } catch (error) {
    for (const [at, page] of context?.pages().entries() ?? []) await screenshot(page, `app/failed-${at}`)
    throw error
  } finally {
    await context?.close()
    await edge.close()
  }
  assert.deepEqual(wrongs.flat().filter((wrong) => !EXPECTED.test(wrong)), [])
}

/** The same, with somebody signed in at the board. */
export function playSignedIn(scenes, change) {
  return play(async ({ start, ...rest }) => {
    const { context, page } = await start()
    await page.goto(rest.edge.url)
    await signIn(page)
    await scenes({ context, page, ...rest })
  }, change)
}

export const jobOf = (page, title) => page.locator('.job', { hasText: title })

/** Once its chip is shown it is on the tablet's disk. */
export async function ask(page, title) {
  await jobOf(page, title).getByRole('button').click()
  await jobOf(page, title).locator('.truth').waitFor()
}
