// What several stories do on the pages, and the words that their people write.
import { handsOn, textsOf } from '../storyboard.mjs'

export const PORTAL = 'cloud/portal'
export const APP = 'edge-node/app'
export const JOB = { en: 'Bedroom window sticks', 'zh-CN': '卧室窗户卡住了' }
export const REASON = { en: 'Looked at it in person.', 'zh-CN': '已当面核实。' }
export const TEXT = { en: 'Please ring twice.', 'zh-CN': '请按两次门铃。' }

/** A person's name on the platform: each language has its own people. */
export const nameIn = (lang, person) => `${person}-${lang.toLowerCase()}`

/** Registers on the pages, from the sign-in on. */
export async function register(stage, page, lang, as, name, step) {
  const t = textsOf(PORTAL, lang)
  const { fill, press, seen } = handsOn(page)
  await page.goto(stage.platform.gateway)
  await step(page, 'sign-in', seen(t('sign.new')))
  await page.getByRole('link', { name: t(`sign.as${as}`) }).click()
  // The page before has fields of the same names.
  await seen(t(`register.${as.toLowerCase()}Way`)).first().waitFor()
  await fill({ [t('register.username')]: name, [t('register.email')]: `${name}@example.com`, [t('sign.word')]: `${name}-password` })
  await step(page, 'register', seen(t(`register.${as.toLowerCase()}Way`)))
  await press(t('register.join'))
}

export async function signIn(stage, page, lang, name, password) {
  const t = textsOf(PORTAL, lang)
  const { fill, press } = handsOn(page)
  await page.goto(`${stage.platform.gateway}/sign-in`)
  await fill({ [t('sign.name')]: name, [t('sign.word')]: password })
  await press(t('act.signIn'))
}

export async function signOut(page, lang, name) {
  const t = textsOf(PORTAL, lang)
  await page.getByRole('button', { name }).first().click()
  await handsOn(page).press(t('act.signOut'))
  await page.waitForURL('**/sign-in')
}

/** A provider asks for the job at a tablet of the region, which is cut off. */
export async function requestAtTablet(page, lang) {
  const t = textsOf(APP, lang)
  const row = page.locator('.job', { hasText: JOB[lang] })
  await handsOn(page).titled(t('cut.title')).waitFor()
  await row.getByRole('button', { name: t('act.request') }).click()
  await row.getByText(t('truth.node')).waitFor()
}
