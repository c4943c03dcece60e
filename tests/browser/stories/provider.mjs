// A new provider: from the registration over the verification and a job in a region that is cut off to a reply.
import assert from 'node:assert/strict'
import { poll } from '../browser.mjs'
import { apiOf } from '../platform.mjs'
import { DESK, TABLET } from '../scenes.mjs'
import { beginningOf, handsOn, mailedCode, storyboardOf, textsOf } from '../storyboard.mjs'
import { APP, JOB, nameIn, PORTAL, REASON, register, requestAtTablet, signOut, TEXT } from './steps.mjs'

/** The title of an inbox line, as notification writes it. */
const NEW_REVIEW = { en: 'A new review', 'zh-CN': '收到新评价' }

/** From the first step of the card to the hand-in. */
async function handInProfile(stage, page, lang, name, step) {
  const t = textsOf(PORTAL, lang)
  const { fill, follow, press, seen, titled } = handsOn(page)
  await step(page, 'first-steps', titled(t('first.job')))
  await follow(t('first.go.profile'))
  await fill({ [t('profile.name')]: 'Sun Lihua', [t('profile.phone')]: '+8613800138000', [t('profile.skills')]: 'windows' })
  await page.getByRole('checkbox', { name: t('service.cleaning_repair') }).check()
  await page.getByRole('checkbox', { name: t('region.NORTH') }).check()
  await press(t('profile.keep'))
  await step(page, 'profile', seen(t('profile.kept')))
  await follow(t('first.go.mail'))
  await fill({ [t('address.code')]: await mailedCode(stage.mails, `${name}@example.com`) })
  await press(t('address.confirm'))
  await step(page, 'address', seen(t('address.goesTo', { email: `${name}@example.com` })))
  await page.goto(`${stage.platform.gateway}/available`)
  await follow(t('first.go.paper'))
  await press(t('certificates.add'))
  await fill({ [t('certificates.name')]: 'Glazier', [t('certificates.number')]: '2024-118203', [t('certificates.issuer')]: 'City of North' })
  await press(t('profile.keep'))
  await page.getByRole('button', { name: t('verification.handIn'), disabled: false }).click()
  await step(page, 'handed-in', titled(t('verification.state.waiting')))
}

async function verify(stage, name) {
  const [own, admin] = await Promise.all([apiOf(stage.platform, name, `${name}-password`), stage.others.admin()])
  const { user_id: id } = await own.get('/users/me/profile')
  const { version } = await admin.get(`/admin/providers/${id}`)
  await admin.post(`/admin/providers/${id}/verify`, { version, reason: 'Seen in person.' })
}

/** Starts and completes at the tablet, and reads that the cloud has it. */
async function workAtTablet(page, lang, step) {
  const t = textsOf(APP, lang)
  const { press, seen, titled } = handsOn(page)
  await page.getByRole('link', { name: t('place.jobs') }).click()
  await page.locator('.job', { hasText: JOB[lang] }).getByRole('link').first().click()
  await page.getByRole('button', { name: t('act.start'), exact: true, disabled: false }).click()
  await step(page, 'tablet-started', seen(t('status.in_progress')))
  await page.getByRole('link', { name: t('act.complete') }).click()
  await titled(beginningOf(t('complete.title'))).waitFor()
  await page.getByLabel(t('complete.noteLabel')).fill(TEXT[lang])
  await step(page, 'tablet-complete', titled(t('complete.checks')))
  await press(t('act.complete'))
  await step(page, 'tablet-completed', seen(t('status.completed')))
}

export async function playProvider(lang, stage) {
  const t = textsOf(PORTAL, lang)
  const step = storyboardOf('provider', lang)
  const name = nameIn(lang, 'provider')
  const page = await stage.open(name, DESK, { locale: lang })
  const { fill, goTo, press, seen, titled } = handsOn(page)
  await register(stage, page, lang, 'Provider', name, step)
  await page.waitForURL('**/available')
  await handInProfile(stage, page, lang, name, step)
  await verify(stage, name)
  await page.goto(`${stage.platform.gateway}/profile?part=certificates`)
  await step(page, 'verified', titled(t('verification.state.verified')))

  const customer = await stage.others.newcomer(nameIn(lang, 'waiting'), 'customer')
  const id = await stage.others.publishJob(customer, JOB[lang])
  await stage.others.approveJob(id)
  await goTo(t('place.available'))
  await step(page, 'available', page.locator('.job', { hasText: JOB[lang] }))

  const tablet = await stage.open(name, TABLET, { locale: lang })
  const ta = textsOf(APP, lang)
  const atTablet = handsOn(tablet)
  await tablet.goto(stage.platform.edges.NORTH.http)
  await atTablet.fill({ [ta('signIn.name')]: name, [ta('signIn.password')]: `${name}-password` })
  await step(tablet, 'tablet-sign-in', atTablet.titled(ta('signIn.title')))
  await atTablet.press(ta('act.signIn'))
  await step(tablet, 'tablet-board', tablet.locator('.job', { hasText: JOB[lang] }))
  await stage.others.setNorth('closed')
  await requestAtTablet(tablet, lang)
  await step(tablet, 'tablet-requested', tablet.getByText(ta('note.waits')))
  await stage.others.setNorth('open')
  await poll(async () => assert.equal((await customer.get(`/orders/${id}`)).status, 'accepted'))
  await stage.others.payJob(customer, id)
  await workAtTablet(tablet, lang, step)
  await poll(async () => assert.equal((await customer.get(`/orders/${id}`)).status, 'completed'))

  await page.goto(`${stage.platform.gateway}/jobs/${id}`)
  await step(page, 'done', seen(t('next.provider.completed')))
  await goTo(t('place.earnings'))
  await step(page, 'earnings', page.getByText('¥162.00'))
  await poll(() => customer.post('/reviews', { order_id: id, rating: 5, comment: TEXT[lang] }))
  await goTo(t('place.inbox'))
  await step(page, 'inbox', page.getByRole('link', { name: NEW_REVIEW[lang] }))
  await page.goto(`${stage.platform.gateway}/reviews`)
  await fill({ [t('reviews.replyOwn')]: REASON[lang] })
  await press(t('reviews.send'))
  await step(page, 'replied', seen(REASON[lang]))
  await signOut(page, lang, name)
  await step(page, 'signed-out', titled(t('sign.title')))
}
