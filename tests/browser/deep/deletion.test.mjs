// A customer deletes their account on a real platform: what they see until then, and what others see afterwards.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { keepPicture, launch, openPage, poll } from '../browser.mjs'
import { apiOf, OF_FEW_PEOPLE, startPlatform } from '../platform.mjs'
import { wordsOf } from '../portal.mjs'

const NAME = 'leaving-customer'
const PROVIDER = 'provider-north'
const TITLE = 'The gate of Wang Aiguo squeaks'
const STREET = '17 Lantern Alley'
const REASON = 'Wang Aiguo oiled it himself.'
/** Jobs delete the account, and then erase the orders, within a minute each. */
const DELETED_MS = 240_000

const { account, deletion, order: words, person } = wordsOf('cloud/portal', 'en')
let browser, platform

before(async () => {
  platform = await startPlatform({ ...OF_FEW_PEOPLE, HOLDFAST__AUTH__DELETION_DAYS: '0' })
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await platform?.stop()
})

async function signIn(name) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en', reducedMotion: 'reduce' })
  const { page } = await openPage(context)
  await page.goto(`${platform.gateway}/sign-in`)
  await page.fill('#name', name)
  await page.fill('#word', platform.passwordOf(name))
  await page.click('button[type=submit]')
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
  return { context, page, go: (path) => page.goto(platform.gateway + path) }
}

/** An accepted order of the customer. */
async function acceptedOrder(customer) {
  const form = { title: TITLE, description: `${TITLE}, since spring.`, service_type: 'cleaning_repair', price: '180.00', location: 'NORTH', address: STREET }
  const { order_id: id } = await customer.post('/orders', form)
  const [admin, provider] = await Promise.all(['admin', PROVIDER].map((name) => apiOf(platform, name)))
  await admin.post(`/orders/${id}/approve`, {})
  await poll(() => provider.post(`/orders/${id}/accept`, {}))
  return id
}

/** Asks for the deletion on the account page. */
async function askDeletion({ page, go }) {
  await go('/account')
  await page.getByRole('button', { name: deletion.ask }).click()
  const dialog = page.locator('dialog[open]')
  await dialog.getByLabel(account.old).fill(platform.passwordOf(NAME))
  await dialog.getByRole('button', { name: deletion.confirm }).click()
}

/** The customer's name and words are on no page of the order. */
async function assertErased({ page }) {
  const shown = await page.locator('#main').innerText()
  for (const word of ['Wang', STREET]) assert.ok(!shown.includes(word), `${word} is still shown`)
}

test('an account waits for its open order, stays where that is undone, and then goes with all texts', async () => {
  await platform.register(NAME, 'customer')
  const customer = await apiOf(platform, NAME)
  const id = await acceptedOrder(customer)
  const own = await signIn(NAME)
  const notice = own.page.locator('.notice')

  await askDeletion(own)
  await notice.getByText('It also waits for 1 open order.').waitFor()
  await keepPicture(own.page, 'deletion/real-waits')
  await own.go('/orders')
  await notice.getByRole('button', { name: deletion.undo }).click()
  await own.page.getByText(deletion.undone).waitFor()
  await notice.waitFor({ state: 'detached' })

  await customer.post(`/orders/${id}/cancel`, { fee: '0.00', reason: REASON })
  await askDeletion(own)
  // The session ends with the account.
  await own.page.waitForURL('**/sign-in**', { timeout: DELETED_MS })
  await own.context.close()
  await assert.rejects(apiOf(platform, NAME), /invalid_credentials/)

  const provider = await signIn(PROVIDER)
  await provider.go(`/jobs/${id}`)
  await provider.page.getByRole('heading', { level: 1, name: words.erased }).waitFor({ timeout: DELETED_MS })
  await provider.page.locator('dl').getByText(words.addressErased).waitFor()
  await assertErased(provider)
  await keepPicture(provider.page, 'deletion/real-erased')
  await provider.go('/jobs')
  await provider.page.getByRole('link', { name: words.erased }).waitFor()
  await poll(async () => {
    await provider.go('/inbox')
    await provider.page.locator('.inbox li').first().waitFor()
    await assertErased(provider)
  })
  await provider.context.close()

  const admin = await signIn('admin')
  await admin.go(`/orders/${id}`)
  await admin.page.locator('dl').getByText(person.deleted, { exact: true }).waitFor()
  await assertErased(admin)
  await admin.context.close()

  // The name is free again.
  await platform.register(NAME, 'customer')
  const newcomer = await apiOf(platform, NAME)
  assert.deepEqual((await newcomer.get('/orders')).items, [])
})
