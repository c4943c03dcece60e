// A platform with its people at pages of their own, and the steps that more than one story takes.
import assert from 'node:assert/strict'
import { keepPicture, launch, openPage, poll, pressPair, screenshot } from './browser.mjs'
import { startPlatform } from './platform.mjs'

export const DESK = { width: 1280, height: 900 }
export const TABLET = { width: 820, height: 1180 }
/** The answer to a page without a session. */
const EXPECTED = /status of 401.*\/api\/v1\/session$/

/** Money is the provider's as soon as the work is complete and paid: there is no time for objections. */
export const SETTLES_AT_ONCE = { HOLDFAST__PLATFORM__DISPUTE_MS: '0' }

export async function openStage(environment) {
  const platform = await startPlatform(environment)
  const browser = await launch()

  /** Plays with people at pages of their own. Only expected troubles may show in their consoles. */
  const play = async (scenes, expected = EXPECTED) => {
    const people = []
    const open = async (name, viewport, more) => {
      const context = await browser.newContext({ locale: 'en', ...more, viewport, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' })
      const { page, wrongs } = await openPage(context)
      people.push({ name, context, page, wrongs })
      return page
    }
    const enter = async (page, username, password) => {
      await page.fill('#name', username)
      await page.fill(password, platform.passwordOf(username))
      await page.click('button[type=submit]')
    }
    const portal = async (username, more) => {
      const page = await open(username, DESK, more)
      await page.goto(`${platform.gateway}/sign-in`)
      await enter(page, username, '#word')
      await page.getByRole('navigation').first().waitFor()
      return page
    }
    const tablet = async (region, username, more) => {
      const page = await open(username, TABLET, more)
      await page.goto(platform.edges[region].http)
      await enter(page, username, '#password')
      await page.locator('.job').first().waitFor()
      return page
    }

    /** One more page of the same person. */
    const tab = async (beside, path) => {
      const { name, context } = people.find((person) => person.page === beside)
      const { page, wrongs } = await openPage(context)
      people.push({ name, context, page, wrongs })
      await page.goto(platform.gateway + path)
      return page
    }

    try {
      await scenes({ open, portal, tablet, tab })
    } catch (error) {
      for (const [at, { name, page, wrongs }] of people.entries()) {
        console.error(`${name} at ${page.url()}: ${wrongs.join(' | ')}`)
        await screenshot(page, `story/failed-${at}-${name}`)
      }
      throw error
    } finally {
      await Promise.all(people.map(({ context }) => context.close()))
    }
    const wrongs = people.flatMap((person) => person.wrongs)
    assert.deepEqual(wrongs.filter((wrong) => !EXPECTED.test(wrong) && !expected.test(wrong)), [])
  }

  const close = async () => {
    await browser.close()
    await platform.stop()
  }
  return { platform, play, close }
}

export const keep = (page, name) => keepPicture(page, `story/${name}`)
export const seen = (page, text) => page.getByText(text).first().waitFor()
export const heading = (page, name, state = 'visible') => page.getByRole('heading', { name }).first().waitFor({ state })

export async function publish(page, job) {
  await page.getByRole('main').getByRole('link', { name: 'Publish' }).first().click()
  return writeJob(page, job)
}

/** From the first of the three steps on. */
export async function writeJob(page, job) {
  await page.locator('.tile', { hasText: 'Cleaning and repair' }).click()
  await page.fill('#title', job.title)
  await page.fill('#details', job.details)
  if (job.hasPhoto) await addJobPhoto(page)
  await page.getByRole('button', { name: 'Next: where and when' }).click()
  await heading(page, 'Where and when?')
  await page.locator('.tile', { hasText: 'North' }).click()
  await page.fill('#street', job.street)
  await page.locator('.tile', { hasText: 'Any day' }).click()
  await page.locator('.truth', { hasText: 'Draft, on this device' }).waitFor()
  await keep(page, '1-publish')
  await page.getByRole('button', { name: 'Next: price' }).click()
  await page.fill('#price', job.price)
  await page.getByRole('button', { name: 'Publish for approval' }).click()
  await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/, { waitUntil: 'commit' })
  await page.locator('.status', { hasText: 'Waiting for approval' }).waitFor()
  return { id: page.url().split('/').at(-1), code: await page.locator('.order-head .code').innerText() }
}

/** A picture of the page itself. */
async function addJobPhoto(page) {
  await page.setInputFiles('.photo-picker input', { name: 'page.png', mimeType: 'image/png', buffer: await page.screenshot() })
  await page.locator('.photo-picker img').waitFor()
}

/** The bytes came, and the browser shows them. */
export async function seeJobPhoto(page) {
  const picture = page.getByRole('button', { name: 'Photo 1 of the job' }).locator('img')
  await picture.scrollIntoViewIfNeeded()
  await poll(async () => assert.ok(await picture.evaluate((img) => img.complete && img.naturalWidth > 0)))
}

/** By keyboard alone. */
export async function approve(page, { id, code }) {
  // Until the overview stands, its own arrival would take the place of the page that is asked for.
  await heading(page, /waits? for a person/)
  await pressPair(page, 'g', 'a')
  await page.locator(`[data-row="${id}"]`).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
  await page.locator(`[data-row="${id}"][aria-current]`).waitFor()
  await keep(page, '2-approve')
  await page.keyboard.press('a')
  await seen(page, '1 approved.')
}
