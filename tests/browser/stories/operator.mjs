// An operator: a drill, what each page of the network says meanwhile, its alarm, a new node and the record of it all.
import { DESK } from '../scenes.mjs'
import { beginningOf, handsOn, mailedCode, storyboardOf, textsOf } from '../storyboard.mjs'
import { nameIn, PORTAL, signIn, signOut } from './steps.mjs'

/** Titles of inbox lines, as notification writes them. */
const ALARM = { en: 'Alarm about a region', 'zh-CN': '地区告警' }
const ENDED = { en: 'Alarm about a region has ended', 'zh-CN': '地区告警已结束' }

/** A look runs once a minute, and the second one that finds an issue tells it. */
const ALARM_MS = 240_000

async function drill(page, lang, step) {
  const t = textsOf(PORTAL, lang)
  const { confirm, goTo, seen, titled } = handsOn(page)
  await goTo(t('place.network'))
  await step(page, 'regions', seen(t('regions.well')))
  const north = page.getByRole('row', { name: t('region.NORTH') })
  await north.getByRole('button', { name: t('act.cut') }).click()
  await step(page, 'ask-cut', titled(t('regions.cutTitle', { region: t('region.NORTH') })))
  await confirm(t('regions.cutIt', { region: t('region.NORTH') }))
  await step(page, 'cut', north.getByText(beginningOf(t('link.drill'))))
}

/** What the other pages of the network say while NORTH is cut off. */
async function readNetwork(page, lang, step) {
  const t = textsOf(PORTAL, lang)
  const { follow, goTo, seen, titled } = handsOn(page)
  await follow(t('regions.wall'))
  await step(page, 'wall', seen(t('wall.cut', { regions: t('region.NORTH') })))
  await page.goBack()
  await goTo(t('place.edges'))
  await page.getByRole('link', { name: 'north-1' }).click()
  await step(page, 'node', titled(t('edges.state')))
  await goTo(t('place.letters'))
  await step(page, 'dead-letters', titled(t('letters.none')))
  await goTo(t('place.deliveries'))
  await step(page, 'deliveries', page.getByRole('row', { name: '@example.com' }))
}

/** Waits for an unread line about NORTH in the inbox, and follows it. */
async function hear(page, lang, title, name, step) {
  const t = textsOf(PORTAL, lang)
  const { goTo } = handsOn(page)
  await goTo(t('place.overview'))
  await goTo(t('place.inbox'))
  const link = page.getByRole('link', { name: title, exact: true })
  const line = page.locator('.inbox li[data-unread]', { has: link, hasText: t('region.NORTH') }).first()
  await line.waitFor({ timeout: ALARM_MS })
  await step(page, name, line)
  await line.getByRole('link', { name: title, exact: true }).click()
  await page.waitForURL('**/regions**')
}

export async function playOperator(lang, stage) {
  const t = textsOf(PORTAL, lang)
  const step = storyboardOf('operator', lang)
  // Their registration is mailed a code, which the deliveries tell; their page is not live.
  const mailed = nameIn(lang, 'mailed')
  await stage.others.newcomer(mailed, 'customer')
  await mailedCode(stage.mails, `${mailed}@example.com`)
  const page = await stage.open('admin-two', DESK, { locale: lang })
  const { choose, fill, goTo, press, seen, titled } = handsOn(page)
  await signIn(stage, page, lang, 'admin-two', stage.platform.passwordOf('admin-two'))
  await step(page, 'overview', titled(t('overview.lag')))
  await drill(page, lang, step)
  await readNetwork(page, lang, step)
  await hear(page, lang, ALARM[lang], 'alarm', step)
  await goTo(t('place.network'))
  const north = page.getByRole('row', { name: t('region.NORTH') })
  await north.getByRole('button', { name: t('act.heal') }).click()
  await step(page, 'healed', north.getByText(t('link.up')))
  await goTo(t('place.edges'))
  await page.getByRole('main').getByRole('link', { name: t('edges.enrol') }).click()
  await fill({ [t('enrol.name')]: `east-${lang.toLowerCase()}` })
  await choose(t('region.EAST'))
  await press(t('enrol.make'))
  await step(page, 'enrolled', titled(t('enrol.given', { edge: `east-${lang.toLowerCase()}` })))
  await press(t('enrol.noted'))
  // The next drill is an alarm of its own only after this one has ended.
  await hear(page, lang, ENDED[lang], 'alarm-ended', step)
  await goTo(t('place.people'))
  await goTo(t('place.acts'))
  await seen(t('acts.changes.post_edges')).first().waitFor()
  await step(page, 'acts', seen(t('acts.changes.put_regions')))
  await signOut(page, lang, 'admin-two')
  await step(page, 'signed-out', titled(t('sign.title')))
}
