// Deleting one's own account at the portal, and what others see of a deleted person, over a gateway that answers from memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, COLOUR_RULES, isMarkupChecked, keepPicture, PAGE_LANGUAGES, losses, settled, smallTargets } from './browser.mjs'
import { DONE, gateway, orderOf, PASSWORD, PEOPLE } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

const ROUTE = '/auth/deletion'
const ASKED = { asked_at: '2026-11-21T10:00:00.000Z', delete_at: '2026-12-05T10:00:00.000Z' }

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

async function openPage(role, path, change = {}, lang = 'en') {
  const state = Object.assign(gateway({ role }), change)
  const opened = await portal.open(state, lang)
  await opened.go(path)
  const words = wordsOf('cloud/portal', lang).deletion
  const section = opened.page.locator('section[aria-labelledby="deletion-title"]')
  const notice = opened.page.locator('.notice')
  const dialog = opened.page.locator('dialog[open]')
  return { ...opened, state, words, section, notice, dialog }
}
const changes = (state) => state.changes().map(({ method, path, body }) => [method, path, body])

/** A narrow and a wide window. */
async function inspect({ context, page, section }, name, lang) {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    await settled(page)
    if (await section.count() > 0) await section.scrollIntoViewIfNeeded()
    await keepPicture(page, `deletion/${name}-${lang}-${width}`)
    assert.deepEqual(await smallTargets(page, 24), [])
  }
  assert.deepEqual(await losses(page), [])
  if (isMarkupChecked(lang)) assert.deepEqual(await axe(context, page), [])
  else assert.deepEqual(await axe(context, page, COLOUR_RULES), [])
}

for (const lang of PAGE_LANGUAGES) {
  test(`a customer reads what goes, asks with the password, and undoes it on another page in ${lang}`, async () => {
    const opened = await openPage('customer', '/account', {}, lang)
    const { context, page, state, words, section, notice, dialog, go, faults } = opened
    const { account } = wordsOf('cloud/portal', lang)
    await section.getByText(words.goes).waitFor()
    await section.getByText(words.staysCustomer).waitFor()
    assert.equal(await section.getByRole('link', { name: words.takeFirst }).getAttribute('href'), '/your-data')
    assert.equal(await notice.count(), 0)
    await inspect(opened, 'section', lang)

    await section.getByRole('button', { name: words.ask }).click()
    await dialog.getByText(words.effect.split(' | ')[1].replace('{n}', '14')).waitFor()
    assert.equal(await dialog.getByRole('button', { name: words.confirm }).getAttribute('aria-disabled'), 'true', 'without a password')
    await dialog.getByLabel(account.old).fill('not my password')
    await inspect(opened, 'dialog', lang)
    await dialog.getByRole('button', { name: words.confirm }).click()
    await dialog.getByText(account.oldWrong).waitFor()
    assert.equal(await dialog.getByLabel(account.old).inputValue(), '')
    await dialog.getByLabel(account.old).fill(PASSWORD)
    await dialog.getByRole('button', { name: words.confirm }).click()
    await notice.getByText(words.worksUntil).waitFor()
    assert.equal(await dialog.count(), 0)
    assert.match(await notice.getByRole('heading').innerText(), lang === 'en' ? /Dec 5, 2026/ : /2026年12月5日/)
    await inspect(opened, 'asked', lang)

    await go('/orders')
    await inspect(opened, 'notice', lang)
    await notice.getByRole('button', { name: words.undo }).click()
    await page.getByText(words.undone).waitFor()
    await notice.waitFor({ state: 'detached' })
    assert.deepEqual(changes(state), [['POST', ROUTE, { password: 'not my password' }], ['POST', ROUTE, { password: PASSWORD }], ['DELETE', ROUTE, null]])
    assert.deepEqual(faults(), [])
    await context.close()
  })
}

test('the notice names what the deletion waits for, also after its day', async () => {
  const { context, state, notice, go } = await openPage('provider', '/available', { deletion: ASKED, openMatters: { orders: 2, payments: 1 } })
  await notice.getByText('It also waits for 2 open orders and 1 unsettled payment.').waitFor()
  assert.match(await notice.getByRole('heading').innerText(), /will be deleted on Dec 5/)
  state.openMatters = { orders: 0, payments: 3 }
  state.deletion = { ...ASKED, delete_at: '2026-11-20T10:00:00.000Z' }
  await go('/jobs')
  await notice.getByText('It also waits for 3 unsettled payments.').waitFor()
  assert.equal(await notice.getByRole('heading').innerText(), 'Your account is about to be deleted')
  await context.close()
})

test('a provider is told that the photos of their work stay, and which money they give up', async () => {
  const { context, section, words } = await openPage('provider', '/account')
  assert.match(words.staysProvider, /photos of your work stay.*You give up/)
  await section.getByText(words.staysProvider).waitFor()
  await context.close()
})

test('a person without a password signs in again where the sign-in is old', async () => {
  const { context, page, state, section, dialog, words } = await openPage('customer', '/account', { hasPassword: false, signsInAgain: true })
  const ask = async () => {
    await section.getByRole('button', { name: words.ask }).click()
    await dialog.getByText(words.noWord).waitFor()
    assert.equal(await dialog.getByRole('textbox').count(), 0)
    await dialog.getByRole('button', { name: words.confirm }).click()
  }
  await ask()
  await section.getByText(words.signInAgainWhy).waitFor()
  state.signsInAgain = false
  await ask()
  await page.locator('.notice').getByText(words.worksUntil).waitFor()
  assert.deepEqual(changes(state).map(([, , body]) => body), [{}, {}])
  state.deletion = {}
  state.signsInAgain = true
  await page.reload()
  await ask()
  await section.getByRole('button', { name: words.signOut }).click()
  await page.waitForURL('**/sign-in?back=/account')
  await context.close()
})

test('an administrator cannot delete themselves', async () => {
  const { context, page, section, state } = await openPage('admin', '/account')
  await page.locator('#password-title').waitFor()
  assert.equal(await section.count(), 0)
  assert.equal(state.asked.filter(({ path }) => path === ROUTE).length, 0)
  await context.close()
})

for (const lang of PAGE_LANGUAGES) {
  test(`an order of a deleted customer, and one with a deleted provider, read well in ${lang}`, async () => {
    const { order, person } = wordsOf('cloud/portal', lang)
    const erased = { status: 'completed', payment_status: 'paid', provider_id: PEOPLE.provider.user_id, title: '—', description: '', address: '', version: 9 }
    const asProvider = await openPage('provider', '/jobs', { orders: [orderOf(60, erased)] }, lang)
    await asProvider.page.getByRole('link', { name: order.erased }).waitFor()
    await inspect(asProvider, 'list', lang)
    await asProvider.page.getByRole('link', { name: order.erased }).click()
    await asProvider.page.getByRole('heading', { level: 1, name: order.erased }).waitFor()
    await asProvider.page.locator('dl').getByText(order.addressErased).waitFor()
    await asProvider.page.locator('dl').getByText(person.deleted, { exact: true }).waitFor()
    await inspect(asProvider, 'order', lang)
    assert.deepEqual(asProvider.faults(), [])
    await asProvider.context.close()

    const asCustomer = await openPage('customer', `/orders/${DONE}`, { deletedPerson: PEOPLE.provider.user_id }, lang)
    await asCustomer.page.locator('dl').getByText(person.deleted).waitFor()
    await asCustomer.go(`/providers/${PEOPLE.provider.user_id}/reviews`)
    await asCustomer.page.getByRole('heading', { level: 1 }).getByText(person.deleted).waitFor()
    await asCustomer.context.close()

    const asAdmin = await openPage('admin', `/orders/${orderOf(60).id}`, { deletedPerson: PEOPLE.customer.user_id }, lang)
    await asAdmin.page.locator('dl').getByText(person.deleted, { exact: true }).waitFor()
    await asAdmin.context.close()
  })
}
