// An open job at the hours of a provider's own one, at a tablet before a scripted edge.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axe, keepPicture, PAGE_LANGUAGES, losses, settled, smallTargets } from './browser.mjs'
import { order, PEOPLE } from './edge.mjs'
import { jobOf, playSignedIn } from './tablet.mjs'
import { wordsOf } from './portal.mjs'

const at = (time) => new Date(`2030-11-23T${time}`).toISOString()
const timed = (n, from, to, change) => order(n, { service_start_time: at(from), service_end_time: at(to), ...change })
const OWN = timed(21, '14:00', '16:00', { provider_id: PEOPLE['Zhou Lei'], address: '南湖路7号', status: 'accepted', version: 3, title: 'Clear the drain' })
const ORDERS = [OWN, timed(22, '15:00', '17:00', { title: '安装吸顶灯' }), timed(23, '16:00', '17:00', { title: 'Hang three shelves' }), order(24, { title: 'Set up a router' })]

for (const lang of PAGE_LANGUAGES) {
  for (const [name, size] of Object.entries({ phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } })) {
    test(`a job at the hours of an own one says so on the board and on its page, and may be asked for, on a ${name} in ${lang}`, () => playSignedIn(async ({ state, edge, context, page }) => {
      const { booked, note } = wordsOf('edge-node/app', lang)
      await page.setViewportSize(size)
      await page.goto(`${edge.url}/?lang=${lang}`)
      const warned = jobOf(page, '安装吸顶灯')
      await warned.getByText(`${booked.line} Clear the drain`).waitFor()
      assert.equal(await page.locator('.job', { hasText: booked.line }).count(), 1)
      await keepPicture(page, `app/overlap-board-${name}-${lang}`)

      await warned.getByRole('link').click()
      const banner = page.locator('.banner', { hasText: booked.head })
      await banner.getByText(booked.effect).waitFor()
      assert.equal(await banner.getByRole('link', { name: 'Clear the drain' }).getAttribute('href'), `/jobs/${OWN.id}`)
      await keepPicture(page, `app/overlap-job-${name}-${lang}`)
      await settled(page)
      assert.deepEqual(await axe(context, page), [])
      assert.deepEqual(await smallTargets(page, 48), [])
      assert.deepEqual(await losses(page), [])

      await page.locator('.actions .button').click()
      await page.locator('.head').getByText(note.booked).waitFor()
      assert.deepEqual(state.frames.map(({ body }) => [body.type, body.order_id]), [['accept_order', ORDERS[1].id]])
      assert.equal(await banner.count(), 0, 'it is asked for')
    }, { orders: ORDERS, answer: 'doubleBooked' }))
  }
}

test('a node that may decide says that both jobs would be theirs', () => playSignedIn(async ({ page }) => {
  await jobOf(page, '安装吸顶灯').getByRole('link').click()
  await page.getByText('If you accept this one as well, both are yours').waitFor()
  await page.goBack()
  await jobOf(page, 'Hang three shelves').getByRole('link').click()
  await page.locator('.actions').waitFor()
  assert.equal(await page.locator('.banner', { hasText: 'You have another job at these hours' }).count(), 0)
}, { orders: ORDERS, firm: true }))
