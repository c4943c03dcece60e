// An admin offers an open job to a few providers for a time: the order's page, and the lists of those who read of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, keepPicture, losses, PAGE_LANGUAGES, resize, settled, smallTargets } from './browser.mjs'
import { order as jobAtNode } from './edge.mjs'
import { at, gateway, NAMES, orderOf, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'
import { jobOf, playSignedIn } from './tablet.mjs'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } }
const OPEN = orderOf(5, { status: 'pending', version: 2 })
const [OTHER] = Object.keys(NAMES).filter((id) => !Object.values(PEOPLE).some(({ user_id }) => user_id === id))
/** Some seconds of the half hour are over when the page is drawn. */
const LEFT = { en: 'in 29 minutes', 'zh-CN': '29分钟后' }
const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name])
const changes = (state) => state.asked.filter(({ method }) => method !== 'GET').map(({ method, path, body }) => [method, path, body ?? null])

async function assertFine({ context, page, faults }, least) {
  await settled(page)
  assert.deepEqual(await axe(context, page), [])
  assert.deepEqual(await smallTargets(page, least), [])
  assert.deepEqual(await losses(page), [])
  assert.deepEqual(faults(), [])
}

for (const lang of PAGE_LANGUAGES) {
  for (const [name, size] of Object.entries(SIZES)) {
    test(`an admin offers a job, sees the offer run and ends it, on a ${name} in ${lang}`, async () => {
      const { offering } = wordsOf('cloud/portal', lang)
      const state = gateway({ orders: [{ ...OPEN }] })
      const opened = await portal.open(state, lang)
      const { context, page, go } = opened
      await resize(page, size)
      await go(`/orders/${OPEN.id}`)
      const card = page.locator('.card', { has: page.getByRole('heading', { name: offering.title }) })
      await card.getByText(offering.why).waitFor()
      await card.getByRole('link', { name: offering.ask }).click()
      const dialog = page.getByRole('dialog')
      const confirm = dialog.getByRole('button', { name: offering.confirm })
      await dialog.getByText(say(offering.booked, { who: 'Zhou Lei' })).waitFor()
      assert.equal(await confirm.locator('.reason').innerText(), offering.wrong.none)
      await dialog.getByRole('checkbox', { name: 'Gao Jie' }).check()
      await dialog.getByRole('radio', { name: offering.length.own }).check()
      assert.equal(await confirm.locator('.reason').innerText(), offering.wrong.missing)
      await dialog.locator('#offer-until').fill('2026-11-21T10:53')
      assert.equal(await confirm.locator('.reason').innerText(), offering.wrong.soon)
      await keepPicture(page, `offers/dialog-${name}-${lang}`)
      await assertFine(opened, 24)

      await dialog.getByRole('radio', { name: offering.length.hours }).check()
      state.offerWrong = { field: 'provider_ids', message: 'One of them is booked at that time.' }
      await confirm.click()
      await dialog.getByText('One of them is booked at that time.').waitFor()
      assert.equal(await dialog.getByRole('checkbox').isChecked(), true, 'what was chosen stays')
      await confirm.click()
      await card.getByRole('link', { name: NAMES[OTHER] }).waitFor()
      const [, [method, path, body]] = changes(state)
      assert.deepEqual([method, path, body.provider_ids], ['PUT', `/orders/${OPEN.id}/offer`, [OTHER]])
      const ms = Date.parse(body.until) - Date.parse(at('12:52:00'))
      assert.ok(ms >= 0 && ms < 60_000, body.until)
      await keepPicture(page, `offers/running-${name}-${lang}`)
      await assertFine(opened, 24)

      await card.getByRole('button', { name: offering.withdraw }).click()
      await card.getByText(offering.why).waitFor()
      assert.deepEqual(changes(state)[2], ['DELETE', `/orders/${OPEN.id}/offer`, null])
      await context.close()
    })

    test(`offers to a provider come first, others wait, and both end by themselves, on a ${name} in ${lang}`, async () => {
      const { act, offer } = wordsOf('protocol/web', lang)
      const listed = (n, title, more) => orderOf(n, { status: 'pending', location: 'NORTH', service_start_time: null, service_end_time: null, title, ...more })
      const until = at('11:22:00')
      const orders = [listed(1, 'Clear the drain'), listed(2, 'Hang three shelves', { offer: { until } }), listed(3, '换插座', { offer: { until, to_you: true } })]
      const state = gateway({ role: 'provider', orders, own: { location: 'MID' } })
      state.profile.verification = { state: 'verified', steps: [] }
      const opened = await portal.open(state, lang)
      const { context, page, go } = opened
      await resize(page, size)
      await go('/available')
      const row = (title) => page.locator('.job', { hasText: title })
      assert.equal(await page.locator('.job h2').first().innerText(), '换插座')
      const toYou = page.getByText(say(offer.you, { time: '11:22', left: LEFT[lang] }))
      await toYou.waitFor()
      await row('Hang three shelves').getByText(say(offer.others, { time: '11:22' })).waitFor()
      assert.equal(await row('Hang three shelves').getByRole('button').count(), 0)
      assert.equal(await row('换插座').getByRole('button').count(), 1)
      await keepPicture(page, `offers/available-${name}-${lang}`)
      await assertFine(opened, 36)

      await context.clock.fastForward(31 * 60_000)
      await row('Hang three shelves').getByRole('button', { name: act.accept }).waitFor()
      assert.equal(await page.getByText(say(offer.others, { time: '11:22' })).count(), 0)
      assert.equal(await toYou.count(), 0)
      assert.equal(await page.locator('.job h2').first().innerText(), 'Clear the drain', 'no job comes first any more')
      await context.close()
    })
  }

  test(`people who may not accept an offered job read until when, in ${lang}`, async () => {
    const { order } = wordsOf('cloud/portal', lang)
    const { act, offer } = wordsOf('protocol/web', lang)
    const offered = { ...OPEN, offer: { until: at('11:22:00') } }
    const asProvider = await portal.open(gateway({ role: 'provider', orders: [offered] }), lang)
    await asProvider.go(`/jobs/${OPEN.id}`)
    const panel = asProvider.page.locator('.ticket.do')
    await panel.getByText(say(offer.others, { time: '11:22' })).waitFor()
    assert.equal(await panel.getByRole('button', { name: act.accept }).count(), 0)
    await asProvider.context.close()
    const asCustomer = await portal.open(gateway({ role: 'customer', orders: [offered] }), lang)
    await asCustomer.go(`/orders/${OPEN.id}`)
    await asCustomer.page.locator('.ticket.do').getByText(say(order.offered, { time: '11:22' })).waitFor()
    assert.equal(await asCustomer.page.getByRole('heading', { name: wordsOf('cloud/portal', lang).offering.title }).count(), 0)
    await asCustomer.context.close()
  })
}

const HALF_HOUR_MS = 30 * 60_000
const offerAtNode = (more) => ({ until: new Date(Date.now() + HALF_HOUR_MS).toISOString(), ...more })
const JOBS = () => [
  jobAtNode(21, { title: 'Clear the drain', service_start_time: new Date(Date.now() + HALF_HOUR_MS).toISOString() }),
  jobAtNode(22, { title: 'Hang three shelves', offer: offerAtNode() }), jobAtNode(23, { title: '换插座', offer: offerAtNode({ to_you: true }) }),
]

test('a tablet shows offers first and gives no button for those of others, until they end by the clock of the node', () => playSignedIn(async ({ state, context, page }) => {
  const others = jobOf(page, 'Hang three shelves')
  for (const [name, size] of Object.entries(SIZES)) {
    await page.setViewportSize(size)
    assert.equal(await page.locator('.job h2').first().innerText(), '换插座')
    await jobOf(page, '换插座').getByText(/Offered to you until \d\d:\d\d; in \d+ minutes every provider can accept it\./).waitFor()
    await others.getByText(/For certain providers until \d\d:\d\d, then for everybody\./).waitFor()
    await keepPicture(page, `offers/board-${name}`)
    await settled(page)
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 48), [])
    assert.deepEqual(await losses(page), [])
  }
  assert.equal(await others.getByRole('button', { name: /^Accept/ }).count(), 0)

  state.clockMs = 31 * 60_000
  await others.getByRole('button', { name: /^Accept/ }).waitFor()
  assert.equal(await page.getByText(/For certain providers|Offered to you/).count(), 0)
  assert.equal(await page.locator('.job h2').first().innerText(), 'Clear the drain')
}, { orders: JOBS() }))

test('a job of others can be asked for in a cut, with the doubt that the offer leaves', () => playSignedIn(async ({ state, page }) => {
  state.cutSince = Date.now() - 60_000
  await jobOf(page, 'Hang three shelves').getByRole('heading').getByRole('link').click()
  await page.locator('.head').getByText(/For certain providers until/).waitFor()
  await page.getByText('The cloud gives you this job only if that time is over when it decides.').waitFor()
  await page.locator('.actions .button').click()
  await page.locator('.head').getByText('The cloud gives you this job only if that time is over when it decides.').waitFor()
  assert.deepEqual(state.frames.map(({ body }) => body.type), ['accept_order'])
}, { orders: JOBS(), answer: 'looks_offered' }))
