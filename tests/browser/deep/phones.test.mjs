// Signing in by a code to a phone, and a new password by a code from an administrator, on a real platform whose phones
// are files in a folder.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, keepPicture, launch, openPage, tabTo } from '../browser.mjs'
import { apiOf, startPlatform } from '../platform.mjs'

/** The answers to a page without a session, and those that a test is about. */
const EXPECTED = /status of (401|404|409|422|429)/
const PHONE = '138 0013 8000'
const KEPT = '+8613800138000'

let browser, phones, platform

before(async () => {
  platform = await startPlatform()
  phones = join(platform.data, 'cloud', 'sms')
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await platform?.stop()
})

/** Somebody at a browser of their own. */
async function somebody(locale = 'en') {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale, reducedMotion: 'reduce' })
  const { page, wrongs } = await openPage(context)
  const leave = async () => {
    await context.close()
    assert.deepEqual(wrongs.filter((wrong) => !EXPECTED.test(wrong)), [])
  }
  return { context, page, leave }
}

/** The messages that a phone has got, oldest first. */
function messages(phone) {
  const files = readdirSync(phones).filter((name) => name.endsWith('.json')).sort()
  return files.map((name) => JSON.parse(readFileSync(join(phones, name), 'utf8'))).filter(({ to }) => to === phone).map(({ text }) => text)
}

const codeIn = (text) => text.match(/\d{6}/)[0]
const otherThan = (code) => (code === '000000' ? '000001' : '000000')

async function begin(page, phone) {
  await page.goto(`${platform.gateway}/sign-in`)
  await page.getByRole('link', { name: 'Sign in by a code to your phone' }).click()
  await page.getByLabel('Phone number').fill(phone)
  await page.getByRole('button', { name: 'Send me a code' }).click()
  await page.getByLabel('Code', { exact: true }).waitFor()
}

test('a newcomer signs in by keyboard alone, hears what is wrong, and is the same person the next time', async () => {
  const { context, page, leave } = await somebody()
  await page.goto(`${platform.gateway}/sign-in`)
  await page.getByRole('link', { name: 'Sign in by a code to your phone' }).waitFor()
  await keepPicture(page, 'phones/1-sign-in')
  const { keyboard } = page
  await tabTo(page, page.getByRole('link', { name: 'Sign in by a code to your phone' }))
  await keyboard.press('Enter')
  await page.waitForURL('**/sign-in/phone')
  await tabTo(page, page.getByLabel('Phone number'))
  await keyboard.type('12')
  await keyboard.press('Enter')
  await page.getByText('A phone number such as').first().waitFor()
  await keepPicture(page, 'phones/2-no-number')
  await page.getByLabel('Phone number').fill(PHONE)
  await keyboard.press('Enter')
  // The focus goes to the next step by itself, and its state is told.
  await page.locator('#code:focus').waitFor()
  await page.getByRole('status').filter({ hasText: `A code was sent to ${PHONE}.` }).waitFor()
  await page.getByText(/^Good for 4:5\d more\.$|^Good for 5:00 more\.$/).waitFor()
  const [text] = messages(KEPT)
  await keyboard.type(otherThan(codeIn(text)))
  await keyboard.press('Enter')
  await page.getByText('The code is wrong. You have 4 more tries.').first().waitFor()
  await page.locator('#code:focus').waitFor()
  await keepPicture(page, 'phones/3-wrong-code')
  assert.deepEqual(await axe(context, page), [])
  await page.getByLabel('Code', { exact: true }).fill(codeIn(text))
  await keyboard.press('Enter')
  await page.waitForURL('**/orders')
  const session = () => page.evaluate(() => fetch('/api/v1/session').then((answer) => answer.json()))
  const first = await session()
  assert.equal(first.role, 'customer')
  assert.match(first.username, /^guest-[0-9a-z]{8}$/)

  await page.goto(`${platform.gateway}/account`)
  await page.getByRole('heading', { name: 'The number of your phone' }).waitFor()
  await page.getByText('You have no password here. An administrator').waitFor()
  assert.equal(await page.locator('#old').count(), 0, 'no old password is asked of somebody who has none')
  await keepPicture(page, 'phones/4-account')
  await page.locator('.sessions li', { hasText: 'here' }).first().getByRole('button').click()
  await page.waitForURL('**/sign-in')

  await begin(page, KEPT)
  await page.getByLabel('Code', { exact: true }).fill(codeIn(messages(KEPT).at(-1)))
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL('**/orders')
  assert.equal((await session()).user_id, first.user_id)
  await leave()
})

test('a code that is over asks for a new one, in Chinese as well', async () => {
  const { page, leave } = await somebody('zh-CN')
  await page.goto(`${platform.gateway}/sign-in/phone`)
  await page.getByLabel('手机号码').fill('13800138001')
  await page.getByRole('button', { name: '获取验证码' }).click()
  await page.getByLabel('验证码', { exact: true }).waitFor()
  const text = messages('+8613800138001').at(-1)
  assert.match(text, /验证码 \d{6}/)
  const wrong = otherThan(codeIn(text))
  for (let left = 4; left >= 0; left -= 1) {
    await page.getByLabel('验证码', { exact: true }).fill(wrong)
    await page.getByRole('button', { name: '登录', exact: true }).click()
    await page.getByText(left > 0 ? `还可尝试 ${left} 次。` : '已无剩余次数').first().waitFor()
  }
  await page.getByLabel('验证码', { exact: true }).fill(codeIn(text))
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByText('请重新获取').first().waitFor()
  await keepPicture(page, 'phones/5-over')
  await page.getByRole('button', { name: '重新获取' }).click()
  await page.getByText('验证码已发送至 13800138001。').waitFor()
  await page.getByLabel('验证码', { exact: true }).fill(codeIn(messages('+8613800138001').at(-1)))
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL('**/orders')
  await leave()
})

test('a customer links a phone with the password, and a provider is offered none', async () => {
  const { page, leave } = await somebody()
  const enter = async (name, path) => {
    await page.goto(`${platform.gateway}/sign-in`)
    await page.fill('#name', name)
    await page.fill('#word', platform.passwordOf(name))
    await page.click('button[type=submit]')
    await page.waitForURL(path)
    await page.goto(`${platform.gateway}/account`)
  }
  await enter('customer-north', '**/orders')
  await page.getByLabel('Phone number').fill('+8613800138002')
  await page.getByRole('button', { name: 'Send me a code' }).click()
  await page.locator('#link-code:focus').waitFor()
  const code = codeIn(messages('+8613800138002').at(-1))
  await page.locator('#link-code').fill(otherThan(code))
  await page.fill('#link-phone-word', platform.passwordOf('customer-north'))
  await page.getByRole('button', { name: 'Link this phone' }).click()
  // It is the code that is wrong; the session stands.
  await page.getByText('The code is wrong. You have 4 more tries.').first().waitFor()
  await page.fill('#link-phone-word', '')
  await page.locator('#link-code').fill(code)
  await page.getByRole('button', { name: 'Link this phone' }).click()
  await page.getByText('Enter your present password.').first().waitFor()
  await page.fill('#link-phone-word', platform.passwordOf('customer-north'))
  await keepPicture(page, 'phones/6-link')
  await page.getByRole('button', { name: 'Link this phone' }).click()
  await page.getByRole('heading', { name: 'The number of your phone' }).waitFor()
  const own = await (await apiOf(platform, 'customer-north')).get('/auth/identities')
  assert.deepEqual(own.items.map(({ phone, origin }) => [phone, origin]), [[true, false]])
  await page.locator('.sessions li', { hasText: 'here' }).first().getByRole('button').click()
  await page.waitForURL('**/sign-in')

  await enter('provider-north', '**/available')
  await page.getByRole('heading', { name: 'Change your password' }).first().waitFor()
  assert.equal(await page.getByLabel('Phone number').count(), 0)
  await leave()
})

test('a provider who forgot the password gets a code from an administrator, and sets a new one', async () => {
  const forgetful = await somebody()
  const desk = await somebody()
  const { page: admin } = desk
  await admin.goto(`${platform.gateway}/sign-in`)
  await admin.fill('#name', 'admin')
  await admin.fill('#word', platform.passwordOf('admin'))
  await admin.click('button[type=submit]')
  await admin.getByRole('navigation').first().waitFor()
  await admin.goto(`${platform.gateway}/people?search=provider-south`)
  await admin.getByRole('link', { name: /provider-south/ }).click()
  const give = async () => {
    const dialog = admin.locator('dialog[open]')
    await dialog.getByRole('textbox').fill('Called from the shop')
    await dialog.getByRole('button', { name: 'Show the code' }).click()
    await dialog.waitFor({ state: 'detached' })
    await admin.locator('#password-code:focus').waitFor()
    return admin.locator('.password-code').innerText()
  }
  await admin.getByRole('button', { name: 'Give a code…' }).click()
  const former = await give()
  await keepPicture(admin, 'phones/7-code-given')
  await admin.getByRole('button', { name: 'Give another code…' }).click()
  const code = await give()
  assert.notEqual(code, former)

  const { page, context } = forgetful
  await page.goto(`${platform.gateway}/sign-in`)
  await page.getByRole('link', { name: 'I forgot my password' }).click()
  await page.getByRole('button', { name: 'I have a code' }).click()
  await page.getByRole('button', { name: 'Set the password and sign in' }).click()
  await page.getByText('Enter the code.').first().waitFor()
  assert.deepEqual(await axe(context, page), [])
  await page.getByLabel('User name').fill('provider-south')
  await page.getByLabel('Code', { exact: true }).fill(former)
  await page.getByLabel('A new password').fill('short')
  await page.keyboard.press('Enter')
  await page.locator('#new_password[aria-invalid=true]').waitFor()
  await page.getByLabel('A new password').fill('a long new sentence')
  await page.keyboard.press('Enter')
  await page.getByText('it is no longer good').first().waitFor()
  await keepPicture(page, 'phones/8-wrong-code')
  await page.getByLabel('Code', { exact: true }).fill(code.toLowerCase().replaceAll('-', ''))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/available')
  await page.getByText('Your password is changed.').first().waitFor()

  await page.goto(`${platform.gateway}/account`)
  await page.locator('.sessions li', { hasText: 'here' }).first().getByRole('button').click()
  await page.waitForURL('**/sign-in')
  await page.fill('#name', 'provider-south')
  await page.fill('#word', platform.passwordOf('provider-south'))
  await page.keyboard.press('Enter')
  await page.getByText('The user name or the password is wrong.').first().waitFor()
  await forgetful.leave()
  await desk.leave()
})
