// The ways to pay that a customer keeps: chosen beforehand where he pays, and listed in his profile.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, keepPicture, losses, PAGE_LANGUAGES, smallTargets, tabTo } from './browser.mjs'
import { gateway, orderOf } from './portal.answers.mjs'
import { startPortal } from './portal.mjs'

const ORDER = orderOf(60).id
const METHODS = ['simulated', 'simulated.slow', 'alipay']
const PART = '/profile?part=methods'
const WORDS = {
  en: { pay: 'Pay ¥180.00', keep: 'Keep this for next time', usual: 'Demo card', alipay: 'Alipay', isDefault: 'Default', makeDefault: 'Make it the default', remove: 'Remove', empty: 'The ways to pay that you keep will appear here', gone: 'It is not offered at present.', open: 'Your payment is on its way', failed: 'The last payment did not go through' },
  'zh-CN': { pay: '支付 ¥180.00', keep: '保存，下次使用', usual: '演示卡', alipay: '支付宝', isDefault: '默认', makeDefault: '设为默认', remove: '移除', empty: '您保存的付款方式会出现在这里', gone: '目前不提供这种付款方式。', open: '付款正在处理', failed: '上次付款没有成功' },
}
const changesOf = (state) => state.changes().map(({ method, path, body }) => [method, path, body])
let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

for (const lang of PAGE_LANGUAGES) {
  const words = WORDS[lang]
  const opened = async (own) => {
    const state = gateway({ role: 'customer', lines: [] })
    Object.assign(state, { methods: METHODS, ...own })
    return { state, ...await portal.open(state, lang) }
  }
  const radio = (page, method) => page.getByRole('radio').and(page.locator(`[value="${method}"]`))

  test(`the default is chosen beforehand, and another one is kept beside it where its customer says so (${lang})`, async () => {
    const { state, context, page, go, faults } = await opened({ kept: [{ method: 'alipay', is_default: true }] })
    const keep = page.getByRole('checkbox', { name: words.keep })
    await go(`/orders/${ORDER}`)
    assert.ok(await radio(page, 'alipay').isChecked())
    assert.match(await page.locator('.tile', { has: radio(page, 'alipay') }).innerText(), new RegExp(words.isDefault))
    assert.equal(await keep.count(), 0, 'it is kept already')
    await keepPicture(page, `portal/pay-default-${lang}`)
    await radio(page, 'simulated.slow').check()
    await tabTo(page, keep)
    assert.ok(!await keep.isChecked(), 'nothing is kept unasked')
    await page.keyboard.press('Space')
    await keepPicture(page, `portal/pay-keep-${lang}`)
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 24), [])
    assert.deepEqual(await losses(page), [])
    await tabTo(page, page.getByRole('button', { name: words.pay }))
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: words.open }).waitFor()
    const [paid, kept] = await state.changed(2)
    assert.equal(paid.body.payment_method, 'simulated.slow')
    assert.deepEqual([kept.method, kept.path, kept.body], ['PUT', '/payments/methods/simulated.slow', { is_default: false }], 'the default stays')
    assert.deepEqual(faults(), [])
    await context.close()
  })

  test(`what was last used is chosen beforehand where there is no default, and the first that is kept becomes it (${lang})`, async () => {
    const { state, context, page, go, faults } = await opened({ lastUsed: 'simulated.slow' })
    await go(`/orders/${ORDER}`)
    assert.ok(await radio(page, 'simulated.slow').isChecked())
    await page.getByRole('checkbox', { name: words.keep }).check()
    // The way to keep it is cut; the payment goes on.
    await context.route('**/api/v1/payments/methods/*', (route) => route.fulfill({ status: 422, contentType: 'application/problem+json', json: { status: 422, code: 'invalid_input', title: 'No.', errors: [{ field: 'method', message: 'Full.' }] } }))
    await page.getByRole('button', { name: words.pay }).click()
    await page.getByRole('heading', { name: words.open }).waitFor()
    await page.getByText('No. Full.').first().waitFor()
    await context.unroute('**/api/v1/payments/methods/*')

    state.payments[0].status = 'failed'
    await context.clock.runFor(20_000)
    await page.getByRole('heading', { name: words.failed }).waitFor()
    await page.getByRole('button', { name: words.pay }).click()
    await state.changed(4)
    await page.getByRole('heading', { name: words.open }).waitFor()
    assert.deepEqual(changesOf(state).at(-1), ['PUT', '/payments/methods/simulated.slow', { is_default: true }])
    assert.deepEqual(faults(), [])
    await context.close()
  })

  test(`kept ways to pay are made the default and removed by keyboard (${lang})`, async () => {
    const { state, context, page, go, faults } = await opened({
      kept: [{ method: 'simulated', is_default: true }, { method: 'alipay', is_default: false }, { method: 'tok_of_before', is_default: false }],
    })
    const activate = async (name) => {
      await tabTo(page, page.getByRole('button', { name, exact: true }))
      await page.keyboard.press('Enter')
      await page.locator('#methods:focus').waitFor()
    }
    await go(PART)
    await page.getByText(words.gone).waitFor()
    assert.equal(await page.getByRole('button', { name: `${words.makeDefault} tok_of_before` }).count(), 0)
    await keepPicture(page, `portal/methods-${lang}`)
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await smallTargets(page, 24), [])
    assert.deepEqual(await losses(page), [])
    await activate(`${words.makeDefault} ${words.alipay}`)
    await page.getByRole('button', { name: `${words.makeDefault} ${words.usual}` }).waitFor()
    for (const name of [words.alipay, 'tok_of_before', words.usual]) await activate(`${words.remove} ${name}`)
    await page.getByRole('heading', { name: words.empty }).waitFor()
    await keepPicture(page, `portal/methods-empty-${lang}`)
    assert.deepEqual(changesOf(state), [
      ['PUT', '/payments/methods/alipay', { is_default: true }],
      ...['alipay', 'tok_of_before', 'simulated'].map((method) => ['DELETE', `/payments/methods/${method}`, null]),
    ])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
