// Signing in at a real issuer, on a real platform.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { keepPicture, launch, openPage } from '../browser.mjs'
import { LABEL, startIssuer } from './issuer.mjs'
import { apiOf, startPlatform } from '../platform.mjs'

/** The answers to a page without a session, and those that a test is about. */
const EXPECTED = /status of (401|409|503)/
const SIGN_IN = '**/api/v1/session/oidc'

let browser, issuer, platform

before(async () => {
  platform = await startPlatform(async (gateway) => {
    await issuer?.stop()
    issuer = await startIssuer(gateway)
    return issuer.environment
  })
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await platform?.stop()
  await issuer?.stop()
})

/** Somebody at a browser of their own. */
async function somebody() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en', reducedMotion: 'reduce' })
  const { page, wrongs } = await openPage(context)
  const leave = async () => {
    await context.close()
    assert.deepEqual(wrongs.filter((wrong) => !EXPECTED.test(wrong)), [])
  }
  return { context, page, leave }
}

async function enterAt(page, name) {
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Enter' }).click()
}

async function setOut(page) {
  await page.goto(`${platform.gateway}/sign-in`)
  await page.getByRole('button', { name: `Sign in with ${LABEL}` }).click()
}

async function signOut(page) {
  await page.goto(`${platform.gateway}/account`)
  await page.locator('.sessions li', { hasText: 'here' }).getByRole('button').click()
  await page.waitForURL('**/sign-in')
}

/** Goes to the issuer and is held up on the way back: what the page would have sent, and the address that led to it. */
async function stopped({ context, page }, name) {
  const held = new Promise((done) => {
    void context.route(SIGN_IN, (route) => {
      done(route.request().postDataJSON())
      return route.fulfill({ status: 503, json: {} })
    })
  })
  await setOut(page)
  await enterAt(page, name)
  const form = await held
  await context.unroute(SIGN_IN)
  const { ticket: _, ...query } = form
  return { form, address: `${platform.gateway}/sign-in/back?${new URLSearchParams(query)}` }
}

const post = async (path, body) => {
  const answer = await fetch(`${platform.gateway}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return { status: answer.status, body: await answer.json() }
}

test('a person of a real issuer becomes a customer, and is the same one at the next sign-in', async () => {
  const { page, context, leave } = await somebody()
  await page.goto(`${platform.gateway}/sign-in`)
  await page.getByRole('button', { name: `Sign in with ${LABEL}` }).waitFor()
  await keepPicture(page, 'elsewhere/1-sign-in')
  const ids = []
  for (let time = 1; time <= 2; time += 1) {
    await setOut(page)
    if (time === 1) await enterAt(page, 'lin.xiaomei')
    await page.waitForURL('**/orders')
    assert.equal(await page.evaluate(() => sessionStorage.getItem('holdfast.visit')), null)
    const person = await page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.json()))
    assert.deepEqual([person.role, person.username], ['customer', 'lin.xiaomei'])
    ids.push(person.user_id)
    const [cookie] = (await context.cookies()).filter(({ name }) => name === 'holdfast')
    assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict')
    await signOut(page)
  }
  assert.equal(ids[0], ids[1])
  await leave()
})

test('a provider links an account with the password, signs in by it, and removes it', async () => {
  const { page, leave } = await somebody()
  await page.goto(`${platform.gateway}/sign-in`)
  await page.fill('#name', 'provider-north')
  await page.fill('#word', platform.passwordOf('provider-north'))
  await page.click('button[type=submit]')
  await page.waitForURL('**/available')
  await page.goto(`${platform.gateway}/account`)
  await page.getByRole('button', { name: `Link ${LABEL}` }).click()
  await page.getByText('Enter your present password.').first().waitFor()
  await page.fill('#link-word', platform.passwordOf('provider-north'))
  await page.getByRole('button', { name: `Link ${LABEL}` }).click()
  await enterAt(page, 'wang.jianguo')
  await page.waitForURL('**/account')
  await page.getByRole('heading', { name: `Your account at ${LABEL}` }).waitFor()
  await keepPicture(page, 'elsewhere/2-account')
  await signOut(page)

  await setOut(page)
  await page.waitForURL('**/available')
  await page.goto(`${platform.gateway}/account`)
  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('button', { name: `Link ${LABEL}` }).waitFor()
  const own = await (await apiOf(platform, 'provider-north')).get('/auth/identities')
  assert.deepEqual(own, { items: [], has_password: true })
  await leave()
})

test("another person's browser does not finish a sign-in, and nobody finishes one twice", async () => {
  const [thief, victim] = [await somebody(), await somebody()]
  const held = await stopped(thief, 'the.thief')

  await victim.page.goto(held.address)
  await victim.page.getByText('No sign-in was begun in this tab.').waitFor()
  await keepPicture(victim.page, 'elsewhere/3-strange')
  assert.equal(new URL(victim.page.url()).search, '', 'the code stays in no history')
  await setOut(victim.page)
  await victim.page.getByLabel('Name', { exact: true }).waitFor()
  await victim.page.goto(held.address)
  await victim.page.getByText('This sign-in was begun in another browser').waitFor()
  const session = await victim.page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.status))
  assert.equal(session, 401, 'a victim works in the account of the thief')

  const own = await stopped(victim, 'the.victim')
  const strange = await post('/auth/oidc/sign-in', { ...own.form, ticket: held.form.ticket })
  assert.deepEqual([strange.status, strange.body.code], [409, 'visit_over'])
  const code = await post('/auth/oidc/sign-in', { ...held.form, code: own.form.code })
  assert.deepEqual([code.status, code.body.code], [403, 'identity_refused'], "the issuer's code of another visit")
  const first = await post('/auth/oidc/sign-in', own.form)
  assert.deepEqual([first.status, first.body.username], [200, 'the.victim'])
  const again = await post('/auth/oidc/sign-in', own.form)
  assert.deepEqual([again.status, again.body.code], [409, 'visit_over'])
  await Promise.all([thief.leave(), victim.leave()])
})

test('while the issuer is away, its button says so and the password opens', async () => {
  const { page, leave } = await somebody()
  const held = await stopped({ page, context: page.context() }, 'somebody')
  await issuer.stop()
  const away = await post('/auth/oidc/sign-in', held.form)
  assert.deepEqual([away.status, away.body.code], [503, 'issuer_away'])
  assert.match(away.body.detail, new RegExp(LABEL))
  await page.goto(`${platform.gateway}/sign-in`)
  await page.fill('#name', 'customer-north')
  await page.fill('#word', platform.passwordOf('customer-north'))
  await page.click('button[type=submit]')
  await page.waitForURL('**/orders')
  await leave()
})
