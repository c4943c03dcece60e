// The second factor of staff at the portal, over a gateway that answers from memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAGE_LANGUAGES } from './browser.mjs'
import { FACTOR_SECRET, gateway, PASSWORD, RECOVERY_CODES } from './portal.answers.mjs'
import { startPortal, wordsOf } from './portal.mjs'

let portal

before(async () => { portal = await startPortal() })
after(() => portal?.stop())

/** Not as a pattern, which the address of a sign-in that leads there would match too. */
const PEOPLE_PAGE = (url) => url.pathname === '/people'

const press = (page, name) => page.getByRole('button', { name, exact: true }).click()

/** Enters the password, which leads to the second step. */
async function enterPassword(page, words) {
  await page.getByLabel(words.sign.name, { exact: true }).fill('chenyu')
  await page.getByLabel(words.sign.word, { exact: true }).fill(PASSWORD)
  await page.locator('#main form button[type="submit"]').click()
  await page.locator('#factor-code').waitFor()
}

const enterCode = async (page, code) => {
  await page.locator('#factor-code').fill(code)
  await page.locator('#main form button[type="submit"]').click()
}

/** Chromium's own authenticator, which has a person who is always there. */
async function addAuthenticator(context, page) {
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true }
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options })
  return { setVerified: (isUserVerified) => devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }) }
}

for (const lang of PAGE_LANGUAGES) {
  test(`a passkey is added, used at a sign-in, and removed in ${lang}`, async () => {
    const words = wordsOf('cloud/portal', lang)
    const state = gateway({ role: 'admin' })
    const { context, page, go, faults } = await portal.open(state, lang)
    const authenticator = await addAuthenticator(context, page)
    await go('/account')
    await page.locator('#factor-word').fill(PASSWORD)
    await page.locator('#passkey-label').fill('Laptop')
    await press(page, words.passkey.add)
    await page.locator('.recovery-codes li').nth(9).waitFor()
    await press(page, words.factor.kept)
    await page.locator('.passkeys').getByRole('heading', { name: 'Laptop' }).waitFor()

    await press(page, words.factor.renew)
    await page.locator('.recovery-codes').waitFor()
    await press(page, words.factor.kept)

    state.role = null
    Object.assign(state.factor, { asks: 'second_factor_required', ways: ['passkey', 'recovery_code'] })
    await go('/sign-in?back=/people')
    await enterPassword(page, words)
    await page.getByRole('heading', { name: words.factor.confirmTitle }).waitFor()
    await authenticator.setVerified(false)
    await press(page, words.passkey.use)
    await page.getByRole('alert').getByText(words.passkey.stopped).waitFor()
    await authenticator.setVerified(true)
    await press(page, words.passkey.use)
    await page.waitForURL(PEOPLE_PAGE)

    await go('/account')
    await page.locator('.passkeys .button').click()
    await page.locator('#factor-word').waitFor()
    // Authenticators that sign by RSA alone are left out on purpose.
    assert.deepEqual(faults().filter((line) => !line.includes('pubKeyCredParams')), [])
    await context.close()
  })

  test(`a second factor is set up, renewed and turned off on the account page in ${lang}`, async () => {
    const { account, factor: words } = wordsOf('cloud/portal', lang)
    const state = gateway({ role: 'admin' })
    const { context, page, go, faults } = await portal.open(state, lang)
    await go('/account')
    await page.locator('#factor-word').fill('not my password')
    await press(page, words.setUp)
    await page.locator('section:has(#factor-title)').getByText(account.oldWrong).waitFor()
    await page.locator('#factor-word').fill(PASSWORD)
    await press(page, words.setUp)
    await page.getByText(FACTOR_SECRET.secret.slice(0, 4)).first().waitFor()
    await page.getByRole('img', { name: words.qr }).waitFor()
    await page.locator('#factor-code').fill('000000')
    await press(page, words.confirm)
    await page.locator('#factor-code[aria-invalid="true"]').waitFor()
    await page.locator('#factor-code').fill('123456')
    await press(page, words.confirm)
    await page.locator('.recovery-codes li').nth(9).waitFor()
    assert.equal(await page.locator('.recovery-codes li').first().innerText(), RECOVERY_CODES[0])
    await press(page, words.kept)
    await page.locator('.recovery-codes').waitFor({ state: 'detached' })
    await page.locator('#factor-own').fill('123456')
    await press(page, words.renew)
    await page.locator('.recovery-codes').waitFor()
    await press(page, words.kept)
    await page.locator('#factor-own').fill('123456')
    await press(page, words.turnOff)
    await page.locator('#factor-word').waitFor()
    assert.equal(new URL(page.url()).pathname, '/account', 'a wrong code does not end the session')
    assert.deepEqual(faults(), [])
    await context.close()
  })

  test(`a sign-in asks for the code after the password in ${lang}`, async () => {
    const words = wordsOf('cloud/portal', lang)
    const state = gateway({ role: null, factor: { asks: 'second_factor_required' } })
    const { context, page, go, faults } = await portal.open(state, lang)
    await go('/sign-in?back=/people')
    await enterPassword(page, words)
    await enterCode(page, '000000')
    await page.locator('#factor-code[aria-invalid="true"]').waitFor()
    await enterCode(page, '123456')
    await page.waitForURL(PEOPLE_PAGE)
    assert.deepEqual(faults(), [])
    await context.close()
  })

  test(`a page at another address says that passkeys do not work there, and takes the code, in ${lang}`, async () => {
    const words = wordsOf('cloud/portal', lang)
    const site = 'portal.example.org'
    const state = gateway({ role: null, factor: { asks: 'second_factor_required', ways: ['passkey', 'app', 'recovery_code'], site } })
    const { context, page, go, faults } = await portal.open(state, lang)
    await go('/sign-in?back=/people')
    await enterPassword(page, words)
    await page.getByText(words.passkey.address.replace('{site}', site)).waitFor()
    assert.equal(await page.getByRole('button', { name: words.passkey.use }).count(), 0)
    await enterCode(page, '123456')
    await page.waitForURL(PEOPLE_PAGE)
    assert.deepEqual(faults(), [])
    await context.close()
  })

  test(`a required second factor is set up before the sign-in ends in ${lang}`, async () => {
    const words = wordsOf('cloud/portal', lang)
    const state = gateway({ role: null, factor: { asks: 'second_factor_setup_required' } })
    const { context, page, go, faults } = await portal.open(state, lang)
    await go('/sign-in?back=/people')
    await enterPassword(page, words)
    await page.getByText(words.factor.required).waitFor()
    await enterCode(page, '123456')
    await page.locator('.recovery-codes li').nth(9).waitFor()
    assert.equal(new URL(page.url()).pathname, '/sign-in', 'the codes are read first')
    await press(page, words.factor.kept)
    await page.waitForURL(PEOPLE_PAGE)
    assert.deepEqual(faults(), [])
    await context.close()
  })
}
