// The portal as it is built, over a gateway that answers from memory: pages of it for any reader.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import config from '../../cloud/portal/vite.config.mjs'
import { launch, openPage, settled } from './browser.mjs'
import { NOW } from './portal.answers.mjs'
import { serve } from './serve.mjs'

const DOCUMENT = fileURLToPath(new URL('../../cloud/gateway/openapi.json', import.meta.url))

export async function startPortal() {
  await build(config)
  const server = await serve(fileURLToPath(new URL('../../cloud/portal/dist', import.meta.url)))
  const browser = await launch()
  /** A page of that reader. `go` leads to a path and waits until its answers are shown. */
  const open = async (state, lang = 'en') => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: lang, timezoneId: 'UTC', reducedMotion: 'reduce' })
    await context.clock.install({ time: NOW })
    await context.route('**/api/v1/**', state.answer)
    await context.route('**/openapi.json', (route) => route.fulfill({ path: DOCUMENT }))
    const { page, wrongs } = await openPage(context)
    const go = async (path) => {
      await page.goto(server.url + path)
      await page.locator('#main').waitFor()
      await settled(page)
    }
    // An answer of 401 or 404 is told in the console by the browser itself.
    const faults = () => wrongs.splice(0).filter((line) => !line.includes('Failed to load resource'))
    return { context, page, go, faults }
  }
  const stop = async () => {
    await browser.close()
    await server.close()
  }
  return { open, stop }
}
