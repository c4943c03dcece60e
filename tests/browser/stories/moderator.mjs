// A moderator: approvals, a verification, a case and a reported review, while a region is cut off.
import assert from 'node:assert/strict'
import { poll } from '../browser.mjs'
import { apiOf } from '../platform.mjs'
import { DESK } from '../scenes.mjs'
import { handsOn, storyboardOf, textsOf } from '../storyboard.mjs'
import { JOB, nameIn, PORTAL, REASON, signIn, signOut, TEXT } from './steps.mjs'

/** What a moderator finds: an order that fits and one that does not, a provider to verify, a reported message and review. */
async function prepareDesks(stage, lang) {
  const provider = await apiOf(stage.platform, 'provider-north')
  const customer = await stage.others.newcomer(nameIn(lang, 'moderated'), 'customer')
  const reported = await stage.others.publishJob(customer, JOB[lang])
  await stage.others.approveJob(reported)
  await poll(() => provider.post(`/orders/${reported}/accept`, {}))
  await poll(() => customer.post(`/orders/${reported}/messages`, { text: TEXT[lang] }))
  await provider.post(`/orders/${reported}/messages/1/report`, { reason: REASON[lang] })
  await stage.others.payJob(customer, reported)
  await stage.others.doJob(provider, reported)
  const review = await poll(() => customer.post('/reviews', { order_id: reported, rating: 1, comment: TEXT[lang] }))
  await poll(() => provider.post(`/reviews/${review.id}/report`, { reason: REASON[lang] }))

  const name = nameIn(lang, 'candidate')
  const candidate = await stage.others.newcomer(name, 'provider')
  const profile = await candidate.get('/users/me/profile')
  const about = { full_name: name, phone_number: '+8613800138000', skills: ['windows'], service_categories: ['cleaning_repair'], service_areas: ['NORTH'], is_active: true }
  const { version } = await candidate.put('/users/me/profile', { ...about, version: profile.version })
  await candidate.put('/users/me/certifications', { version, items: [{ name: 'Glazier', number: '118203', issuer: 'City of North' }] })
  await candidate.post('/users/me/verification', {})

  const [fits, unclear] = ['1', '2'].map((n) => `${JOB[lang]} ${n}`)
  const ids = { fits: await stage.others.publishJob(customer, fits), unclear: await stage.others.publishJob(customer, unclear) }
  return { customer, name, titles: { fits, unclear }, ids }
}

async function decideOrders(page, lang, { titles }, step) {
  const t = textsOf(PORTAL, lang)
  const { confirm, press, seen, titled } = handsOn(page)
  await page.getByRole('link', { name: titles.fits }).click()
  await step(page, 'approve', titled(titles.fits))
  await press(t('act.approve'))
  await step(page, 'approved', seen(t('held.approve', { n: 1 })))
  await page.getByRole('link', { name: titles.unclear }).click()
  await titled(titles.unclear).first().waitFor()
  await press(t('act.reject'))
  await page.getByRole('radio', { name: t('approvals.reasonName.unclear') }).check()
  await step(page, 'reject', seen(t('approvals.rejectEffect')))
  await confirm(t('approvals.rejectIt'))
  await step(page, 'rejected', seen(t('held.reject', { n: 1 })))
}

async function decideReports(page, lang, step) {
  const t = textsOf(PORTAL, lang)
  const { confirm, goTo, press, seen, titled } = handsOn(page)
  await goTo(t('place.conflicts'))
  await page.getByRole('link', { name: t('case.message_reported.title') }).first().click()
  await press(t('conflicts.take'))
  await seen(t('conflicts.withYou')).first().waitFor()
  await step(page, 'case', page.getByRole('article').getByText(TEXT[lang]))
  await press(t('closing.ask'))
  await confirm(t('closing.confirm'), REASON[lang])
  await step(page, 'case-closed', seen(t('closing.done')))
  await goTo(t('place.reviews'))
  await step(page, 'review', titled(t('moderation.count', { n: 1 })))
  await press(t('moderation.hide'))
  await confirm(t('moderation.confirm.hide'), REASON[lang])
  await step(page, 'review-hidden', seen(t('moderation.told.hide')))
}

export async function playModerator(lang, stage) {
  const t = textsOf(PORTAL, lang)
  const step = storyboardOf('moderator', lang)
  const found = await prepareDesks(stage, lang)
  const page = await stage.open('admin', DESK, { locale: lang })
  const { confirm, goTo, press, seen, titled } = handsOn(page)
  await signIn(stage, page, lang, 'admin', stage.platform.passwordOf('admin'))
  await step(page, 'overview', titled(t('overview.waits')))
  await stage.others.setNorth('closed')
  await goTo(t('place.decide'))
  await decideOrders(page, lang, found, step)
  await goTo(t('place.providers'))
  await page.getByRole('link', { name: found.name }).click()
  await step(page, 'verify', page.getByRole('cell', { name: 'City of North' }))
  await press(t('providers.verify'))
  await confirm(t('verifying.confirm.verify'), REASON[lang])
  await step(page, 'verified', seen(t('verifying.told.verify', { name: found.name })))
  await decideReports(page, lang, step)

  await page.goto(`${stage.platform.gateway}/orders/${found.ids.fits}`)
  await step(page, 'order', seen(t('next.admin.pending')))
  await stage.others.setNorth('open')
  await poll(async () => {
    const orders = await Promise.all([found.ids.fits, found.ids.unclear].map((id) => found.customer.get(`/orders/${id}`)))
    assert.deepEqual(orders.map(({ status }) => status), ['pending', 'rejected'])
  })
  await goTo(t('place.people'))
  await goTo(t('place.acts'))
  for (const change of ['post_orders_reject', 'post_providers_verify', 'post_cases_close']) await seen(t(`acts.changes.${change}`)).first().waitFor()
  await step(page, 'acts', seen(t('acts.changes.post_reviews_hide')))
  await signOut(page, lang, 'admin')
  await step(page, 'signed-out', titled(t('sign.title')))
}
