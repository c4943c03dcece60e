// A gateway that answers from memory: enough of every part for each page of the portal to have something to show.
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { SHOWN_MS_MAX } from './browser.mjs'
import { contactsOf } from './contacts.answers.mjs'
import { deletionOf } from './deletion.answers.mjs'
import { actsOf } from './acts.answers.mjs'
import { deliveriesOf } from './deliveries.answers.mjs'
import { messagesOf } from './messages.answers.mjs'
import { offersOf } from './offers.answers.mjs'
import { pushOf } from './push.answers.mjs'
import { timesOf } from './times.answers.mjs'
import { trendsOf } from './trends.answers.mjs'
import { reviewsOf } from './reviews.answers.mjs'
import { seriesOf } from './series.answers.mjs'

export const NOW = Date.parse('2026-11-21T10:52:00Z')
export const at = (time) => new Date(Date.parse(`2026-11-21T${time}Z`)).toISOString()
export const id = (n) => `0193a1c2-0000-7000-8000-${String(n).padStart(12, '0')}`
export const PEOPLE = {
  customer: { user_id: id(1), username: 'linxiaomei', role: 'customer' },
  provider: { user_id: id(2), username: 'wangjianguo', role: 'provider' },
  admin: { user_id: id(3), username: 'chenyu', role: 'admin' },
}
export const CSRF = 'csrf-of-this-session'
/** Of everybody. */
export const PASSWORD = 'correct horse battery'
const OTHER = id(4)
const CHALLENGE = 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc'
const WRONG_PASSKEY = [401, { code: 'passkey_wrong', title: 'The passkey was not accepted.', status: 401 }]
/** Whether a browser has answered our challenge in that ceremony, at this page. Rust tests verify the rest. */
function answers({ client_data: clientData }, type) {
  const told = JSON.parse(Buffer.from(clientData, 'base64url'))
  return told.type === type && told.challenge === CHALLENGE && told.origin.startsWith('http://localhost:')
}
/** The id of a new credential, which comes after 55 bytes of the authenticator's data. */
function credentialIn(attestation) {
  const bytes = Buffer.from(attestation, 'base64url')
  const data = bytes.subarray(bytes.indexOf('authData') + 10)
  return data.subarray(55, 55 + data.readUInt16BE(53)).toString('base64url')
}
export const FACTOR_SECRET = { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', address: 'otpauth://totp/Holdfast:chenyu?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Holdfast' }
export const RECOVERY_CODES = Array.from({ length: 10 }, (_, n) => `7KQ2-XM4T-B9HD-000${n}`)
export const NAMES = { [PEOPLE.customer.user_id]: '林小梅', [PEOPLE.provider.user_id]: '王建国', [OTHER]: '赵敏', [PEOPLE.admin.user_id]: '陈宇' }
/** Finished work with a review, and without one. No list has it. */
export const [REVIEWED, DONE] = [id(161), id(162)]
/** An open job that is offered to one provider. No list has it. */
export const OFFERED = id(163)
/** Of the receipt of the order that every page shows. */
export const SECRET = 'ab'.repeat(32)

/** The text that comes with the gateway. */
const sitePage = (page, language) => ({ page, language, text: readFileSync(new URL(`../../cloud/gateway/pages/${page}.${language}.md`, import.meta.url), 'utf8') })

export function orderOf(n, change = {}) {
  return {
    id: id(100 + n), code: `N-7F3K${String(n).padStart(2, '0')}`, customer_id: PEOPLE.customer.user_id, provider_id: null,
    title: n % 2 ? '厨房水龙头漏水' : 'Set up a router and two printers', description: n % 3 ? '关紧后仍滴水，大约每秒一滴。' : '', service_type: 'cleaning_repair',
    price: '180.00', currency: 'CNY', location: ['NORTH', 'SOUTH', 'EAST', 'WEST', 'MID'][n % 5], address: '望京街道花家地北里 12 号楼',
    service_start_time: at('14:00:00'), service_end_time: at('16:00:00'), status: 'pending_review', payment_status: 'unpaid', version: 1,
    created_at: at(`09:${String(10 + (n % 50)).padStart(2, '0')}:00`), updated_at: at('10:00:00'), source: n % 4 ? 'portal' : 'north-1', ...change,
  }
}

function step(version, action, actor, change = {}) {
  return {
    version, action, actor, from: 'pending', to: 'accepted', code: null, reason: null, hops: { tapped_at: null, edge_at: null, cloud_at: at('10:52:41.100') },
    command_id: id(900 + version), source: 'portal', edge: null, epoch: null, seq: null, verdict: null, ...change,
  }
}
const lost = {
  ...step(3, 'accept', { user_id: OTHER, role: 'provider' }, {
    from: 'accepted', code: 'order_already_accepted', source: 'north-1', edge: 'north-1', epoch: 7, seq: 41, verdict: 'provisional',
    hops: { tapped_at: at('10:41:07'), edge_at: at('10:41:08'), cloud_at: at('11:02:31') },
  }),
}
const promise = (edge) => ({ source: edge, edge, epoch: 7, seq: 12, verdict: 'firm', promise: { edge, epoch: 7, fence: 4, why: null, end: null } })
/** One that the cloud kept, and one whose order was cancelled meanwhile. */
const firmAnswers = [
  {
    ...step(4, 'accept', { user_id: OTHER, role: 'provider' }, { from: 'cancelled', to: 'cancelled', code: 'order_cancelled_meanwhile', ...promise('north-1') }),
    id: 31, order_id: id(161), order_code: 'N-7F3K61', region: 'NORTH', order_status: 'cancelled',
    cases: [{ id: 4, order_id: id(161), order_code: 'N-7F3K61', region: 'NORTH', user_id: OTHER, kind: 'met_closed', command_id: id(502), code: 'order_cancelled_meanwhile', at: at('10:52:00'), taken_by: null, taken_at: null, closed_by: null, closed_at: null, closed_why: null }],
  },
  { ...step(3, 'accept', { user_id: PEOPLE.provider.user_id, role: 'provider' }, promise('south-1')), id: 30, order_id: id(160), order_code: 'S-7F3K60', region: 'SOUTH', order_status: 'completed', cases: [] },
]
const timeline = [
  step(1, null, { user_id: PEOPLE.customer.user_id, role: 'customer' }, {
    from: null, to: 'pending_review', source: 'north-1', edge: 'north-1', epoch: 7, seq: 3, hops: { tapped_at: at('09:12:04.200'), edge_at: at('09:12:04.300'), cloud_at: at('09:31:40') },
  }),
  step(2, 'approve', { user_id: PEOPLE.admin.user_id, role: 'admin' }, { from: 'pending_review', to: 'pending', hops: { tapped_at: null, edge_at: null, cloud_at: at('09:34:00') } }),
  step(3, 'accept', { user_id: PEOPLE.provider.user_id, role: 'provider' }),
  lost,
]

const edge = (name, change = {}) => ({
  edge: name, link: 'up', since: at('08:00:00'), last_contact_at: at('10:51:59'), epoch: 7, version: '0.1.0', pending: 0, oldest_pending_at: null, undecided: 0,
  held: 0, parked: 0, lag_up_ops: 0, lag_down_changes: 0, lag_down_outcomes: 0, checksum: 'match', clock_error_ms: 12, disk_free_bytes: 24e9, repairs: 0,
  stopped: 0, lost: 0, ...change,
})
const cut = { link: 'down', since: at('10:38:00'), pending: 38, oldest_pending_at: at('10:38:20') }
const regionOf = (region, gate, change = {}, edgeChange = {}) => ({
  region, gate, policy: 'optimistic', holder: null, feed_seq: 90, orders: 12, asks_waiting: 0, asks_stopped: 0, edges: [edge(`${region.toLowerCase()}-1`, edgeChange)], ...change,
})

/** A line of the books. Debit is positive. */
const booked = (action, account, amount, time, change = {}) => ({ at: time, action, account, amount, currency: 'CNY', order_id: id(160), fee: null, ...change })
const PAID = booked('charge', 'adapter', '180.00', at('10:55:00'))
const RELEASED = booked('release', 'provider', '-162.00', '2026-11-18T09:00:00.000Z', { fee: '18.00' })
const LINES = {
  customer: [PAID], provider: [RELEASED],
  admin: [PAID, booked('charge', 'held', '-180.00', at('10:55:00'))],
}
/** Of a provider's account, newest first. */
const ACCOUNT = [
  booked('payout', 'provider', '162.00', '2026-11-19T02:30:00.000Z', { order_id: null }), RELEASED,
  booked('cancel_fee', 'provider', '-9.00', '2026-11-04T12:00:00.000Z', { order_id: id(199) }), booked('release', 'provider', '-90.00', '2026-10-20T12:00:00.000Z', { order_id: id(198), fee: '10.00' }),
]

const NOBODYS_HOURS = { monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] }
const person = (who, change) => ({ user_id: who.user_id, role: who.role, version: 3, is_complete: true, full_name: '林小梅', phone_number: '+8613800138000', created_at: at('08:00:00'), updated_at: at('10:00:00'), ...change })
/** A provider's whole profile, as he and admins see it. */
const offerOf = (who, change = {}) => ({
  ...person(who, { full_name: '王建国', bio: '从业十二年，水电维修。' }), skills: ['水管', '门锁'], service_categories: ['cleaning_repair', 'it_technology'], service_areas: ['NORTH', 'MID'],
  hourly_rate: '60.00', experience_years: 12, availability: { ...NOBODYS_HOURS, monday: ['09:00-12:00', '13:00-24:00'] }, exceptions: [{ day: '2026-12-24', hours: [] }], portfolio: [{ title: 'A kitchen' }], pictures: [{ file_id: id(801), caption: '新装的水龙头', width: 4, height: 3 }],
  verified: false, is_active: true, completed_orders: 31, rating_hundredths: 480, total_reviews: 21, certifications: [{ name: '养老护理员', number: '2024-44-118203', issuer: '人社局', valid_until: '2027-06-30', document: id(802) }],
  verification: { state: 'none', steps: [] }, ...change,
})
/** A list shows no number whole. */
const masked = (one) => ({ ...one, phone_number: '***00', certifications: one.certifications.map((paper) => ({ ...paper, number: '***' })) })
const handedIn = (who) => ({ state: 'waiting', submitted_at: at('08:40:00'), steps: [{ act: 'submitted', at: at('08:40:00'), by: who.user_id }] })
const waitingOf = (n, full_name, change = {}) => {
  const who = { user_id: id(600 + n), role: 'provider' }
  return offerOf(who, { full_name, verification: handedIn(who), ...change })
}

const OF_ADMINS = [
  'cancel_orders', 'withdraw_orders', 'approve_orders', 'refund_money', 'set_fees', 'moderate_reviews', 'read_desks', 'verify_providers', 'read_people', 'revoke_people', 'end_sessions', 'reset_passwords', 'manage_roles', 'read_platform', 'manage_regions',
  'manage_edges', 'manage_keys', 'read_acts',
]
const roleOf = (role_id, name, permissions) => ({ role_id, name, description: '', base: name, built_in: true, permissions })
const personOf = (who, change = {}) => ({ ...who, email: `${who.username[0]}***@example.com`, role_id: 1, role_name: who.role, state: 'open', created_at: at('08:00:00'), roles_given: [], ...change })

/** A picture of four by three pixels, grey. */
export const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAAAAACRn/EaAAAADklEQVR4nGOYCQQMcAIANdkHLfwU6FoAAAAASUVORK5CYII=', 'base64')
const isPicture = (bytes) => bytes.subarray(1, 4).toString() === 'PNG'

const wishesOf = ({ version, channels, by }) => ({
  version, language: 'en', time_zone: 'Asia/Shanghai', quiet_hours: null, digest_hour: null, channels,
  kinds: Object.entries(by).map(([kind, channels]) => ({ kind, channels, locked: kind === 'account' ? ['email'] : [], passes_quiet_hours: kind === 'account' })),
})

const roleNamed = (username) => Object.keys(PEOPLE).find((role) => PEOPLE[role].username === username) ?? 'customer'

/** `orders` wait for approval; `own` is the order that every page about one order shows; `said` stands wherever a person's or a
 * part's words do: names, reasons, news. */
export function gateway({ role = 'admin', orders = [1, 2, 3, 4, 5].map((n) => orderOf(n)), own = {}, said, payments = [], requests = [], lines, factor = {} } = {}) {
  const state = {
    sessions: [600, 601, 602].map((n) => ({ session_id: id(n), kind: 'access', created_at: at(`0${610 - n - 1}:00:00`), expires_at: at('11:50:00'), current: n === 600 })),
    devices: [671, 672].map((n) => ({ device_id: id(n), label: n === 671 ? 'Chrome, Android' : 'Safari, iOS', tablet: `tablet-${n}`, first_seen_at: at('07:00:00'), renewed_at: at('08:00:00') })),
    role, asked: [], pageSize: 100, alarms: [], deskCases: [{
      id: 2, order_id: id(160), order_code: 'N-7F3K60', region: 'EAST', user_id: OTHER, kind: 'revoked_meanwhile', command_id: id(501), code: 'revoked', at: at('10:47:00'),
      taken_by: null, taken_at: null, closed_by: null, closed_at: null, closed_why: null,
    }], gates: { NORTH: 'closed' }, east: { held: 1, stopped: 1, newcomers_waiting: 3 }, missing: ['auth'], silent: [], stream: 'retry: 3600000\nevent: ready\ndata: {"resumed":true}\n\n', right: { policy: 'optimistic', holder: null },
    profile: role === 'customer' ? { ...person(PEOPLE.customer), date_of_birth: '1990-01-01', preferences: {} } : offerOf(PEOPLE.provider),
    addresses: [
      { id: id(701), label: '家', detail: '花家地北里 12 号楼', city: '朝阳区', province: '北京市', region: 'NORTH', is_default: true },
      { id: id(702), detail: '1 Harbour Road', recipient_name: '林小梅', phone_number: '+8613800138000', is_default: false },
    ],
    providers: [waitingOf(1, said ?? '孙丽华'), waitingOf(2, 'Ana Ruiz', { certifications: [{ name: 'Spanish C2', number: 'C2-77', issuer: 'Instituto Cervantes', valid_until: '2026-01-31' }] }), waitingOf(3, '郭志强')],
    people: [
      personOf(PEOPLE.admin, { role_id: 3 }), personOf(PEOPLE.customer), personOf(PEOPLE.provider, { role_id: 2 }),
      personOf({ user_id: id(650), username: 'zhaolei', role: 'admin' }, { role_id: 101, role_name: said ?? '证书核验', second_factor_since: at('08:00:00') }),
      personOf({ user_id: id(651), username: 'sunhao', role: 'customer' }, { state: 'closed', closed: { at: at('09:00:00'), by: PEOPLE.admin.user_id, reason: said ?? '多次爽约。' } }),
    ],
    roles: [
      roleOf(1, 'customer', ['publish_orders', 'cancel_orders']), roleOf(2, 'provider', ['accept_orders', 'do_orders', 'withdraw_orders']), roleOf(3, 'admin', OF_ADMINS),
      { ...roleOf(101, said ?? '证书核验', ['verify_providers', 'read_people']), base: 'admin', built_in: false, people: 1, description: said ?? '只看证书' },
    ],
    wishes: { version: 0, channels: ['email', 'sms', 'push'], by: { orders: ['email'], jobs: [], money: ['email'], reviews: ['email'], account: ['email'] } },
    permissions: OF_ADMINS, grants: [{ session_id: id(660), kind: 'device_grant', created_at: at('08:00:00'), expires_at: at('23:00:00'), current: false, device: 'tablet-7', region: 'NORTH' }],
    terms: { order_id: id(160), fee: '18.00', refund: '162.00', held: '180.00', currency: 'CNY', free_until: at('10:00:00'), at: at('10:52:00') },
    tracked: {
      code: 'N-7F3K60', location: 'NORTH', service_type: 'cleaning_repair', status: 'accepted', service_start_time: at('14:00:00'), service_end_time: at('16:00:00'), created_at: at('09:31:40'), updated_at: at('10:52:41'), can_cancel: false,
      steps: [{ status: 'pending_review', at: at('09:31:40') }, { status: 'pending', at: at('09:34:00') }, { status: 'accepted', at: at('10:52:41') }],
    },
    boxes: [
      { name: 'notification.order.dead', kind: 'dead', part: 'notification', waiting: 2, letters: [
        { event: id(970), type: 'order.approved', happened_at: at('10:00:00'), put_aside_at: at('10:02:00'), reason: said ?? 'could not write the line of the inbox' }, { event: id(971), type: 'order.accepted', happened_at: at('10:10:00'), reason: 'the same' },
      ] },
      { name: 'order.unrouted', kind: 'unrouted', part: 'order', waiting: 0, letters: [] },
    ],
    factor: { code: '123456', since: null, passkeys: [], site: 'localhost', asks: undefined, ways: ['app', 'recovery_code'], ...factor },
    payments, requests, methods: ['simulated'], kept: [], lines: lines ?? LINES[role] ?? [],
    orders: [...orders, orderOf(60, { status: 'accepted', provider_id: PEOPLE.provider.user_id, version: 3, title: '厨房水龙头漏水', ...own })],
  }
  const finished = [['reviewed', 61], ['completed', 62]].map(([status, n]) => orderOf(n, { status, payment_status: 'held', provider_id: PEOPLE.provider.user_id, version: 5 }))
  const offered = orderOf(63, { status: 'pending', version: 2, location: 'NORTH', offer: { until: at('12:52:00'), provider_ids: [OTHER] } })
  const known = () => [...state.orders, ...finished, offered]
  const regions = () => [
    regionOf('NORTH', state.gates.NORTH ?? 'open', {}, state.gates.NORTH === 'closed' ? { ...cut, lost: 1 } : { lost: 1 }), regionOf('SOUTH', state.gates.SOUTH ?? 'open', { ...state.right }),
    regionOf('EAST', 'open', {}, state.east), regionOf('WEST', 'open'), regionOf('MID', 'open'),
  ]
  const page = (items) => ({ items, next: null })
  const BY = { oldest: (a, b) => a.created_at.localeCompare(b.created_at), price_low: (a, b) => a.price - b.price, price_high: (a, b) => b.price - a.price, start: (a, b) => (a.service_start_time ?? '9').localeCompare(b.service_start_time ?? '9') }
  const sorted = (items, query) => items.toSorted(BY[query.get('sort')] ?? (() => 0))
  const isProof = (proof) => proof && answers(proof, 'webauthn.get') && state.factor.passkeys.some(({ credential }) => credential === proof.credential_id)
  const factorProof = (body) => {
    if (body.passkey) return isProof(body.passkey) ? undefined : WRONG_PASSKEY
    return body.code === state.factor.code ? undefined : [401, { code: 'code_wrong', title: 'The code is wrong.', status: 401 }]
  }
  const ownProof = (body) => {
    if (state.factor.since || state.factor.passkeys.length > 0) return factorProof(body)
    return body.password === PASSWORD ? undefined : [401, { code: 'invalid_credentials', title: 'The user name or the password is wrong.', status: 401 }]
  }
  const newPasskey = () => ({ challenge: CHALLENGE, site: state.factor.site, user_handle: PEOPLE.admin.user_id, username: 'chenyu', credentials: state.factor.passkeys.map(({ credential }) => credential), expires_at: at('10:35:00') })
  const routes = [
    ['GET', /^\/session$/, () => (state.role ? { ...PEOPLE[state.role], ...(said && { username: said }), region: null, expires_at: NOW + 3_600_000, csrf_token: CSRF } : 401)],
    ['POST', /^\/session\/second-factor$/, ({ body }) => (body.code === state.factor.code || body.new_passkey || isProof(body.passkey)
      ? { ...PEOPLE[state.role = 'admin'], region: null, expires_at: NOW + 3_600_000, csrf_token: CSRF, ...(state.factor.asks === 'second_factor_setup_required' && { recovery_codes: RECOVERY_CODES }) }
      : [401, { code: 'code_wrong', title: 'The code is wrong.', status: 401 }])],
    ['DELETE', /^\/session$/, () => { delete state.role; return [204] }],
    ['POST', /^\/session$/, ({ body }) => (state.factor.asks ? [401, { code: state.factor.asks, title: 'A second factor', status: 401, ticket: 'a-ticket', expires_at: at('11:00:00'), passkey_site: state.factor.site, ...(state.factor.asks === 'second_factor_required' && { ways: state.factor.ways }) }] : { ...PEOPLE[(state.role ??= roleNamed(body.username))], region: null, expires_at: NOW + 3_600_000, csrf_token: CSRF })],
    ['POST', /^\/auth\/login\/second-factor\/set-up$/, () => FACTOR_SECRET],
    ['GET', /^\/auth\/second-factor$/, () => {
      const { since, passkeys, site } = state.factor
      const first = since ?? passkeys[0]?.created_at ?? null
      return { since: first, app_since: since, passkeys: passkeys.map(({ credential, ...item }) => item), passkey_site: site, recovery_codes_left: first ? 10 : 0, required: false }
    }],
    ['POST', /^\/auth\/second-factor$/, ({ body }) => ownProof(body) ?? FACTOR_SECRET],
    ['POST', /^\/auth\/second-factor\/passkeys\/begin$/, ({ body }) => ownProof(body) ?? newPasskey()],
    ['POST', /^\/auth\/login\/second-factor\/passkey\/set-up$/, () => newPasskey()],
    ['POST', /^\/auth\/(login\/)?second-factor\/passkey$/, () => ({ challenge: CHALLENGE, site: state.factor.site, credentials: state.factor.passkeys.map(({ credential }) => credential), expires_at: at('10:35:00') })],
    ['POST', /^\/auth\/second-factor\/passkeys$/, ({ body }) => {
      if (!answers(body, 'webauthn.create')) return WRONG_PASSKEY
      const isFirst = !state.factor.since && state.factor.passkeys.length === 0
      state.factor.passkeys.push({ id: id(700 + state.factor.passkeys.length), label: body.label, created_at: at('10:30:00'), last_used_at: null, credential: credentialIn(body.attestation) })
      return { id: id(700), ...(isFirst && { recovery_codes: RECOVERY_CODES }) }
    }],
    ['POST', /^\/auth\/second-factor\/passkeys\/([\w-]+)\/remove$/, ({ match, body }) => {
      const refused = factorProof(body)
      if (refused) return refused
      state.factor.passkeys = state.factor.passkeys.filter(({ id: own }) => own !== match[1])
      return [204]
    }],
    ['POST', /^\/auth\/second-factor\/(confirm|recovery-codes|turn-off)$/, ({ match, body }) => {
      const refused = factorProof(body)
      if (refused) return refused
      if (match[1] === 'turn-off') state.factor.since = null
      if (match[1] === 'confirm') state.factor.since = at('10:30:00')
      return match[1] === 'turn-off' ? [204] : { recovery_codes: RECOVERY_CODES }
    }],
    ['GET', /^\/pages\/(help|terms|privacy)$/, ({ match, headers }) => sitePage(match[1], headers['accept-language'] === 'zh-CN' ? 'zh-CN' : 'en')],
    ['GET', /^\/auth\/sessions$/, () => page(state.sessions)],
    ['DELETE', /^\/auth\/sessions\/others$/, () => {
      const ended = state.sessions.filter(({ current }) => !current).length
      state.sessions = state.sessions.filter(({ current }) => current)
      return { ended }
    }],
    ['DELETE', /^\/auth\/sessions\/([\w-]+)$/, ({ match }) => { state.sessions = state.sessions.filter(({ session_id }) => session_id !== match[1]); return [204] }],
    ['GET', /^\/auth\/devices$/, () => page(state.devices)],
    ['PUT', /^\/auth\/devices\/([\w-]+)$/, ({ match, body }) => {
      const label = body.label.trim()
      if (label === '') return [422, { status: 422, title: 'Some fields need correcting.', code: 'invalid_input', errors: [{ field: 'label', message: 'This is required.' }] }]
      state.devices.find(({ device_id }) => device_id === match[1]).label = label
      return [204]
    }],
    ['DELETE', /^\/auth\/devices\/([\w-]+)$/, ({ match }) => { state.devices = state.devices.filter(({ device_id }) => device_id !== match[1]); return [204] }],
    ['POST', /^\/auth\/password$/, ({ body }) => {
      if (body.old_password !== PASSWORD) return [401, { status: 401, title: 'The user name or the password is wrong.', code: 'invalid_credentials' }]
      if (body.new_password.length < 10) return [422, { status: 422, title: 'Some fields are wrong.', code: 'invalid_input', errors: [{ field: 'new_password', message: 'Use at least 10 characters.' }] }]
      state.sessions = state.sessions.filter(({ current }) => current)
      return { ended: 2 }
    }],
    ['GET', /^\/admin\/orders$/, ({ query }) => {
      const wanted = ['status', 'service_type', 'code', 'customer_id', 'provider_id'].filter((field) => query.get(field))
      const fits = state.orders.filter((order) => wanted.every((field) => order[field] === query.get(field)) && (!query.get('region') || order.location === query.get('region')))
      // As many are looked through at a time as a page has, as the order service does.
      const from = Number(query.get('cursor') ?? 0)
      const looked = sorted(fits, query).slice(from, from + state.pageSize)
      const items = looked.filter((order) => !query.get('text') || order.title.includes(query.get('text')))
      return { items, next: from + state.pageSize < fits.length ? String(from + state.pageSize) : null }
    }],
    ['GET', /^\/orders\/available$/, ({ query }) => {
      const isWanted = (order) => order.service_type === (query.get('service_type') ?? order.service_type) && order.location === (query.get('region') ?? order.location)
      const fits = sorted(state.orders, query).filter((order) => isWanted(order) && order.title.includes(query.get('text') ?? '') && Number(order.price) >= Number(query.get('price_min') ?? 0))
      return page(fits.map((order) => ({ ...order, status: 'pending', address: '' })))
    }],
    ['GET', /^\/platform-fees$/, () => ({ complete_until: at('11:52:00'), versions: [{ from: '1970-01-01T00:00:00.000Z', basis_points: 1000 }], objection_ms: 72 * 60 * 60_000 })],
    ['GET', /^\/cancel-fees$/, () => ({ complete_until: at('11:52:00'), versions: [{ from: '1970-01-01T00:00:00.000Z', basis_points: 1000, notice_hours: 24 }] })],
    ['GET', /^\/calendar-feed$/, () => ({ created_at: state.feed?.created_at ?? null })],
    ['POST', /^\/calendar-feed$/, () => (state.feed = { path: `/api/v1/calendar.ics?s=${'q'.repeat(42)}${(state.feeds = (state.feeds ?? 0) + 1)}`, created_at: new Date(NOW).toISOString() })],
    ['DELETE', /^\/calendar-feed$/, () => { delete state.feed; return [204] }],
    ['GET', /^\/regions$/, () => page(state.links ?? [])],
    ['GET', /^\/orders\/paid-afterwards$/, () => ({ items: state.paidAfterwards ?? [] })],
    ['GET', /^\/orders$/, ({ query }) => {
      const fits = sorted(state.orders.filter((order) => order.status === (query.get('status') ?? order.status)), query)
      const from = Number(query.get('cursor') ?? 0)
      return { items: fits.slice(from, from + state.pageSize), next: from + state.pageSize < fits.length ? String(from + state.pageSize) : null }
    }],
    ['POST', /^\/orders$/, ({ body }) => [201, { order_id: id(160), code: 'N-7F3K60', message: 'Order published.', order: orderOf(60, body) }]],
    ['GET', /^\/orders\/([\w-]+)\/cancellation$/, () => state.terms],
    ['GET', /^\/orders\/([\w-]+)\/tracking$/, () => ({ code: 'N-7F3K60', secret: SECRET })],
    ['GET', /^\/track\/([\w-]+)$/, ({ match, query }) => (match[1] === 'N-7F3K60' && query.get('s') === SECRET ? state.tracked : 404)],
    ['GET', /^\/track\/[\w-]+\/cancellation$/, () => state.terms],
    ['POST', /^\/track\/[\w-]+\/cancel$/, () => Object.assign(state.tracked, { status: 'cancelled', can_cancel: false })],
    ['GET', /^\/orders\/([\w-]+)\/statement$/, () => ({ items: state.lines })],
    ['GET', /^\/orders\/([\w-]+)\/photos$/, () => ({ items: [] })],
    ['GET', /^\/orders\/([\w-]+)\/timeline$/, () => ({ items: timeline.map((step) => ({ ...step, reason: said ?? step.reason })) })],
    ['GET', /^\/orders\/([\w-]+)$/, ({ match }) => known().find((order) => order.id === match[1]) ?? 404],
    ['POST', /^\/orders\/([\w-]+)\/(\w+)$/, ({ match }) => {
      const order = state.orders.find(({ id }) => id === match[1])
      order.status = { approve: 'pending', reject: 'rejected', cancel: 'cancelled', accept: 'accepted' }[match[2]] ?? order.status
      return { order_id: order.id, status: order.status, provider_id: null, message: 'Done.', order }
    }],
    ['GET', /^\/notifications\/preferences$/, () => wishesOf(state.role === 'admin' ? { ...state.wishes, channels: ['push'], by: { alarms: [] } } : state.wishes)],
    ['PUT', /^\/notifications\/preferences$/, ({ body }) => {
      state.wishes = { ...state.wishes, version: body.version + 1, by: Object.fromEntries(body.kinds.map(({ kind, channels }) => [kind, channels])) }
      return wishesOf(state.wishes)
    }],
    ['GET', /^\/notifications$/, () => ({ ...page([...state.alarms, { id: id(300), event_id: id(301), type: 'order.accepted', kind: 'order_accepted', order_id: id(160), location: 'NORTH', alarm: null, counterpart: null, title: said ?? 'Order accepted', content: said ?? 'A provider accepted your order “厨房水龙头漏水”.', match_reasons: [], is_read: false, created_at: at('10:52:41') }]), unread: 1 })],
    ['GET', /^\/admin\/status$/, () => ({ now: new Date(NOW).toISOString(), regions: regions() })],
    ['PUT', /^\/admin\/regions\/(\w+)$/, ({ match, body }) => { state.gates[match[1]] = body.gate; return {} }],
    ['GET', /^\/admin\/edges$/, () => page(regions().flatMap(({ region, edges }) => edges.map((one) => ({ ...one, region, created_at: at('08:00:00'), enrolled_at: at('08:00:00'), cursor_seq: 12, outcome_cursor: 3, feed_cursor: 90 }))))],
    ['POST', /^\/admin\/edges$/, ({ body }) => [201, { ...body, code: '7QZ0-AB12-CD34-EF56-GH78-JK90', expires_at: at('23:00:00') }]],
    ['GET', /^\/admin\/queue$/, () => page([{ edge: 'east-1', epoch: 7, seq: 9, region: 'EAST', hash: 'ab'.repeat(32), kind: 'command', state: 'needs_operator', failures: 3, received_at: at('10:40:00'), command: { id: id(500), type: 'accept_order', order_id: id(160), order_code: 'N-7F3K60', actor: { user_id: OTHER, role: 'provider' }, verdict: 'provisional', edge_at: at('10:39:00') } }])],
    ['GET', /^\/admin\/asks$/, () => page([])],
    ['GET', /^\/admin\/ops\//, () => ({ edge: 'north-1', epoch: 7, seq: 12, region: 'NORTH', hash: 'cd'.repeat(32), kind: 'boot', state: 'decided', failures: 0, received_at: at('10:40:00') })],
    ['GET', /^\/admin\/cases$/, ({ query }) => page(state.deskCases.filter((one) => (one.closed_at === null) === (query.get('state') === 'open')))],
    ['GET', /^\/admin\/cases\/(\d+)$/, ({ match }) => [...state.deskCases, ...firmAnswers.flatMap(({ cases }) => cases)].find((one) => one.id === Number(match[1])) ?? 404],
    ['POST', /^\/admin\/cases\/(\d+)\/(take|close)$/, ({ match, body }) => {
      const end = match[2] === 'take' ? { taken_by: PEOPLE.admin.user_id, taken_at: at('10:52:00') } : { closed_by: PEOPLE.admin.user_id, closed_at: at('10:52:00'), closed_why: body.reason }
      return Object.assign(state.deskCases.find((one) => one.id === Number(match[1])), end)
    }],
    ['GET', /^\/admin\/commands\//, () => ({ items: [{ command_id: id(501), user_id: OTHER, applied: true, code: null, order_id: id(160), order_version: 3, op: null, decided_at: at('10:47:00') }] })],
    ['GET', /^\/admin\/lost-acceptances$/, () => page([{ ...lost, id: 1, order_id: id(160), order_code: 'N-7F3K60', region: 'NORTH', winner: { user_id: PEOPLE.provider.user_id, source: 'portal', decided_at: at('10:52:41.100'), verdict: null, race_rule: 'first_in_cloud' } }])],
    ['GET', /^\/admin\/firm-answers$/, ({ query }) => page(firmAnswers.filter(({ region, promise }) => region === (query.get('region') ?? region) && promise.edge === (query.get('edge') ?? promise.edge)))],
    ['GET', /^\/admin\/assignments\/(\w+)$/, ({ match }) => rightOf(match[1])],
    ['GET', /^\/admin\/assignments$/, () => ({ items: ['NORTH', 'SOUTH', 'EAST', 'WEST', 'MID'].map(rightOf) })],
    ['PUT', /^\/admin\/assignments\/(\w+)$/, ({ match, body }) => { Object.assign(state.right, body); return rightOf(match[1]) }],
  ]
  /** The answer to a change of the profile: refused on another version than there is. */
  const changed = (body, change) => {
    if (body.version !== undefined && body.version !== state.profile.version) return [409, { code: 'stale_version', title: 'This has changed since you read it.', status: 409, version: state.profile.version }]
    state.profile.version += 1
    return change() ?? state.profile
  }
  const pictures = () => ({ version: state.profile.version, items: state.profile.pictures })
  const book = () => ({ version: state.profile.version, items: state.addresses })
  const settleDefault = (one) => { if (one.is_default) for (const other of state.addresses) other.is_default = other === one }
  routes.push(
    ['GET', /^\/auth\/codes$/, () => ({ offered: true })],
    ['GET', /^\/auth\/oidc$/, () => ({ items: [{ name: 'acme', label: 'Acme' }, { name: 'bramble', label: 'Bramble' }] })],
    ['GET', /^\/auth\/address$/, () => state.address ?? { email: 'lin.wei@example.org', is_confirmed: true, pending: null }],
    ['GET', /^\/auth\/identities$/, () => ({ items: state.role === 'customer' ? [{ id: id(860), label: 'Bramble', phone: false, origin: false, linked_at: at('08:00:00') }] : [], has_password: state.hasPassword ?? true })],
    ['GET', /^\/users\/me\/profile$/, () => state.profile],
    ['GET', /^\/users\/[\w-]+\/account$/, () => personOf(PEOPLE[state.role])],
    ['PUT', /^\/users\/me\/profile$/, ({ body }) => changed(body, () => void Object.assign(state.profile, { ...body, version: state.profile.version, is_complete: true }))],
    ['POST', /^\/auth\/address\/confirm$/, () => {
      state.address = { ...state.address, is_confirmed: true }
      return state.address
    }],
    ['GET', /^\/users\/me\/addresses$/, book],
    ['POST', /^\/users\/me\/addresses$/, ({ body }) => changed(body, () => {
      const { version: _, ...address } = body
      state.addresses.push({ ...address, id: id(710 + state.addresses.length) })
      settleDefault(state.addresses.at(-1))
      return [201, book()]
    })],
    ['PUT', /^\/users\/me\/addresses\/([\w-]+)$/, ({ match, body }) => changed(body, () => {
      const { version: _, ...address } = body
      const one = state.addresses.find((known) => known.id === match[1])
      settleDefault(Object.assign(one, address))
      return book()
    })],
    ['DELETE', /^\/users\/me\/addresses\/([\w-]+)$/, ({ match, query }) => changed({ version: Number(query.get('version')) }, () => {
      state.addresses = state.addresses.filter((known) => known.id !== match[1])
      return book()
    })],
    ['PUT', /^\/users\/me\/photo$/, ({ body }) => {
      if (!isPicture(body)) return [415, { status: 415, title: 'Files of this kind are not taken here.', code: 'file_kind_refused' }]
      return changed({}, () => ({ photo: (state.profile.photo = id(800)), version: state.profile.version }))
    }],
    ['DELETE', /^\/users\/me\/photo$/, () => changed({}, () => { delete state.profile.photo; return { version: state.profile.version } })],
    ['POST', /^\/users\/me\/pictures$/, ({ query }) => changed({}, () => {
      state.profile.pictures.push({ file_id: id(810 + state.profile.pictures.length), caption: query.get('caption'), width: 4, height: 3 })
      return [201, pictures()]
    })],
    ['PUT', /^\/users\/me\/pictures\/([\w-]+)$/, ({ match, body }) => changed(body, () => {
      state.profile.pictures.find((one) => one.file_id === match[1]).caption = body.caption
      return pictures()
    })],
    ['DELETE', /^\/users\/me\/pictures\/([\w-]+)$/, ({ match, query }) => changed({ version: Number(query.get('version')) }, () => {
      state.profile.pictures = state.profile.pictures.filter((one) => one.file_id !== match[1])
      return pictures()
    })],
    ['POST', /^\/users\/me\/documents$/, ({ body }) => [201, { id: id(803), kind: 'application/pdf', bytes: body.length }]],
    ['GET', /^\/files\/[\w-]+$/, () => PICTURE],
    ['PUT', /^\/users\/me\/certifications$/, ({ body }) => changed(body, () => { state.profile.certifications = body.items })],
    ['POST', /^\/users\/me\/verification$/, () => changed({}, () => { state.profile.verification = handedIn(PEOPLE.provider) })],
    ['GET', /^\/auth\/permissions$/, () => ({ role: 'admin', role_name: 'admin', permissions: state.permissions })],
    ['GET', /^\/admin\/roles$/, () => page(state.roles)],
    ['POST', /^\/admin\/roles$/, ({ body }) => {
      if (!body.name) return [422, { status: 422, code: 'invalid_input', title: 'Some fields need correcting.', errors: [{ field: 'name', message: 'This is required.' }] }]
      const { reason: _, ...role } = body
      const one = { ...role, role_id: 101 + state.roles.length, base: 'admin', built_in: false, people: 0 }
      state.roles.push(one)
      return [201, one]
    }],
    ['PUT', /^\/admin\/roles\/(\d+)$/, ({ match, body }) => Object.assign(state.roles.find((one) => one.role_id === Number(match[1])), { name: body.name, permissions: body.permissions })],
    ['DELETE', /^\/admin\/roles\/(\d+)$/, ({ match }) => { state.roles = state.roles.filter((one) => one.role_id !== Number(match[1])); return [204] }],
    ['GET', /^\/admin\/names$/, ({ query }) => ({ items: query.get('ids').split(',').filter((user_id) => user_id in NAMES).map((user_id) => ({ user_id, full_name: state.deletedPerson === user_id ? '' : NAMES[user_id], deleted: state.deletedPerson === user_id })) })],
    ['GET', /^\/admin\/users$/, ({ query }) => page(state.people.filter((one) => one.username.startsWith(query.get('search') ?? '') && (!query.get('state') || one.state === query.get('state')) && (!query.get('role') || one.role_id === Number(query.get('role')))))],
    ['GET', /^\/admin\/users\/([\w-]+)$/, ({ match }) => state.people.find((one) => one.user_id === match[1]) ?? 404],
    ['PUT', /^\/admin\/users\/([\w-]+)\/role$/, ({ match, body }) => {
      const one = state.people.find((known) => known.user_id === match[1])
      const role = state.roles.find((known) => known.role_id === body.role_id)
      one.roles_given = [{ at: at('10:52:00'), by: PEOPLE.admin.user_id, reason: body.reason, was: one.role_name, became: role.name }, ...one.roles_given]
      state.grants = []
      return Object.assign(one, { role: role.base, role_id: role.role_id, role_name: role.name })
    }],
    ['POST', /^\/admin\/users\/([\w-]+)\/(revoke|readmit)$/, ({ match, body }) => {
      const one = state.people.find((known) => known.user_id === match[1])
      delete one.closed
      one.state = match[2] === 'revoke' ? 'closed' : 'open'
      if (one.state === 'closed') one.closed = { at: at('10:52:00'), by: PEOPLE.admin.user_id, reason: body.reason }
      return { user_id: one.user_id, role: one.role }
    }],
    ['GET', /^\/admin\/users\/([\w-]+)\/sessions$/, () => page([...state.grants, ...state.sessions.slice(1)])],
    ['DELETE', /^\/admin\/users\/([\w-]+)\/sessions\/([\w-]+)$/, ({ match }) => {
      for (const list of ['grants', 'sessions']) state[list] = state[list].filter(({ session_id }) => session_id !== match[2])
      return [204]
    }],
    ['POST', /^\/admin\/users\/([\w-]+)\/second-factor\/remove$/, ({ match }) => {
      delete state.people.find((known) => known.user_id === match[1]).second_factor_since
      return [204]
    }],
    ['GET', /^\/admin\/users\/([\w-]+)\/devices$/, () => page(state.devices)],
    ['DELETE', /^\/admin\/users\/([\w-]+)\/devices\/([\w-]+)$/, ({ match }) => {
      state.devices = state.devices.filter(({ device_id }) => device_id !== match[2])
      return [204]
    }],
    ['GET', /^\/admin\/matches$/, ({ query }) => {
      const fits = [
        { user_id: OTHER, full_name: 'Gao Jie', score: 90, reasons: ['serves_the_area', 'does_this_work', 'verified', 'works_that_day'], is_booked: false },
        { user_id: PEOPLE.provider.user_id, full_name: 'Zhou Lei', score: 95, reasons: ['serves_the_area', 'does_this_work', 'verified'], is_booked: true },
      ]
      return { items: query.get('region') === 'NORTH' ? fits : [] }
    }],
    ['GET', /^\/admin\/verifications$/, ({ query }) => page(state.providers.filter((one) => one.verification.state === (query.get('state') ?? 'waiting')).map(masked))],
    ['GET', /^\/admin\/providers\/([\w-]+)$/, ({ match }) => state.providers.find((one) => one.user_id === match[1]) ?? 404],
    ['POST', /^\/admin\/providers\/([\w-]+)\/(verify|reject)$/, ({ match, body }) => {
      const one = state.providers.find((known) => known.user_id === match[1])
      if (body.version !== one.version) return [409, { code: 'stale_version', title: 'This has changed since you read it.', status: 409, version: one.version }]
      const is = match[2] === 'verify' ? 'verified' : 'rejected'
      one.version += 1
      one.verified = is === 'verified'
      const { reason, asks_more = false } = body
      one.verification = { ...one.verification, state: is, asks_more, steps: [...one.verification.steps, { act: is, at: at('10:52:00'), by: PEOPLE.admin.user_id, reason, ...(asks_more ? { asks_more } : {}) }] }
      return one
    }],
  )
  const [payer, order] = [PEOPLE.customer.user_id, id(160)]
  const asked = (change = {}) => ({ id: id(920), order_id: order, customer_id: payer, amount: '60.00', currency: 'CNY', status: 'open', reason: said ?? '水龙头还在滴。', granted: null, created_at: at('10:20:00'), decided_at: null, ...change })
  const desk = [asked({ id: id(921), reason: said ?? 'One of the two taps still drips.', amount: '90.00', created_at: at('10:40:00') }), asked()]
  state.asks = desk
  const caseOf = (n, kind, time) => ({ id: n, order_id: order, provider_id: null, kind, movement_id: id(939 + n), opened_at: at(time), closed_at: null })
  state.cases = [caseOf(2, 'refund_failed', '10:30:00'), caseOf(1, 'wrong_amount', '10:00:00')]
  const first = { in_force_from: '1970-01-01T00:00:00.000Z', basis_points: 1000, set_by: null, set_at: null }
  state.fees = { platform: [first], cancel: [{ ...first, notice_hours: 24 }] }
  state.desk = {
    order_id: order, order_status: 'completed', payment_status: 'paid', saga: 'needs_person', customer_id: payer, provider_id: PEOPLE.provider.user_id, price: '180.00', currency: 'CNY', held: '0.00', granted: '60.00', goodwill: '0.00',
    cancel_fee: null, next_at: null, payments: [], requests: [], cases: state.cases,
    refunds: [{ id: id(941), payment_id: id(930), amount: '60.00', currency: 'CNY', status: 'rejected', source: 'held', created_at: at('10:29:00'), updated_at: at('10:30:00') }],
    charged_back: '0.00', goodwill_most: '120.00', worked_in_vain: [{ provider_id: id(962), most: '162.00', compensated: false }],
    acts: [{ kind: 'sent_anew', amount: null, reason: said ?? '银行说可以再试。', subject: null, by: PEOPLE.admin.user_id, at: at('10:31:00') }],
  }
  const found = (kind, subject, time, about) => ({ kind, subject, since: time ? at(time) : null, order_id: null, provider_id: null, amount: null, currency: null, ...about })
  const moved = { order_id: order, amount: '180.00', currency: 'CNY' }
  const paidOut = { provider_id: PEOPLE.provider.user_id, amount: '162.00', currency: 'CNY' }
  state.compared = {
    at: at('10:52:00'), since: '2026-10-17T10:52:00.000Z',
    differences: [
      found('uneven_journal', id(950)), found('account_adrift', id(951)), found('shown_unheld', order, null, { order_id: order }),
      found('adapter_differs', id(952), null, moved), found('adapter_differs', id(953), null, paidOut), found('orders_silent', id(0)),
    ],
    waiting: [
      found('late_payment', id(954), '09:30:00', moved), found('needs_person', order, '09:00:00', { order_id: order }),
      found('open_case', id(941), '09:20:00', { ...moved, amount: '60.00' }), found('adapter_silent', id(0)),
    ],
  }
  routes.push(
    ['POST', /^\/payments\/reconciliation$/, () => (state.compared.status ? [state.compared.status, state.compared] : state.compared)],
    ['GET', /^\/payments\/methods$/, () => ({
      items: state.methods.map((method) => ({ method, simulated: method.startsWith('simulated') })),
      kept: state.kept.map((one) => ({ kept_at: at('10:00:00'), is_offered: state.methods.includes(one.method), ...one })),
      proposed: state.kept.find((one) => one.is_default)?.method ?? state.lastUsed ?? state.methods[0],
    })],
    ['PUT', /^\/payments\/methods\/([\w.-]+)$/, ({ match, body }) => {
      if (body.is_default) state.kept.forEach((one) => { one.is_default = false })
      const one = state.kept.find((known) => known.method === match[1])
      if (one) Object.assign(one, body)
      else state.kept.push({ method: match[1], ...body })
      return [204]
    }],
    ['DELETE', /^\/payments\/methods\/([\w.-]+)$/, ({ match }) => { state.kept = state.kept.filter(({ method }) => method !== match[1]); return [204] }],
    ['GET', /^\/payments$/, () => ({ items: state.payments })],
    ['GET', /^\/payments\/([\w-]+)$/, ({ match }) => state.payments.find((one) => one.id === match[1]) ?? 404],
    // A key is one payment for ever, and one payment is open at a time.
    ['POST', /^\/payments$/, ({ body, headers }) => {
      const known = state.payments.find((one) => one.key === headers['idempotency-key'] || one.status === 'pending')
      if (known) return [201, known]
      const one = { id: id(930 + state.payments.length), transaction_id: id(930 + state.payments.length), customer_id: payer, provider_id: PEOPLE.provider.user_id, status: 'pending', currency: 'CNY', created_at: at('10:52:00'), updated_at: at('10:52:00'), key: headers['idempotency-key'], pay_url: state.payUrl ?? null, ...body }
      state.payments.unshift(one)
      return [201, one]
    }],
    ['GET', /^\/refunds$/, () => ({ items: state.requests })],
    ['POST', /^\/refunds$/, ({ body }) => {
      state.requests.unshift(asked({ ...body, created_at: at('10:52:00') }))
      return [201, state.requests[0]]
    }],
    ['GET', /^\/statements$/, () => page(ACCOUNT)],
    ['GET', /^\/admin\/providers\/[\w-]+\/earnings$/, () => ({ items: [{ currency: 'CNY', available: '99.00', sending: '162.00' }] })],
    ['GET', /^\/earnings$/, () => ({ items: [{ currency: 'CNY', available: '99.00', sending: '162.00' }] })],
    ['GET', /^\/admin\/refunds$/, () => page(state.asks)],
    ['POST', /^\/admin\/refunds\/([\w-]+)\/(grant|refuse)$/, ({ match, body }) => {
      const one = state.asks.find((known) => known.id === match[1])
      if (!one) return [409, { status: 409, code: 'refund_decided', title: 'This request has been decided already.' }]
      state.asks = state.asks.filter((known) => known !== one)
      return { ...one, status: match[2] === 'grant' ? 'granted' : 'refused', granted: match[2] === 'grant' ? body.amount ?? one.amount : null, decided_at: at('10:52:00') }
    }],
    ['GET', /^\/admin\/orders\/([\w-]+)\/money$/, () => state.desk],
    ['POST', /^\/admin\/orders\/([\w-]+)\/(goodwill|compensation|paid-otherwise|refund-anew)$/, ({ match, body, headers }) => {
      const kind = { 'paid-otherwise': 'paid_otherwise', 'refund-anew': 'sent_anew' }[match[2]] ?? match[2]
      if (state.desk.acts.some((one) => one.key === headers['idempotency-key'])) return [204]
      state.desk.acts.push({ kind, amount: body.amount ?? null, reason: body.reason ?? '', subject: body.provider_id ?? body.refund_id ?? null, by: PEOPLE.admin.user_id, at: at('10:52:00'), key: headers['idempotency-key'] })
      if (match[2].endsWith('wise') || match[2].endsWith('anew')) state.desk.saga = 'settling'
      if (kind === 'goodwill') state.desk.goodwill = body.amount
      for (const work of state.desk.worked_in_vain) work.compensated ||= kind === 'compensation' && work.provider_id === body.provider_id
      return [204]
    }],
    ['GET', /^\/admin\/(platform|cancel)-fees$/, ({ match }) => ({ items: state.fees[match[1]] })],
    ['POST', /^\/admin\/(platform|cancel)-fees$/, ({ match, body }) => {
      if (Date.parse(body.in_force_from) < Date.now() + 3_600_000) return [409, { status: 409, code: 'fee_settled', title: 'A fee is set and taken back until an hour before it begins.' }]
      state.fees[match[1]].unshift({ ...body, set_by: PEOPLE.admin.user_id, set_at: at('10:52:00') })
      return [204]
    }],
    ['DELETE', /^\/admin\/(platform|cancel)-fees\/([^/]+)$/, ({ match }) => {
      state.fees[match[1]] = state.fees[match[1]].filter((one) => one.in_force_from !== decodeURIComponent(match[2]))
      return [204]
    }],
    ['GET', /^\/admin\/money-cases$/, () => page(state.cases.filter((one) => one.closed_at === null))],
    ['POST', /^\/admin\/money-cases\/(\d+)\/close$/, ({ match }) => Object.assign(state.cases.find((one) => one.id === Number(match[1])), { closed_at: at('10:52:00') })],
  )
  routes.push(
    ['GET', /^\/admin\/letters$/, () => ({ items: state.boxes, missing: state.missing })],
    ['GET', /^\/admin\/letters\/([\w.-]+)$/, ({ match }) => ({ items: state.boxes.find((box) => box.name === match[1]).letters })],
    ['POST', /^\/admin\/letters\/([\w.-]+)\/(redrive|drop)$/, ({ match, body }) => {
      const box = state.boxes.find((one) => one.name === match[1])
      const left = box.letters.filter((letter) => body.events && !body.events.includes(letter.event))
      const settled = box.letters.length - left.length
      Object.assign(box, { letters: left, waiting: left.length })
      return { settled }
    }],
    ['GET', /^\/admin\/replays$/, () => ({ items: [{ id: id(980), part: 'order', queue: 'notification.order', since: at('00:00:00'), sent: 412, asked_at: at('09:00:00'), done_at: at('09:00:04') }], missing: [] })],
    ['POST', /^\/admin\/replays$/, () => ({ items: [], missing: [] })],
  )
  routes.unshift(...contactsOf({ state, at, people: PEOPLE, orders: known, said, picture: PICTURE }))
  routes.unshift(...trendsOf({ state, now: NOW }))
  routes.unshift(...actsOf({ id, at, admin: PEOPLE.admin.user_id, person: PEOPLE.customer.user_id }))
  routes.unshift(...deliveriesOf({ id, at, person: PEOPLE.customer.user_id, said }))
  routes.unshift(...pushOf({ state, id, at }))
  routes.unshift(...messagesOf({ state, at, people: PEOPLE, orders: known, said }))
  routes.unshift(...timesOf({ state, at, orders: known }))
  routes.unshift(...seriesOf({ state }))
  routes.unshift(...offersOf({ state, orders: known }))
  routes.unshift(...deletionOf({ state, NOW, PASSWORD }))
  routes.push(...reviewsOf({ state, id, at, people: PEOPLE, orders: known, said, isPicture, picture: PICTURE }))
  const rightOf = (region) => ({
    region, assignment: { policy_version: 2, epoch: 7, fence: 1, release_asked: false, rules_version: 1, rules: { unpaid_start: false, approval: null }, ...state.right }, wanted: null,
    fences: [{ fence: 1, holder: 'south-1', epoch: 7, granted_at: at('08:00:00'), granted_by: PEOPLE.admin.user_id, end: { at: at('09:00:00'), how: 'released' } }], changes: [],
  })

  const news = new EventEmitter()
  state.changes = () => state.asked.filter(({ method }) => method !== 'GET')
  /** The changes that were asked for, once there are that many. */
  state.changed = async (count) => {
    const signal = AbortSignal.timeout(SHOWN_MS_MAX)
    while (state.changes().length < count) await once(news, 'asked', { signal })
    return state.changes()
  }

  state.answer = async (request, response) => {
    const url = new URL(request.url, 'http://localhost')
    const path = url.pathname.replace('/api/v1', '')
    const bytes = await buffer(request).catch(() => undefined)
    // The page that asked has been closed.
    if (!bytes) return undefined
    const body = readBody(request.headers, bytes)
    if (path !== '/stream') {
      state.asked.push({ method: request.method, path, query: Object.fromEntries(url.searchParams), body, headers: request.headers })
      news.emit('asked')
    }
    // Away for good, or until the path that it names is asked for.
    if (state.gone === path) state.gone = false
    // A connection that just closes would be tried once more by the browser.
    if (state.gone) return response.socket?.end('no answer')
    if (state.silent.includes(path)) return sendJson(response, 503, { code: 'unavailable', title: 'This part of Holdfast does not answer now.', status: 503 })
    // It stays silent and, once it is over, is not tried again within a test.
    if (path === '/stream') return send(response, 200, 'text/event-stream', state.stream)
    for (const [method, pattern, answer] of routes) {
      const match = method === request.method && pattern.exec(path)
      if (!match) continue
      const found = answer({ match, body, query: url.searchParams, headers: request.headers })
      if (Buffer.isBuffer(found)) return send(response, 200, 'image/png', found)
      const [status, json] = typeof found === 'number' ? [found, { status: found, title: 'No.', code: found === 401 ? 'invalid_token' : 'not_found' }] : Array.isArray(found) ? found : [200, found]
      return sendJson(response, status, json)
    }
    return sendJson(response, 404, { code: 'not_found', title: `No answer to ${request.method} ${path}` })
  }
  return state
}

/** The JSON that was sent, or the bytes of a file. */
function readBody(headers, bytes) {
  if (bytes.length === 0) return null
  return /json/.test(headers['content-type'] ?? '') ? JSON.parse(bytes) : bytes
}

function sendJson(response, status, json) {
  send(response, status, status < 400 ? 'application/json' : 'application/problem+json', json === undefined ? '' : JSON.stringify(json))
}

function send(response, status, kind, bytes) {
  response.writeHead(status, { 'content-type': kind, 'cache-control': 'no-store' })
  response.end(bytes)
}
