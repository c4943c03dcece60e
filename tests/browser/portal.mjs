// The portal as it is built, over a gateway that answers from memory: pages of it for any reader.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { launch, openPage, settled } from './browser.mjs'
import { NOW } from './portal.answers.mjs'
import { serve } from './serve.mjs'

const PAGES = fileURLToPath(new URL('../../cloud/portal/dist', import.meta.url))
const DOCUMENT = readFileSync(new URL('../../cloud/gateway/openapi.json', import.meta.url))

/** The messages of that member of the workspace. */
export function wordsOf(member, lang) {
  const locales = new URL(`../../${member}/src/locales/`, import.meta.url)
  const files = [`${lang}.json`, `desk/${lang}.json`].map((name) => new URL(name, locales)).filter((file) => existsSync(file))
  return Object.assign({}, ...files.map((file) => JSON.parse(readFileSync(file, 'utf8'))))
}

/** The pages stand built before any test runs: test files beside each other read the one folder. */
export async function startPortal() {
  const browser = await launch()
  /**
   * A page of that reader, without a service worker: `installed.test.mjs` looks at that. `go` leads to a path and waits until its
   * answers are shown. A server of its own answers it, because a browser whose requests are intercepted keeps no files.
   */
  const open = async (state, lang = 'en') => {
    const server = await serve(PAGES, { '/api/v1/': state.answer, '/openapi.json': (_, response) => response.end(DOCUMENT) })
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: lang, timezoneId: 'UTC', reducedMotion: 'reduce', serviceWorkers: 'block' })
    await context.clock.install({ time: NOW })
    context.on('close', () => void server.close())
    const { page, wrongs } = await openPage(context)
    const go = async (path) => {
      await page.goto(server.url + path)
      await page.locator('#main').waitFor()
      await settled(page)
    }
    // An answer of 401 or 404 is told in the console by the browser itself; that no worker comes between, by Playwright.
    const faults = () => wrongs.splice(0).filter((line) => !/Failed to load resource|Service Worker registration blocked/.test(line))
    return { context, page, go, faults }
  }
  return { open, stop: () => browser.close() }
}
