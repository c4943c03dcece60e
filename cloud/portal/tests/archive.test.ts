import { lines, say, type Messages } from '@holdfast/kit/i18n.ts'
import { formatsOf } from '@holdfast/kit/format.ts'
import { strFromU8, unzipSync } from 'fflate'
import { expect, it } from 'vitest'
import kit from '../../../protocol/web/src/locales/en.json'
import { type Archive, archiveName, jsonFilesOf, monthsOfAccount, pathOf } from '../src/logic/archive.ts'
import type { ArchiveWords } from '../src/logic/archiveMarkup.ts'
import { pageOf } from '../src/logic/archivePage.ts'
import { ArchiveReading } from '../src/logic/archiveReading.ts'
import { archiveTexts } from '../src/logic/archiveTexts.ts'
import { escaped, markup } from '../src/logic/markup.ts'
import own from '../src/locales/en.json'
import { piecesOf, zipOf } from '../src/parts/archiveZip.ts'
import { minorOf } from '../src/parts/money.ts'
import { ADMIN, AT, context, CUSTOMER, customer, order, page, picture, PROVIDER, provider, review, source } from './archiveSamples.ts'
import { step } from './samples.ts'

const DRAWN = Date.parse('2026-11-30T04:00:00Z')
const HOSTILE = `"><img src=x onerror=alert(1)><script>alert('2')</script>{{ 7 * 7 }}\u0000&`
const texts = new Map([kit, own].flatMap(messages => lines(messages as Messages)))
const formats = formatsOf('en')
const words: ArchiveWords = {
  lang: 'en', zone: 'UTC', texts: archiveTexts('en'),
  t: (key, values = {}) => say(texts.get(key) ?? key, values), te: key => texts.has(key),
  time: instant => new Date(instant).toISOString(), day: day => day, money: (amount, currency) => formats.money(minorOf(amount), currency), minor: formats.money,
  gap: ({ part, why, n }) => `${part} ${why} ${n}`, when: ({ service_start_time }) => service_start_time ?? 'Any time',
  history: ({ timeline }) => (timeline ?? []).map(({ action, reason }) => ({ when: AT, what: action ?? '', ...(reason ? { detail: reason } : {}) })),
  moneyOfOrder: ({ statement }) => (statement ?? []).map(({ at, action }) => ({ when: at, what: action })),
}
const jsonOf = (archive: Archive) => Object.fromEntries(jsonFilesOf(archive, DRAWN).map(({ path, text }) => [path, JSON.parse(text) as unknown]))

/** The tags and attributes of well-formed markup: a value that was not escaped would add some. */
class Tags {
  readonly names: string[] = []
  readonly attributes: string[] = []

  constructor(text: string) {
    for (const [, name = '', rest = ''] of text.matchAll(/<([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/g)) {
      this.names.push(name)
      for (const [, attribute = ''] of rest.matchAll(/\s+([a-z-]+)(?:="[^"]*")?/g)) this.attributes.push(attribute)
    }
  }
}

it('a customer gets every part as JSON, with the files by their place', async () => {
  const from = source({
    orders: () => Promise.resolve(page([order(1)])), reviews: () => Promise.resolve(page([review()])),
    photos: () => Promise.resolve([{ command_id: 'c', hash: 'ab', bytes: 7, taken: 'job', arrived_at: AT }]),
    profile: () => Promise.resolve(customer({ photo: 'face' })),
  })
  const files = jsonOf(await new ArchiveReading(from, CUSTOMER).read(context()))
  expect(Object.keys(files)).toEqual(['about', 'account', 'profile', 'addresses', 'orders', 'reviews', 'money', 'inbox', 'notifications', 'sign_ins', 'files'].map(name => `data/${name}.json`))
  expect(files['data/about.json']).toEqual({ format: 1, drawn_at: '2026-11-30T04:00:00.000Z', person: CUSTOMER, not_included: [] })
  expect(files['data/orders.json']).toMatchObject([{ code: 'N-1', timeline: [{ action: 'accept' }], photos: [{ hash: 'ab', file: 'photos/N-1/job-1.jpg' }], payments: [], refund_requests: [] }])
  expect(files['data/reviews.json']).toMatchObject({ written: [{ comment: 'Good work' }], received: [] })
  expect(files['data/files.json']).toMatchObject([{ path: 'files/photo.jpg', of: 'profile_photo' }, { path: 'photos/N-1/job-1.jpg', of: 'order', bytes: 7 }])
})

it('an administrator gets no inbox and no money, and the page says so', async () => {
  const archive = await new ArchiveReading(source(), ADMIN).read(context())
  expect(Object.keys(jsonOf(archive))).not.toContain('data/inbox.json')
  expect(Object.keys(jsonOf(archive))).not.toContain('data/money.json')
  expect(pageOf(archive, DRAWN, words)).toContain('The inbox that all administrators share is not part of it.')
})

it('a provider gets the account month by month', async () => {
  const line = { account: 'provider', currency: 'CNY', order_id: null, fee: null } as const
  const archive = await new ArchiveReading(source({
    earnings: () => Promise.resolve([{ currency: 'CNY', available: '90.00', sending: '0.00' }]),
    lines: () => Promise.resolve(page([{ ...line, action: 'release', amount: '-90.00', fee: '10.00', at: '2026-11-20T12:00:00Z' }, { ...line, action: 'payout', amount: '50.00', at: '2026-10-20T12:00:00Z' }, { ...line, action: 'release', amount: '-50.00', at: '2026-10-10T12:00:00Z' }])),
    profile: () => Promise.resolve(provider()),
  }), PROVIDER).read(context())
  expect(monthsOfAccount(archive)).toEqual([
    { month: '2026-11', currency: 'CNY', opening: 0, earned: 9_000, fees: 1_000, paidOut: 0, closing: 9_000 },
    { month: '2026-10', currency: 'CNY', opening: 0, earned: 5_000, fees: 0, paidOut: 5_000, closing: 0 },
  ])
  expect(pageOf(archive, DRAWN, words)).toContain('<td class="text">2026-11</td><td class="sum">¥90.00</td>')
})

it('every value of the page is escaped, whoever wrote it', async () => {
  const from = source({
    orders: () => Promise.resolve(page([order(1, { code: HOSTILE, title: HOSTILE, description: HOSTILE, address: HOSTILE })])),
    timeline: () => Promise.resolve([step({ reason: HOSTILE, evidence: { signed_by: HOSTILE, checklist: [{ key: HOSTILE, done: true }] } })]),
    reviews: () => Promise.resolve(page([review({ comment: HOSTILE, reply: { at: AT, text: HOSTILE }, hidden_reason: HOSTILE })])),
    profile: () => Promise.resolve(provider({
      full_name: HOSTILE, bio: HOSTILE, phone_number: HOSTILE, profile_picture_url: HOSTILE, skills: [HOSTILE], photo: 'face', pictures: [{ file_id: 'p', caption: HOSTILE, width: 1, height: 1 }],
      portfolio: [{ title: HOSTILE, description: HOSTILE }], certifications: [{ name: HOSTILE, number: HOSTILE, issuer: HOSTILE, file_url: HOSTILE }], verification: { state: 'rejected', asks_more: false, steps: [{ act: 'rejected', at: AT, by: 'a', reason: HOSTILE }] },
    })),
    addresses: () => Promise.resolve({ version: 1, items: [{ id: 'a', detail: HOSTILE, label: HOSTILE, city: HOSTILE, recipient_name: HOSTILE, phone_number: HOSTILE, is_default: true }] }),
    inbox: () => Promise.resolve({ ...page([{ id: 'i', event_id: 'e', type: null, kind: null, order_id: null, location: null, alarm: null, counterpart: null, title: HOSTILE, content: HOSTILE, match_reasons: [], is_read: true, created_at: AT }]) }),
    pushDevices: () => Promise.resolve(page([{ id: 'p', name: HOSTILE, endpoint_hash: HOSTILE, created_at: AT, last_delivered_at: null, last_failed_at: null }])),
    devices: () => Promise.resolve(page([{ device_id: 'd', label: HOSTILE, tablet: HOSTILE, first_seen_at: AT, renewed_at: AT }])),
    identities: () => Promise.resolve({ has_password: true, items: [{ id: 'i', label: HOSTILE, phone: false, origin: false, linked_at: AT }] }),
    file: () => Promise.resolve(picture()),
  })
  const text = pageOf(await new ArchiveReading(from, PROVIDER).read(context()), DRAWN, words)
  const shown = new Tags(text)
  expect(shown.names.filter(name => ['script', 'iframe', 'object', 'form', 'link'].includes(name))).toEqual([])
  expect(shown.attributes.filter(name => name.startsWith('on'))).toEqual([])
  expect(text.split(escaped(HOSTILE)).length).toBeGreaterThan(20)
  expect(text).not.toContain('<img src=x')
  expect(text).toContain("script-src 'none'")
})

it('markup takes words as words and markup as markup', () => {
  expect(markup`<p title="${'"'}">${'<b>'}${markup`<b>${1}</b>`}${[markup`<i>`]}</p>`.text).toBe('<p title="&quot;">&lt;b&gt;<b>1</b><i></p>')
  expect(escaped(`a&b'c\`d\u0007e\n`)).toBe('a&amp;b&#39;c&#96;d\ufffde\n')
})

it('an empty account has a page that says that there is nothing yet', async () => {
  const text = pageOf(await new ArchiveReading(source(), CUSTOMER).read(context()), DRAWN, words)
  expect(text.match(/Nothing here\./g)?.length).toBeGreaterThan(4)
  expect(text).toContain('Nothing was left out.')
})

it('the page names what was cut', async () => {
  const archive = await new ArchiveReading(source(), CUSTOMER).read(context())
  expect(pageOf({ ...archive, gaps: [{ part: 'orders', why: 'newest', n: 10_000 }] }, DRAWN, words)).toContain('<li>orders newest 10000</li>')
})

it('no answer leads a file out of the archive', () => {
  expect(pathOf('files', ['../../etc/passwd', 1], 'image/png')).toBe('files/-etc-passwd-1.png')
  expect(pathOf('files', ['x'], 'text/html')).toBe('files/x.bin')
  expect(archiveName({ ...CUSTOMER, username: '../a b' }, DRAWN)).toBe('holdfast-..-a-b-2026-11-30.zip')
})

it('the zip holds texts and files, byte for byte', async () => {
  const text = `${'工作🙂'.repeat(300_000)}`
  const zip = await zipOf([{ path: 'index.html', text }], [{ path: 'files/photo.jpg', of: 'profile_photo', id: 'face', bytes: picture('\u0000\u00ff') }], DRAWN, new AbortController().signal)
  const files = unzipSync(new Uint8Array(await zip.arrayBuffer()))
  expect(Object.keys(files)).toEqual(['index.html', 'files/photo.jpg'])
  expect(strFromU8(files['index.html'] as Uint8Array)).toBe(text)
  expect(files['files/photo.jpg']).toEqual(new Uint8Array(await picture('\u0000\u00ff').arrayBuffer()))
})

it('packing ends when the page is left', async () => {
  const leaving = new AbortController()
  leaving.abort()
  await expect(zipOf([{ path: 'a', text: 'a' }], [], DRAWN, leaving.signal)).rejects.toBe(leaving.signal.reason)
})

it('no piece of a text ends within a sign', () => {
  expect(piecesOf('ab🙂cd', 3)).toEqual(['ab', '🙂c', 'd'])
  expect(piecesOf('')).toEqual([])
})

it('both languages say the same things', () => {
  const shapeOf = (value: unknown): unknown => (typeof value === 'string' ? [...value.matchAll(/\{\w+\}/g)].map(([name]) => name).sort() : Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, shapeOf(inner)])))
  expect(shapeOf(archiveTexts('zh-CN'))).toEqual(shapeOf(archiveTexts('en')))
})
