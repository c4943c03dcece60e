// A payment that its customer makes on a page elsewhere.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, keepPicture, losses, PAGE_LANGUAGES } from './browser.mjs'
import { gateway, orderOf } from './portal.answers.mjs'
import { startPortal } from './portal.mjs'

const ORDER = orderOf(60).id
const BANK = 'https://bank.example/gateway.do?out_trade_no=1&sign=a%2Bb'
const WORDS = {
  en: { method: 'Alipay', pay: 'Pay ¥180.00', heading: 'Pay at Alipay', link: 'Go to Alipay', paidOnce: 'You need not pay again.', open: 'Your payment is on its way', held: 'Held for you' },
  'zh-CN': { method: '支付宝', pay: '支付 ¥180.00', heading: '去支付宝付款', link: '前往支付宝', paidOnce: '不用再付一次。', open: '付款正在处理', held: '托管中' },
}
let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

for (const lang of PAGE_LANGUAGES) {
  const words = WORDS[lang]
  test(`a customer is led to the bank and back, and the link is gone once it is over (${lang})`, async () => {
    const state = gateway({ role: 'customer', lines: [] })
    Object.assign(state, { methods: ['alipay'], payUrl: BANK })
    const { context, page, go, faults } = await portal.open(state, lang)
    await context.route('https://bank.example/**', (route) => route.fulfill({ contentType: 'text/html', body: '<h1>The bank</h1>' }))
    const [heading, link] = [page.getByRole('heading', { name: words.heading }), page.getByRole('link', { name: words.link })]
    await go(`/orders/${ORDER}`)
    assert.ok(await page.getByRole('radio', { name: words.method }).isChecked())
    await page.getByRole('button', { name: words.pay }).click()
    await heading.waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.textContent), words.heading)
    assert.equal(await page.getByText(words.paidOnce).count(), 0, 'nothing is paid yet')
    await keepPicture(page, `portal/pay-elsewhere-${lang}`)
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await losses(page), [])
    await link.click()
    await page.getByRole('heading', { name: 'The bank' }).waitFor()
    assert.equal(page.url(), BANK)

    // Back without having paid: the way there stays open, signed anew each time, until it is over.
    await go(`/orders/${ORDER}`)
    state.payments[0].pay_url = `${BANK}&timestamp=2`
    await context.clock.runFor(20_000)
    await page.locator(`a[href="${BANK}&timestamp=2"]`).waitFor()
    state.payments[0].pay_url = null
    await context.clock.runFor(20_000)
    await page.getByRole('heading', { name: words.open }).waitFor()
    await page.getByText(words.paidOnce).waitFor()
    assert.equal(await link.count(), 0)

    Object.assign(state.payments[0], { status: 'completed' })
    state.lines = [{ at: '2026-11-21T10:55:00.000Z', action: 'charge', account: 'adapter', amount: '180.00', currency: 'CNY', order_id: ORDER, fee: null }]
    Object.assign(state.orders.at(-1), { payment_status: 'held', version: 4 })
    await context.clock.runFor(20_000)
    await page.getByRole('heading', { name: words.held }).waitFor()
    assert.equal(state.changes().length, 1, 'one wish to pay')
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
