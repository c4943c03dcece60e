import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from 'vue'
import type { EdgeStanding } from '@holdfast/kit/api.gen.ts'
import { answered } from './device/answer.ts'
import type { TabletCommand } from './device/item.ts'
import { jobsOf } from './device/jobs.ts'
import { item, ME, order, stored } from './device/samples.ts'
import { tablet } from './device/tabletState.ts'
import { language } from './language.ts'
import { useWords } from './words.ts'

vi.stubGlobal('document', { documentElement: { lang: '' } })

const HOUR_MS = 3_600_000
const HALF_HOUR_MS = HOUR_MS / 2

const STANDING: EdgeStanding = {
  edge: 'north-1', region: 'NORTH', now: '2026-11-21T09:00:00Z', link: { up: false, since: '2026-11-21T08:00:00Z', attempts: 3, next_call_at: null },
  feed_as_of: null, portal: 'https://portal.example', holder: null, unpaid_start: false, unpaid_start_max: null, paid_afterwards: [], firm: false, suspect: false, twin: false, plain_listeners: false, clock: null, disk: null, closed_orders_days: 90, platform_fees: null, cancel_fees: null, photos: { room_bytes: 0, waiting: 0 },
}
const app = createApp({}).use(language.i18n)
const words = app.runWithContext(useWords)

/** The note beside a job of which the node holds this command. */
function noteOf(type: TabletCommand['type'], verdict?: 'firm'): string | undefined {
  const held = answered(item(1, type), stored(1, verdict), 7)!
  const status = type === 'complete_order' ? 'in_progress' : type === 'accept_order' ? 'pending' : 'accepted'
  const [job] = jobsOf([order('a', { status, provider_id: type === 'accept_order' ? null : ME })], [held], ME)
  return words.note(job!)
}

describe.each([
  {
    lang: 'en', waits: 'Waiting to be confirmed. Do not start yet.', yours: 'Yours. You can set out.',
    copy: 'Kept by a copy of the node, from which nothing is confirmed. Do not start.',
    gets: ['You get ¥171.00 of ¥190.00', 'You get about ¥171.00 of ¥190.00', '¥190.00'],
    completion: 'Completion: kept by a copy of the node, from which nothing is confirmed.', spans: ['1 minute', '3 hours', '2 days'],
    places: ['about 1.2 km, north-east', 'within about 100 m of you', 'North', 'North'],
    offers: ['Offered to you until 11:30; in 30 minutes every provider can accept it.', 'For certain providers until 11:30, then for everybody.'],
    ages: ['less than a minute old', '14 minutes old', 'never heard from the cloud'], away: /^as of .*10:46, as far as this tablet knows$/,
  },
  {
    lang: 'zh-CN', waits: '等待云端确认，请先不要开工', yours: '归您了，可以出发', copy: '由节点的副本保管，在那里得不到确认，请不要开工。',
    gets: ['价格 ¥190.00，到手 ¥171.00', '价格 ¥190.00，到手约 ¥171.00', '¥190.00'],
    completion: '完工：由节点的副本保管，在那里得不到确认。', spans: ['1 分钟', '3 小时', '2 天'],
    places: ['约 1.2公里，东北方向', '在您约 100米以内', '北区', '北区'],
    offers: ['11:30 前派给您，30分钟后所有服务商都可接单。', '11:30 前只派给指定的服务商，之后所有服务商都可接单。'],
    ages: ['更新不到 1 分钟', '14 分钟前更新', '从未收到云端的名单'], away: /^更新于 .*10:46，以这台平板所知为限$/,
  },
])('in $lang', ({ lang, waits, yours, copy, gets, completion, spans, places, offers, ages, away }) => {
  beforeAll(() => language.use(lang))
  beforeEach(() => (tablet.standing = STANDING))

  it('what a copy of the node holds is not said to wait for the cloud', () => {
    expect(noteOf('accept_order')).toBe(waits)
    tablet.standing = { ...STANDING, twin: true, suspect: true }
    expect([noteOf('accept_order'), noteOf('complete_order')]).toEqual([copy, completion])
    expect(noteOf('accept_order', 'firm'), 'a promise of before stands').toBe(yours)
  })

  it('a job says in one sentence what its provider gets, and its price alone where the fee is unknown', () => {
    const sentences = ['2030-01-01T00:00:00Z', '2020-01-01T00:00:00Z', undefined].map((complete_until) => {
      const platform_fees = complete_until ? { complete_until, versions: [{ from: '1970-01-01T00:00:00Z', basis_points: 1_000 }] } : null
      tablet.standing = { ...STANDING, platform_fees }
      return words.pay(order('a', { price: '190.00' })).sentence
    })
    expect(sentences).toEqual(gets)
  })

  it('the error of a clock has its unit', () => {
    expect([60_000, -3 * 3_600_000, 50 * 3_600_000].map(words.span)).toEqual(spans)
  })

  it('a job has its distance in words, and the name of its area where there is none', () => {
    const texts = ['geo:39.9076,116.4099', 'geo:39.9001,116.4', '望京街道12号楼']
    const toldOf = (description: string) => words.whereabouts(order('a', { description }))
    tablet.position = { lat: 39.9, lon: 116.4, accuracy_m: 15, at: tablet.now }
    const told = texts.map(toldOf)
    tablet.position = undefined
    expect([...told, toldOf(texts[0]!)]).toEqual(places)
  })

  it('an offered job says to whom and until when, and nothing once the offer has ended by the clock of the node', () => {
    const end = Date.parse('2026-11-21T11:30:00')
    const told = (to_you?: boolean) => words.offer(order('a', { offer: { until: new Date(end).toISOString(), ...(to_you ? { to_you } : {}) } }))
    // The clock of this tablet is an hour ahead.
    Object.assign(tablet, { now: end - HALF_HOUR_MS + HOUR_MS, clockErrorMs: HOUR_MS })
    expect([told(true), told()]).toEqual(offers)
    tablet.now = end + HOUR_MS
    expect([told(true), told(), words.offer(order('a'))]).toEqual([undefined, undefined, undefined])
    Object.assign(tablet, { now: end, clockErrorMs: 0 })
  })

  it('the list of ended sign-ins has its age by the clock of the node', () => {
    const now = Date.parse('2026-11-21T11:00:00')
    const told = (age?: number) => {
      const feed_as_of = age === undefined ? null : new Date(now - age).toISOString()
      tablet.standing = { ...STANDING, feed_as_of }
      // The clock of this tablet is an hour ahead.
      Object.assign(tablet, { now: now + 3_600_000, clockErrorMs: 3_600_000 })
      return words.revocationAge()
    }
    expect([told(59_000), told(14 * 60_000), told()]).toEqual(ages)
    tablet.isNear = false
    Object.assign(tablet, { now, clockErrorMs: 0 })
    tablet.standing = { ...STANDING, feed_as_of: new Date(now - 14 * 60_000).toISOString() }
    expect(words.revocationAge()).toMatch(away)
    tablet.isNear = undefined
  })
})
