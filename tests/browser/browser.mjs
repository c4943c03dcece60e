// Debian's Chromium without its own windows, and the questions that every page is asked.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SCREENS = process.env.HOLDFAST_SCREENS ?? fileURLToPath(new URL('../../target/screens/', import.meta.url))

export const CHROMIUM = process.env.HOLDFAST_CHROMIUM ?? '/usr/bin/chromium-headless-shell'
/** A deep run has it for what the headless shell lacks. */
export const FULL_CHROMIUM = process.env.HOLDFAST_FULL_CHROMIUM ?? '/usr/bin/chromium'
/** How long anything is waited for on a busy machine. */
export const SHOWN_MS_MAX = 90_000
/** `HOLDFAST_SLOWED_BY=6` slows the pages' scripts and layout, which finds a test that counts on their speed. */
const SLOWED_BY = Number(process.env.HOLDFAST_SLOWED_BY ?? 1)

/**
 * A deep run looks at every combination, dark pages among them, and keeps a picture of all that it sees. Every run looks
 * at the gallery, which has each part of the pages, in both themes.
 */
export const IS_DEEP = process.env.HOLDFAST_DEEP === '1'
const KEEPS_PICTURES = IS_DEEP || process.env.HOLDFAST_SCREENS !== undefined

export const LANGUAGES = ['en', 'zh-CN']
/** The languages in which pages are opened. Each part of the pages is in the gallery, in both, and units hold that both have the same texts. */
export const PAGE_LANGUAGES = IS_DEEP ? LANGUAGES : ['en']
export const THEMES = ['light', 'dark']

/** The markup, which axe takes long to check, is the same in each language. */
export const isMarkupChecked = (lang) => IS_DEEP || lang === 'en'

export function launch(args = [], executablePath = CHROMIUM) {
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...args] })
}

/** A page that remembers violations of its policy and errors of its scripts. */
export async function openPage(context) {
  return watch(await context.newPage())
}

/** The same for a page that is open already and has loaded nothing yet. */
export async function watch(page) {
  const wrongs = []
  page.setDefaultTimeout(SHOWN_MS_MAX)
  page.on('pageerror', (error) => wrongs.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    wrongs.push(`a script asked: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    const isWrong = message.type() === 'error' || message.type() === 'warning'
    if (isWrong) wrongs.push(`${message.type()}: ${message.text()} ${message.location().url}`.trim())
  })
  countCode(page)
  await page.addInitScript(countRequests)
  await page.addInitScript(tellViolations)
  if (SLOWED_BY > 1) await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOWED_BY })
  return { page, wrongs }
}

function countRequests() {
  const ask = window.fetch
  window.requestsUnderWay = 0
  window.fetch = async (...request) => {
    window.requestsUnderWay += 1
    try {
      return await ask(...request)
    } finally {
      window.requestsUnderWay -= 1
    }
  }
}

/** The browser tells of a violation in the console only where the policy has no report to send. */
function tellViolations() {
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    console.error(`policy: ${violatedDirective} ${blockedURI} ${sample}`)
  })
}

/** The code of a page that is on its way, and how much has ever been asked for. */
const loading = new WeakMap()
const CODE = ['script', 'stylesheet']

/** A fetch is counted within the page; what it imports can be seen from outside alone. */
function countCode(page) {
  const code = { underWay: new Set(), asked: 0 }
  loading.set(page, code)
  page.on('request', (request) => {
    // Another document forgets what the last one waited for.
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) code.underWay.clear()
    if (!CODE.includes(request.resourceType())) return
    code.asked += 1
    code.underWay.add(request)
  })
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => code.underWay.delete(request))
}

/** Waits until the page has its code and its answers and has drawn them: for some frames nothing is under way. */
export async function settled(page) {
  const code = loading.get(page)
  const end = Date.now() + SHOWN_MS_MAX
  for (;;) {
    // What came meanwhile may draw, and ask for more.
    const before = code.asked
    const wasLoading = code.underWay.size > 0
    await still(page)
    if (!wasLoading && code.asked === before) return
    if (Date.now() > end) throw new Error(`${page.url()} does not come to rest: ${[...code.underWay].map((request) => request.url()).join(', ')} does not come`)
  }
}

async function still(page) {
  const isStill = page.waitForFunction((key) => {
    const isBusy = window.requestsUnderWay > 0 || document.querySelector('.wait') !== null
    const before = window.stillSince?.key === key && !isBusy ? window.stillSince.frames : 0
    window.stillSince = { key, frames: before + 1 }
    return window.stillSince.frames > 6
  }, Math.random())
  await isStill.catch(async (error) => {
    const busy = await page.evaluate(() => ({ requests: window.requestsUnderWay, waits: document.querySelector('.wait')?.outerHTML, visible: document.visibilityState, frames: window.stillSince?.frames }))
    throw new Error(`${page.url()} does not come to rest: ${JSON.stringify(busy)}`, { cause: error })
  })
}

/** Tries until the claim holds. */
export async function poll(claim) {
  const end = Date.now() + SHOWN_MS_MAX
  for (;;) {
    try {
      return await claim()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Two keys that mean something only right after each other: sent at once, so that a busy page does not part them. */
export async function pressPair(page, first, second) {
  await Promise.all([page.keyboard.press(first), page.keyboard.press(second)])
}

const ALL_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** The rules whose answer another theme may change. */
export const COLOUR_RULES = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }

/** The findings of axe, one line each. Injected by the debugger: the page's own policy would refuse it. */
export async function axe(context, page, runOnly = ALL_RULES) {
  const session = await context.newCDPSession(page)
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
  await evaluate(`if (!window.axe) { ${AXE} }`)
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] })
  const violations = await evaluate(`axe.run(document, ${options}).then((found) => found.violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map((node) => node.target.join(' ') + ': ' + (node.any[0]?.message ?? node.failureSummary)) })))`)
  await session.detach()
  return violations.map(({ id, impact, where }) => `${id} (${impact}): ${where.join(' | ')}`)
}

/** Words on a page in the pseudo-language that come from no message file. `data` selects more that is no text of ours. */
export function writtenInCode(page, data) {
  return page.evaluate((data) => {
    const found = []
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      // A person's words have their own language; names, codes, amounts and times are made of data.
      const isData = node.parentElement.closest(`[lang]:not(html), [translate="no"], .code, .money, time, .who, ${data}`)
      // The browser makes the words of days, and the name is the same in every language.
      const rest = node.textContent.replace(/\b(yesterday|today|tomorrow|(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*)\b|\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{1,2}|^\s*(Holdfast|[a-z]+-\d)\s*$/g, '')
      const isShown = node.parentElement.checkVisibility()
      if (isShown && !isData && /[A-Za-z]{3}/.test(rest) && !/[⟦⟧]/.test(rest)) found.push(node.textContent.trim())
    }
    return found
  }, data)
}

/** Losses of a narrow window: of 320 px, and of half the page's own, which is all that a zoom of 200 % leaves. */
export async function losses(page) {
  const before = page.viewportSize()
  const found = []
  for (const size of [{ width: 320, height: 800 }, { width: before.width / 2, height: before.height / 2 }]) {
    await resize(page, size)
    const lost = await page.evaluate(lossesHere)
    found.push(...lost.map((loss) => `${size.width} px: ${loss}`))
  }
  await resize(page, before)
  return found
}

/** Losses of type of twice its size. */
export async function lossesOfLargeType(page) {
  await page.evaluate(() => {
    const { style } = document.documentElement
    style.setProperty('--text', String(2 * getComputedStyle(document.documentElement).getPropertyValue('--text')))
  })
  const lost = await page.evaluate(lossesHere)
  await page.evaluate(() => document.documentElement.style.removeProperty('--text'))
  return lost.map((loss) => `type of 200 %: ${loss}`)
}

export async function resize(page, size) {
  await page.setViewportSize(size)
  await page.waitForFunction(({ width, height }) => innerWidth === width && innerHeight === height, size)
}

/** A page to be pushed sideways, text that is cut off, and bars that leave no half of the window to the rest. */
function lossesHere() {
  const root = document.documentElement
  const over = root.scrollWidth - root.clientWidth
  const found = over > 0 ? [`${over} px to the side`] : []
  const all = [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility())
  const clipping = (one) => ['hidden', 'clip'].includes(getComputedStyle(one).overflowX) && getComputedStyle(one).textOverflow === 'clip'
  const clips = new Set(all.filter(clipping))
  const range = document.createRange()
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const parent = text.parentElement
    if (!text.data.trim() || !parent.checkVisibility() || parent.closest('.hush, svg')) continue
    range.selectNodeContents(text)
    const { right } = range.getBoundingClientRect()
    let clip = parent
    while (clip && !clips.has(clip)) clip = clip.parentElement
    if (clip && right > clip.getBoundingClientRect().right + 1) found.push(`cut off: ${text.data.trim().slice(0, 40)}`)
  }
  const bars = all.filter((one) => getComputedStyle(one).position === 'fixed' && !one.closest('dialog, [popover], .toasts'))
  const barred = bars.reduce((sum, bar) => sum + bar.getBoundingClientRect().height, 0)
  if (barred > innerHeight / 2) found.push(`${Math.round(barred)} px of bars`)
  return found
}

/** From the next page on, what moves without having been asked to is kept for `shifts`. */
export function watchShifts(page) {
  return page.addInitScript(() => {
    const name = (node) => (node instanceof Element ? `${node.tagName.toLowerCase()}${[...node.classList].map((one) => `.${one}`).join('')}` : node?.parentElement ? name(node.parentElement) : '?')
    const found = []
    const keep = (entries) => found.push(...entries.filter((one) => !one.hadRecentInput).map(({ value, sources }) => ({ value, moved: sources.map(({ node }) => name(node)) })))
    const observer = new PerformanceObserver((list) => keep(list.getEntries()))
    observer.observe({ type: 'layout-shift', buffered: true })
    window.shiftsSoFar = () => {
      keep(observer.takeRecords())
      return found
    }
  })
}

/** The sum of the layout shifts of this page, and what moved. */
export async function shifts(page) {
  const found = await page.evaluate(() => window.shiftsSoFar())
  return { sum: found.reduce((sum, { value }) => sum + value, 0), moved: found.map(({ value, moved }) => `${value.toFixed(3)} ${moved.join(', ')}`) }
}

/** The trouble with the focus: hidden by something, `end` where it has left the page, and nothing where it is seen. */
function focusTrouble() {
  const at = document.activeElement
  if (!at || at === document.body) return 'end'
  const box = (at.closest('.tile') ?? at).getBoundingClientRect()
  const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 20)]
  const inView = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight
  const top = inView ? document.elementFromPoint(x, y) : null
  const isCovered = !top || !(at.contains(top) || top.contains(at) || at.closest('label')?.contains(top))
  const hasRing = [at, at.closest('.tile')].some((one) => one && getComputedStyle(one).outlineStyle !== 'none')
  return isCovered || !hasRing ? `${at.tagName} ${at.textContent.trim().slice(0, 30)}${isCovered ? ' is covered' : ' shows no ring'}` : ''
}

const STOPS_MAX = 70
/** Keys that are pressed without waiting for the page in between. */
const KEYS_AT_ONCE = 14

/** The stops of the Tab key at which the focus is not seen, from the top of the page to its end. */
export async function unseenStops(page) {
  await page.evaluate(`(${watchStops})(${focusTrouble})`)
  for (let keys = 0; keys < STOPS_MAX; keys += KEYS_AT_ONCE) {
    await Promise.all(Array.from({ length: KEYS_AT_ONCE }, () => page.keyboard.press('Tab')))
    if (await page.evaluate(() => window.stops.areOver)) break
  }
  return page.evaluate(() => window.stops.end())
}

/** Looks at each stop when the key for the next one is pressed. At the end the focus stays outside the page. */
function watchStops(look) {
  const stops = { areOver: false, unseen: [] }
  let hasBegun = false
  const pressed = (event) => {
    if (event.key !== 'Tab') return
    const trouble = hasBegun ? look() : ''
    hasBegun = true
    stops.areOver ||= trouble === 'end'
    if (stops.areOver) event.preventDefault()
    else if (trouble) stops.unseen.push(trouble)
  }
  stops.end = () => {
    window.removeEventListener('keydown', pressed, true)
    return stops.unseen
  }
  window.addEventListener('keydown', pressed, true)
  window.stops = stops
}

/** Goes on by the Tab key to that control, seeing the focus at each stop. */
export async function tabTo(page, control) {
  await control.waitFor()
  for (let stop = 0; stop < 90; stop += 1) {
    if (await control.evaluate((one) => one === document.activeElement)) return
    await page.keyboard.press('Tab')
    const trouble = await page.evaluate(focusTrouble)
    if (trouble && trouble !== 'end') throw new Error(`on the way to ${control}: ${trouble}`)
  }
  throw new Error(`the Tab key does not lead to ${control}`)
}

/** Controls that are smaller than the surface's target, with their sizes. A link within a line of text is none. */
export function smallTargets(page, least) {
  return page.evaluate((least) => {
    const controls = [...document.querySelectorAll('button, select, textarea, input:not([type=checkbox], [type=radio], [type=file]), a.button, summary, .dock a, .top nav a')]
    const shown = controls.filter((control) => control.checkVisibility() && !control.classList.contains('hush'))
    return shown.flatMap((control) => {
      const { width, height } = control.getBoundingClientRect()
      return Math.min(width, height) < least - 0.5 ? [`${control.tagName} ${control.textContent.trim().slice(0, 20)}: ${Math.round(width)} x ${Math.round(height)}`] : []
    })
  }, least)
}

/** For people to look at: no test depends on it. */
export async function keepPicture(page, name) {
  if (KEEPS_PICTURES) await screenshot(page, name)
}

const SHOT_MS_MAX = 20_000
const SHOTS_MAX = 4

export async function screenshot(page, name) {
  const path = `${SCREENS}/${name}.png`
  mkdirSync(dirname(path), { recursive: true })
  for (let shot = 1; ; shot += 1) {
    try {
      return await page.screenshot({ path, animations: 'disabled', timeout: SHOT_MS_MAX })
    } catch (error) {
      // On a busy machine Chromium now and then waits for a frame that nothing asks it to draw.
      if (shot === SHOTS_MAX) throw error
    }
  }
}
