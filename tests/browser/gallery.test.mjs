// Every page of the kit's gallery, in both languages, and in dark colours once: nothing for axe to find, nothing the policy refuses,
// nothing lost at 320 px, targets large enough.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import config from '@holdfast/kit/gallery.config'
import { axe, COLOUR_RULES, IS_DEEP, keepPicture, LANGUAGES, launch, losses, openPage, smallTargets, THEMES } from './browser.mjs'
import { serve } from './serve.mjs'

const GALLERY = new URL('../../protocol/web/gallery/', import.meta.url)
const names = readdirSync(new URL('pages/', GALLERY)).map((file) => file.replace(/\.vue$/, '')).sort()
/** Pages of the app, whose targets are for a thumb. */
const OF_THE_APP = ['Bar', 'Dock', 'JobRow', 'Photo', 'Signature']

let browser, server

before(async () => {
  await build(config)
  server = await serve(fileURLToPath(new URL('dist', GALLERY)))
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await server?.close()
})

for (const lang of LANGUAGES) {
  for (const theme of THEMES) {
    // Each language and each theme once; a deep run looks at every pair.
    const isLooked = IS_DEEP || (lang === 'en') === (theme === 'light')
    if (!isLooked) continue
    test(`the gallery in ${lang}, ${theme}`, async (t) => {
      const context = await browser.newContext({ viewport: { width: 900, height: 700 }, colorScheme: theme, locale: lang, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' })
      const { page, wrongs } = await openPage(context)
      for (const name of names) {
        await t.test(name, async () => {
          await page.goto(`${server.url}/${name}?lang=${lang}&theme=${theme}`)
          await page.locator('h1', { hasText: name }).waitFor()
          await page.evaluate(() => document.fonts.ready)
          assert.equal(await page.getAttribute('html', 'lang'), lang)
          await keepPicture(page, `gallery/${name}-${lang}-${theme}`)
          assert.deepEqual(await axe(context, page, theme === 'dark' ? COLOUR_RULES : undefined), [])
          assert.deepEqual(await smallTargets(page, OF_THE_APP.includes(name) ? 48 : 24), [])
          assert.deepEqual(await losses(page), [])
          assert.deepEqual(wrongs.splice(0), [])
        })
      }
      await context.close()
    })
  }
}

test('the first page draws a long list a few rows at a time, to its end', async () => {
  const context = await browser.newContext()
  const { page } = await openPage(context)
  await page.addInitScript(() => {
    window.lengths = new Set()
    const keepLength = () => window.lengths.add(document.querySelectorAll('li.job').length)
    new MutationObserver(keepLength).observe(document, { childList: true, subtree: true })
  })
  await page.goto(`${server.url}/Rows?lang=en`)
  await page.locator('li.job').nth(39).waitFor()
  assert.deepEqual(await page.evaluate(() => [...window.lengths]), [0, 12, 24, 36, 40])
  await context.close()
})
