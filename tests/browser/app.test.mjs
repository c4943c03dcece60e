// The provider's app, against a scripted edge: every page in both languages and themes, and what it keeps.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import config from '../../edge-node/app/vite.config.mjs'
import { axe, LANGUAGES, launch, openPage, overflowAt, screenshot, smallTargets, THEMES } from './browser.mjs'
import { order, PASSWORD, PEOPLE, serveEdge, startState } from './edge.mjs'

const DIST = fileURLToPath(new URL('../../edge-node/app/dist', import.meta.url))
/** The scripted edge speaks no MQTT, and refuses on purpose. */
const EXPECTED = /WebSocket|status of (401|503)|ERR_CONNECTION_REFUSED/
const id = (n) => order(n).id

let browser

before(async () => {
  await build(config)
  browser = await launch()
})
after(() => browser?.close())

async function signIn(page, name = 'Zhou Lei') {
  await page.fill('#name', name)
  await page.fill('#password', PASSWORD)
  await page.click('button[type=submit]')
  await page.locator('.job').first().waitFor()
}

async function truthsAre(page, expected, what) {
  const shown = () => page.locator('.item .truth').allInnerTexts()
  await poll(async () => assert.deepEqual(await shown(), expected, what))
}

/** Tries until it holds, for at most twenty seconds. */
async function poll(claim) {
  const end = Date.now() + 20_000
  for (;;) {
    try {
      return await claim()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

for (const lang of LANGUAGES) {
  for (const theme of THEMES) {
    test(`each page in ${lang}, ${theme}`, async (t) => {
      const state = startState()
      const edge = await serveEdge(DIST, state)
      const context = await browser.newContext({ viewport: { width: 820, height: 1180 }, locale: lang, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' })
      const { page, wrongs } = await openPage(context)
      const look = (name) => t.test(name, async () => {
        await page.evaluate(() => document.fonts.ready)
        assert.equal(await page.getAttribute('html', 'lang'), lang)
        await screenshot(page, `app/${name}-${lang}-${theme}`)
        assert.deepEqual(await axe(context, page), [])
        assert.deepEqual(await smallTargets(page, 48), [])
        assert.equal(await overflowAt(page, 320), 0, 'loss at 320 px')
        assert.deepEqual(wrongs.splice(0).filter((wrong) => !EXPECTED.test(wrong)), [])
      })
      const open = async (path, ready) => {
        await page.goto(edge.url + path)
        await page.locator(ready).first().waitFor()
      }

      await page.addInitScript(([locale, theme]) => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale, theme, elder: false, keys: true })), [lang, theme])
      await open('/', '#name')
      await page.click('button[type=submit]')
      await page.locator('[role=alert]').waitFor()
      await look('sign-in')
      await signIn(page)
      await look('board')
      await open('/jobs', '.jobs')
      await look('jobs')
      await open(`/jobs/${id(11)}`, '.actions')
      await look('job')

      state.cutSince = Date.now() - 14 * 60_000
      state.answer = 'stored'
      await open('/', '.banner')
      await page.click('.job .button')
      await page.locator('.job .truth[data-truth=node]').waitFor()
      await look('board-cut-off')
      await open(`/jobs/${id(11)}`, '.hops')
      await look('job-requested')
      state.answer = 'later'
      await open(`/jobs/${id(14)}/complete`, 'textarea')
      await page.fill('textarea', 'Planed the edge. 刨平了门边。')
      await look('complete')
      await page.click('button[type=submit]')
      await page.locator('.toast').waitFor()
      await look('complete-undo')
      await open('/queue', '.item')
      await look('queue')
      await page.click('.who')
      await page.locator('dialog[open]').waitFor()
      await look('account')

      state.firm = true
      await open('/', '.banner')
      await look('board-firm')
      state.firm = false
      state.cutSince = undefined
      state.answer = 'lost'
      await open('/queue', '.item')
      await page.locator('.item[data-needs]').first().waitFor({ timeout: 40_000 })
      await look('queue-needs')
      await page.click('.item[data-needs] .button')
      await page.locator('.race-wide').waitFor()
      await look('lost')
      state.ended[PEOPLE['Zhou Lei']] = 'token_expired'
      await open('/', '.banner')
      await page.getByRole('link', { name: /again|重新/ }).waitFor()
      await look('board-ended')
      await page.click('.who')
      await page.locator('dialog[open] button[type=submit]').click()
      await page.waitForURL('**/lock')
      await look('lock')
      await context.close()
      await edge.close()
    })
  }
}

test('no word is written into the code', async () => {
  const state = startState()
  const edge = await serveEdge(DIST, state)
  const context = await browser.newContext({ viewport: { width: 820, height: 1180 } })
  const { page } = await openPage(context)
  const plain = () => page.evaluate(() => {
    const found = []
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      // What a person wrote has its own language; codes, amounts and times are made of data.
      const isData = node.parentElement.closest('[lang]:not(html), .code, .money, time, .who, dd')
      const isDay = /^(today|tomorrow)/.test(node.textContent)
      const isShown = node.parentElement.checkVisibility()
      if (isShown && !isData && !isDay && /[A-Za-z]{3}/.test(node.textContent) && !/[⟦⟧]/.test(node.textContent)) found.push(node.textContent.trim())
    }
    return found
  })
  await page.goto(`${edge.url}/?lang=en-XA`)
  await page.evaluate(() => window.localStorage.setItem('holdfast.look', JSON.stringify({ locale: 'en-XA', theme: null, elder: false, keys: true })))
  await page.goto(`${edge.url}/`)
  await page.locator('#name').waitFor()
  assert.deepEqual(await plain(), [], 'sign-in')
  await signIn(page)
  for (const path of ['/', '/jobs', `/jobs/${id(11)}`, `/jobs/${id(14)}/complete`, '/queue']) {
    await page.goto(edge.url + path)
    await page.locator('main h1').waitFor()
    assert.deepEqual(await plain(), [], path)
  }
  await context.close()
  await edge.close()
})

/** A browser with a disk of its own, which can be killed. */
async function tablet(profile = mkdtempSync(join(tmpdir(), 'holdfast-tablet-'))) {
  const context = await chromium.launchPersistentContext(profile, { executablePath: process.env.HOLDFAST_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'], locale: 'en', viewport: { width: 820, height: 1180 } })
  return { context, page: context.pages()[0] ?? (await context.newPage()), profile }
}

async function isKeptOffline(page) {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await page.reload()
}

test('started without any network it works on, and brings all of it back after the browser has ended', async () => {
  const state = startState()
  let edge = await serveEdge(DIST, state)
  const first = await tablet()
  const { profile } = first
  let { context, page } = first
  await page.goto(edge.url)
  await signIn(page)
  await isKeptOffline(page)
  await context.close()
  await edge.close()

  ;({ context, page } = await tablet(profile))
  await page.goto(edge.url)
  for (const n of [11, 12, 13]) {
    await page.goto(`${edge.url}/jobs/${id(n)}`)
    await page.click('.actions .button')
    await page.locator('.status[data-status=accepted]').waitFor()
    await page.click('.actions .button')
    await page.locator('.status[data-status=in_progress]').waitFor()
    await page.click('.actions .button')
    await page.click('form button[type=submit]')
    await page.locator('.status[data-status=completed]').waitFor()
  }
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, Array(9).fill('On this tablet'))
  await context.close()

  ;({ context, page } = await tablet(profile))
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, Array(9).fill('On this tablet'))
  edge = await serveEdge(DIST, state, edge.port)
  await page.locator('.empty').waitFor({ timeout: 60_000 })
  const heard = state.frames.map(({ body, device_seq }) => [body.order_id, device_seq, body.type])
  for (const n of [11, 12, 13]) {
    const own = heard.filter(([order]) => order === id(n)).map(([, , type]) => type)
    assert.deepEqual([...new Set(own)], ['accept_order', 'start_order', 'complete_order'])
  }
  assert.equal(new Set(state.frames.map((frame) => frame.id)).size, 9)
  await context.close()
  await edge.close()
})

test('an ended sign-in and another person at the tablet leave the queue as it is, and hidden', async () => {
  const state = startState()
  const edge = await serveEdge(DIST, state)
  const { context, page } = await tablet()
  await page.goto(edge.url)
  await signIn(page)
  state.ended[PEOPLE['Zhou Lei']] = 'token_expired'
  await page.locator('.job', { hasText: 'Set up a router' }).getByRole('button').click()
  await page.locator('.banner').waitFor()
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
  assert.equal(await page.evaluate(() => Object.values(window.localStorage).join().includes('token')), false)

  await page.click('.who')
  assert.equal(await page.locator('dialog[open] button', { hasText: 'Sign out' }).getAttribute('aria-disabled'), 'true')
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

  await page.click('.who')
  await page.locator('dialog[open] button[type=submit]').click()
  await page.waitForURL('**/lock')
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
  assert.equal(state.frames.length, 1)
  await context.close()
  await edge.close()
})

test('a start can be undone for ten seconds and leaves then; an acceptance leaves at once', async () => {
  const state = startState()
  state.answer = 'stored'
  const edge = await serveEdge(DIST, state)
  const { context, page } = await tablet()
  await page.goto(edge.url)
  await signIn(page)
  await page.locator('.job', { hasText: 'Set up a router' }).getByRole('button').click()
  await poll(async () => assert.deepEqual(state.frames.map(({ body }) => body.type), ['accept_order']))
  await page.goto(`${edge.url}/jobs/${id(15)}`)
  await page.getByRole('button', { name: 'Start' }).click()
  await page.locator('.toast button').click()
  await page.locator('.status[data-status=accepted]').waitFor()
  await page.getByRole('button', { name: 'Start' }).click()
  const tapped = Date.now()
  await poll(async () => assert.equal(state.frames.at(-1).body.type, 'start_order'))
  assert.ok(Date.now() - tapped > 9_000, 'it waited')
  assert.equal(state.frames.filter(({ body }) => body.type === 'start_order').length, 1)
  await page.locator('.toast').waitFor({ state: 'detached' })
  await context.close()
  await edge.close()
})

test('what one has left on a locked tablet leaves all the same, and nobody else hears of it', async () => {
  const state = startState()
  state.answer = 'later'
  const edge = await serveEdge(DIST, state)
  const { context, page } = await tablet()
  await page.goto(edge.url)
  await signIn(page)
  await page.locator('.job', { hasText: 'Set up a router' }).getByRole('button').click()
  await page.locator('.job .truth').waitFor()
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
  await page.click('.who')
  await page.locator('dialog[open] button[type=submit]').click()
  await page.waitForURL('**/lock')
  await page.goto(`${edge.url}/sign-in`)
  await signIn(page, 'Maria Silva')
  state.answer = 'applied'
  await poll(async () => assert.deepEqual(state.frames.map(({ token }) => token), [`token-of-${PEOPLE['Zhou Lei']}`]))
  await page.goto(`${edge.url}/queue`)
  await page.locator('.empty').waitFor()
  assert.equal(await page.locator('.empty .truth').count(), 0, "not this person's")
  await context.close()
  await edge.close()
})

test('one window at a time has the tablet', async () => {
  const edge = await serveEdge(DIST, startState())
  const { context, page } = await tablet()
  await page.goto(edge.url)
  await signIn(page)
  const second = await context.newPage()
  await second.goto(edge.url)
  await second.getByRole('button', { name: 'Go on here' }).click()
  await second.locator('.job').first().waitFor()
  await page.getByRole('button', { name: 'Go on here' }).waitFor()
  assert.equal(await page.locator('.job').count(), 0)
  await context.close()
  await edge.close()
})

test('a full disk is said before anything is promised, and the queue is not what goes', async () => {
  const state = startState()
  state.answer = 'later'
  const edge = await serveEdge(DIST, state)
  const { context, page } = await tablet()
  await page.goto(edge.url)
  await signIn(page)
  await page.locator('.job', { hasText: 'Set up a router' }).getByRole('button').click()
  await page.locator('.job .truth').waitFor()
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await page.locator('.job', { hasText: '厨房水龙头漏水' }).getByRole('button').click()
  await page.locator('.toasts', { hasText: 'storage is full' }).waitFor()
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
  await context.close()
  await edge.close()
})

test('an update in the middle of the queue changes nothing of it', async () => {
  const state = startState()
  state.answer = 'later'
  const edge = await serveEdge(DIST, state)
  const { context, page } = await tablet()
  await page.goto(edge.url)
  await signIn(page)
  await isKeptOffline(page)
  await page.locator('.job', { hasText: 'Set up a router' }).getByRole('button').click()
  edge.worker = (source) => source.replace(/holdfast-[0-9a-f]{16}/, 'holdfast-0000000000000000')
  await page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()))
  await page.getByRole('button', { name: 'Use it now' }).click()
  await poll(async () => assert.deepEqual(await page.evaluate(() => caches.keys()), ['holdfast-0000000000000000']))
  await page.goto(`${edge.url}/queue`)
  await truthsAre(page, ['On this tablet'])
  await page.getByRole('button', { name: 'Retry now' }).click()
  // From here on the next try may come by itself.
  state.answer = 'applied'
  await page.locator('.empty').waitFor({ timeout: 60_000 })
  await context.close()
  await edge.close()
})
