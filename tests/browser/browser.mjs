// Debian's Chromium, and the questions that every page is asked.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SCREENS = process.env.HOLDFAST_SCREENS ?? fileURLToPath(new URL('../../target/screens/', import.meta.url))

export const LANGUAGES = ['en', 'zh-CN']
export const THEMES = ['light', 'dark']

export function launch() {
  return chromium.launch({ executablePath: process.env.HOLDFAST_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
}

/** A page that remembers what the policy refused and what went wrong in its scripts. */
export async function openPage(context) {
  const page = await context.newPage()
  const wrongs = []
  page.on('pageerror', (error) => wrongs.push(`error: ${error.message}`))
  page.on('console', (message) => {
    const isWrong = message.type() === 'error' || message.type() === 'warning'
    if (isWrong) wrongs.push(`${message.type()}: ${message.text()} ${message.location().url}`.trim())
  })
  return { page, wrongs }
}

/** The findings of axe, one line each. Injected by the debugger: the page's own policy would refuse it. */
export async function axe(context, page, rules = {}) {
  const session = await context.newCDPSession(page)
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
  await evaluate(`if (!window.axe) { ${AXE} }`)
  const options = JSON.stringify({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], rules, resultTypes: ['violations'] })
  const violations = await evaluate(`axe.run(document, ${options}).then((found) => found.violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map((node) => node.target.join(' ') + ': ' + (node.any[0]?.message ?? node.failureSummary)) })))`)
  await session.detach()
  return violations.map(({ id, impact, where }) => `${id} (${impact}): ${where.join(' | ')}`)
}

/** How far the page can be pushed sideways at that width. */
export async function overflowAt(page, width) {
  const before = page.viewportSize()
  await page.setViewportSize({ width, height: 800 })
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  await page.setViewportSize(before)
  return over
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

export async function screenshot(page, name) {
  const path = `${SCREENS}/${name}.png`
  mkdirSync(dirname(path), { recursive: true })
  await page.screenshot({ path, animations: 'disabled' })
}
