// Confirming an address of mail, on a real platform whose mails are files in a folder.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, keepPicture, launch, openPage, tabTo } from '../browser.mjs'
import { startPlatform } from '../platform.mjs'

/** The answers to a page without a session, and those that a test is about. */
const EXPECTED = /status of (401|409|422|429)/
const PASSWORD = 'lantern-orchard-kettle-9'

let browser, platform
const mails = mkdtempSync(join(tmpdir(), 'holdfast-mails-'))

before(async () => {
  platform = await startPlatform((gateway) => ({
    HOLDFAST__NOTIFICATION__MAIL_URL: `folder:${mails}`,
    HOLDFAST__NOTIFICATION__PORTAL_URL: gateway,
  }))
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await platform?.stop()
  rmSync(mails, { recursive: true, force: true })
})

/** The mails to an address, oldest first. */
function mailsTo(address) {
  const files = readdirSync(mails).filter((name) => name.endsWith('.json')).sort()
  return files.map((name) => JSON.parse(readFileSync(join(mails, name), 'utf8'))).filter(({ to }) => to === address)
}

/** The text of that many-th mail of its kind to an address. */
async function mailTo(address, isMeant, number = 1) {
  for (let left = 300; left > 0; left -= 1) {
    const meant = mailsTo(address).filter(isMeant)
    if (meant.length >= number) return meant[number - 1].text
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`no mail ${number} to ${address}`)
}

/** The text of the mail that brings that many-th code to an address. */
const codeMail = (address, number) => mailTo(address, ({ text }) => /\w{4}-\w{4}-\w{4}-\w{4}/.test(text), number)

const codeIn = (text) => text.match(/\w{4}-\w{4}-\w{4}-\w{4}/)[0]
const linkIn = (text) => text.match(/http\S+#\S+/)[0]

/** Somebody new at a browser of their own. */
async function newcomer(name, locale = 'en') {
  const email = `${name}@example.org`
  const answer = await fetch(`${platform.gateway}/api/v1/auth/register`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: name, email, password: PASSWORD, role: 'customer' }),
  })
  assert.equal(answer.status, 201)
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale, reducedMotion: 'reduce' })
  const { page, wrongs } = await openPage(context)
  const leave = async () => {
    await context.close()
    assert.deepEqual(wrongs.filter((wrong) => !EXPECTED.test(wrong)), [])
  }
  return { email, context, page, leave }
}

async function signIn(page, name, words = { name: 'User name', word: 'Password', go: 'Sign in' }) {
  await page.getByLabel(words.name).fill(name)
  await page.getByLabel(words.word, { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: words.go, exact: true }).click()
}

test('the link of the mail leads over the sign-in to the code, and the wishes say why no mail comes until then', async () => {
  const { email, context, page, leave } = await newcomer('lin.wei')
  const link = linkIn(await codeMail(email))
  await page.goto(link)
  await page.getByText('Sign in to the account that this address belongs to.').waitFor()
  assert.equal(new URL(page.url()).hash, '', 'the code goes out of the address')
  await keepPicture(page, 'addresses/1-link')
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.waitForURL('**/sign-in?**')
  assert.ok(!page.url().includes(link.split('#')[1]), page.url())
  await signIn(page, 'lin.wei')
  await page.waitForURL('**/confirm-address')
  await page.getByLabel('Code of the mail').waitFor()
  assert.equal(await page.getByLabel('Code of the mail').inputValue(), link.split('#')[1])

  await page.goto(`${platform.gateway}/inbox?show=wishes`)
  await page.getByText(`Until then nothing is mailed to ${email}.`).waitFor()
  await keepPicture(page, 'addresses/2-wishes')
  assert.deepEqual(await axe(context, page), [])

  await page.goto(`${platform.gateway}/confirm-address`)
  await tabTo(page, page.getByRole('button', { name: 'Confirm the address' }))
  await page.keyboard.press('Enter')
  await page.getByText(`Mail goes to ${email}.`, { exact: true }).waitFor()
  await page.goto(`${platform.gateway}/inbox?show=wishes`)
  await page.getByText(`Mail goes to ${email}.`, { exact: true }).waitFor()
  assert.equal(await page.getByText('Until then nothing is mailed').count(), 0)
  await leave()
})

test('a code is sent again, a wrong one is said, and another address takes the place of the first, in Chinese as well', async () => {
  const { email, context, page, leave } = await newcomer('chen.mei', 'zh-CN')
  const first = codeIn(await codeMail(email))
  await page.goto(`${platform.gateway}/sign-in?back=/account`)
  await signIn(page, 'chen.mei', { name: '用户名', word: '密码', go: '登录' })
  await page.getByText(`确认之前，不会向 ${email} 发送任何通知邮件。`).waitFor()
  await keepPicture(page, 'addresses/3-account-zh')
  assert.deepEqual(await axe(context, page), [])
  await page.getByRole('button', { name: '重新发送' }).click()
  await page.getByRole('status').filter({ hasText: '之前的确认码已失效' }).waitFor()
  const second = codeIn(await codeMail(email, 2))
  const code = page.getByLabel('邮件中的确认码')
  await page.getByRole('button', { name: '确认邮箱' }).click()
  await page.getByText('请填写邮件中的确认码。').first().waitFor()
  await code.fill(first)
  await page.getByRole('button', { name: '确认邮箱' }).click()
  await page.getByText('验证码错误。').first().waitFor()
  await code.fill(second.toLowerCase())
  await page.getByRole('button', { name: '确认邮箱' }).click()
  await page.getByText(`邮件发送到 ${email}。`, { exact: true }).waitFor()

  const other = 'chen.mei@second.example.org'
  await page.getByLabel('新邮箱').fill(other)
  await page.locator('#address-word').fill(PASSWORD)
  await page.getByRole('button', { name: '更换邮箱' }).click()
  await page.getByText(`确认之前，邮件仍发送到 ${email}。`).waitFor()
  // The address in force is told while it is in force.
  await mailTo(email, ({ subject }) => /申请更换邮箱|Another e-mail/.test(subject))
  await code.fill(codeIn(await codeMail(other)))
  await page.getByRole('button', { name: '确认邮箱' }).click()
  await page.getByText(`邮件发送到 ${other}。`, { exact: true }).waitFor()
  await leave()
})

/** Confirms the address of a newcomer by the code of their mail. */
async function confirm(name, email) {
  const ask = async (path, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
    const answer = await fetch(`${platform.gateway}/api/v1/auth/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 200, path)
    return answer.json()
  }
  const { access_token: token } = await ask('login', { username: name, password: PASSWORD })
  await ask('address/confirm', { code: codeIn(await codeMail(email)) }, token)
}

test('who forgot the password asks for a code by mail, and sets a new one by its link', async () => {
  const { email, context, page, leave } = await newcomer('zhou.mei')
  await confirm('zhou.mei', email)
  await page.goto(`${platform.gateway}/sign-in`)
  await page.getByRole('link', { name: 'I forgot my password' }).click()
  await page.getByRole('button', { name: 'Mail me a code' }).click()
  await page.getByText('Enter your user name or e-mail address.').first().waitFor()
  assert.deepEqual(await axe(context, page), [])
  await keepPicture(page, 'addresses/7-forgotten')
  await page.getByLabel('User name or e-mail address').fill('Zhou.Mei@example.org')
  await page.keyboard.press('Enter')
  await page.getByText('a code is on its way there').waitFor()
  assert.equal(await page.getByLabel('User name').inputValue(), '', 'the mail says the name')
  assert.deepEqual(await axe(context, page), [])
  await keepPicture(page, 'addresses/8-mailed')

  const text = await mailTo(email, ({ text }) => text.includes('/sign-in/forgot#'))
  assert.match(text, /of your account zhou\.mei\./)
  // The program that shows mail opens a page of its own.
  await page.goto('about:blank')
  await page.goto(linkIn(text))
  await page.getByLabel('A new password').waitFor()
  assert.equal(new URL(page.url()).hash, '', 'the code goes out of the address')
  assert.equal(await page.getByLabel('User name').inputValue(), 'zhou.mei')
  assert.equal(await page.getByLabel('Code', { exact: true }).inputValue(), codeIn(text))
  await page.getByLabel('A new password').fill('a long new sentence')
  await keepPicture(page, 'addresses/9-new-password')
  await page.keyboard.press('Enter')
  await page.getByText('Your password is changed.').first().waitFor()
  await mailTo(email, ({ subject }) => subject.includes('password'), 2)
  await leave()
})
