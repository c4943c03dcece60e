// Two people get back into their accounts by an admin: one forgot the password, one lost the second factor.
import { DESK } from '../scenes.mjs'
import { appCode, beginningOf, handsOn, storyboardOf, textsOf } from '../storyboard.mjs'
import { nameIn, PORTAL, REASON, signIn, signOut } from './steps.mjs'

/** An admin's page of a person, found by name. */
async function findPerson(page, lang, name) {
  const t = textsOf(PORTAL, lang)
  const { fill, goTo, titled } = handsOn(page)
  // Until the overview stands, its own arrival would take the place of the page that is asked for.
  await titled(t('overview.waits')).first().waitFor()
  await goTo(t('place.people'))
  await fill({ [t('people.search')]: name })
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name }).click()
  await titled(name).first().waitFor()
}

export async function playForgotten(lang, stage) {
  const t = textsOf(PORTAL, lang)
  const step = storyboardOf('forgotten', lang)
  const name = nameIn(lang, 'forgetful')
  await stage.others.newcomer(name, 'customer')
  const page = await stage.open(name, DESK, { locale: lang })
  const { fill, press, seen, titled } = handsOn(page)
  await signIn(stage, page, lang, name, 'not the password')
  await step(page, 'refused', seen(t('sign.wrong')))
  await page.getByRole('link', { name: t('sign.forgot') }).click()
  await step(page, 'forgot', seen(t('forgot.way')))
  await press(t('forgot.have'))

  const desk = await stage.open('admin', DESK, { locale: lang })
  const atDesk = handsOn(desk)
  await signIn(stage, desk, lang, 'admin', stage.platform.passwordOf('admin'))
  await findPerson(desk, lang, name)
  await step(desk, 'desk', desk.getByRole('button', { name: t('people.password.give') }))
  await atDesk.press(t('people.password.give'))
  await atDesk.confirm(t('people.password.confirm'), REASON[lang])
  const code = desk.locator('.password-code')
  await step(desk, 'desk-code', code)
  const fields = { [t('sign.name')]: name, [t('forgot.code')]: await code.innerText(), [t('account.new')]: 'a long new sentence' }
  await fill(fields)
  await press(t('forgot.set'))
  await step(page, 'signed-in', seen(t('account.changed')))
  await signOut(page, lang, name)
  await signIn(stage, page, lang, name, 'a long new sentence')
  await step(page, 'again', titled(t('firstOrder.title')))
}

export async function playLostFactor(lang, stage) {
  const t = textsOf(PORTAL, lang)
  const step = storyboardOf('lost-factor', lang)
  const name = 'admin-two'
  const page = await stage.open(name, DESK, { locale: lang })
  const { fill, press, seen, titled } = handsOn(page)
  await signIn(stage, page, lang, name, stage.platform.passwordOf(name))
  await titled(t('overview.waits')).first().waitFor()
  await page.goto(`${stage.platform.gateway}/account`)
  await page.locator('#factor-word').fill(stage.platform.passwordOf(name))
  await press(t('factor.setUp'))
  const secret = (await page.locator('.factor-text').innerText()).replaceAll('-', '').trim()
  await step(page, 'set-up', page.getByRole('img', { name: t('factor.qr') }))
  await fill({ [t('factor.first')]: appCode(secret) })
  await press(t('factor.confirm'))
  await step(page, 'codes', seen(t('factor.once')))
  await press(t('factor.kept'))
  await seen(beginningOf(t('factor.on'))).first().waitFor()
  await signOut(page, lang, name)

  await signIn(stage, page, lang, name, stage.platform.passwordOf(name))
  await fill({ [t('factor.code')]: '000000' })
  await press(t('act.signIn'))
  await step(page, 'no-code', seen(t('factor.wrong')))
  const desk = await stage.open('admin', DESK, { locale: lang })
  const atDesk = handsOn(desk)
  await signIn(stage, desk, lang, 'admin', stage.platform.passwordOf('admin'))
  await findPerson(desk, lang, name)
  await step(desk, 'desk', atDesk.titled(t('factor.section')))
  await atDesk.press(t('people.factor.remove'))
  await atDesk.confirm(t('people.factor.confirm'), REASON[lang])
  await step(desk, 'desk-removed', atDesk.seen(t('people.factor.told', { name })))

  await signIn(stage, page, lang, name, stage.platform.passwordOf(name))
  await step(page, 'let-in', titled(t('overview.waits')))
  await page.goto(`${stage.platform.gateway}/account`)
  await step(page, 'to-set-up', page.getByRole('button', { name: t('factor.setUp') }))
}
