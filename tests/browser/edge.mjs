// A scripted edge: the app's files under the policy of its pages, and the answers of an edge over HTTP. A test
// may change its state at any moment. It speaks no MQTT, so the app takes the other way.
import { randomBytes, webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import { PERMISSIONS, PERMISSIONS_OF_APP, sendFile } from './serve.mjs'

/** Words that people may write into any field. */
export const HOSTILE = ['"><img src=x onerror=alert(1)>', '<script>alert(2)</script>', 'javascript:alert(3)', '{{ 7 * 7 }} @:x | y', 'W'.repeat(118)]

export const PEOPLE = {
  'Zhou Lei': '0193a1c2-0000-7000-8000-000000000007',
  'Maria Silva': '0193a1c2-0000-7000-8000-000000000008',
  [HOSTILE[0]]: '0193a1c2-0000-7000-8000-000000000009',
  'Lin Xiaomei': '0193a1c2-0000-7000-8000-000000000010',
  'Chen Yu': '0193a1c2-0000-7000-8000-000000000011',
  'kiosk-north': '0193a1c2-0000-7000-8000-000000000012',
  'guest-7f3k9q2m': '0193a1c2-0000-7000-8000-000000000013',
}
/** Who signs in by a code. */
const GUEST = 'guest-7f3k9q2m'
const TRIES = 5
const ROLES = { 'Lin Xiaomei': 'customer', [GUEST]: 'customer', 'Chen Yu': 'admin', 'kiosk-north': 'customer' }
/** The kiosk's account alone gets a grant of days. */
const secondsOf = (name) => (name === 'kiosk-north' ? 259_200 : 3_600)
export const PASSWORD = 'right horse'
const NOW = Date.now()
const HOUR = 3_600_000
const at = (hours) => new Date(NOW + hours * HOUR).toISOString()

export function order(id, change = {}) {
  return {
    id: `0193a1c2-0000-7000-8000-0000000000${id}`, code: `N-7F3K${id}`, customer_id: '0193a1c2-0000-7000-8000-000000000001', provider_id: null,
    title: '厨房水龙头漏水', description: '水龙头关紧后仍滴水，大约每秒一滴。', service_type: 'cleaning_repair', price: '180.00', currency: 'CNY',
    location: 'NORTH', address: '', service_start_time: null, service_end_time: null, status: 'pending', payment_status: 'held', version: 2,
    created_at: at(-5), updated_at: at(-5), pending: false, ...change,
  }
}

export function startState() {
  const mine = { provider_id: PEOPLE['Zhou Lei'], address: '海港路1号' }
  return {
    cutSince: undefined,
    firm: false,
    /** True while it answers nobody. Its port stays its own. */
    isAway: false,
    /** The cloud answers no sign-in, though the link is up. */
    isCloudBusy: false,
    /** The code that every number is sent; without it the cloud sends none. */
    code: undefined,
    /** The numbers that were sent one, and the tries that are left. */
    sentTo: [],
    triesLeft: 0,
    /** All codes of the hour are used up. */
    areCodesUsedUp: false,
    /** How far its clock is ahead of the tablet's. */
    clockMs: 0,
    /** What it says of its own clock. */
    clock: null,
    /** Its log may be an older copy; it is a copy itself. */
    suspect: false,
    twin: false,
    /** Its copy of the platform's fee: a tenth, for all orders of before the next hour. */
    fees: { complete_until: at(1), versions: [{ from: new Date(0).toISOString(), basis_points: 1_000 }] },
    /** Its copy of the fee of a late cancel: a tenth, within a day of the start. */
    cancelFees: { complete_until: at(1), versions: [{ from: new Date(0).toISOString(), basis_points: 1_000, notice_hours: 24 }] },
    /** It keeps closed orders for so many days. */
    keptDays: 90,
    /**
     * How a command is answered: later, stored, unpaid, doubleBooked, applied, confirmed (an
     * acceptance, with the order), lost, the code of a message that is not taken or is in
     * doubt, or unheard: the command is taken, and the answer does not arrive.
     */
    answer: 'applied',
    /** What tablets sign to prove their sign-ins, and the keys that each person's were bound to. */
    nonce: `a-nonce-${randomBytes(8).toString('hex')}`,
    tabletKeys: {},
    /** The sign-ins by password: which device asked, and its label. */
    signIns: [],
    /** The people with an ended sign-in, and its code. */
    ended: {},
    frames: [],
    /** What came of each photo, by its hash, and the room for more. */
    photos: new Map(),
    photoRoom: undefined,
    photosWaiting: 0,
    /** What was written about each order, by its id, when the cloud last told all, and how often it was asked. */
    messages: {},
    messagesAsOf: undefined,
    messagesAsked: 0,
    /** When it last had all revocations; since it was cut off, if nothing is said. */
    feedAsOf: undefined,
    orders: [
      order(11, { service_start_time: at(1), service_end_time: at(3) }),
      order(12, { title: 'Set up a router and two printers', description: 'Two rooms.', service_type: 'it_technology', price: '260.00' }),
      order(13, { title: '空调清洗，两台挂机', price: '220.00' }),
      order(14, { ...mine, title: 'Fix a door that sticks', status: 'in_progress', version: 4 }),
      order(15, { ...mine, title: '更换马桶水箱配件', status: 'accepted', version: 3 }),
      order(16, { ...mine, title: 'Hang three shelves', status: 'completed', version: 5 }),
    ],
  }
}

export async function serveEdge(folder, state) {
  /** `worker` may make another version of the service worker. */
  const edge = { worker: (source) => source }
  const server = createServer((request, response) => void answer(folder, state, edge, request, response))
  server.on('connection', (socket) => { if (state.isAway) socket.destroy() })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const close = () => new Promise((closed) => { server.closeAllConnections(); server.close(closed) })
  const goAway = () => {
    state.isAway = true
    server.closeAllConnections()
  }
  return Object.assign(edge, { url: `http://localhost:${server.address().port}`, goAway, close })
}

async function answer(folder, state, edge, request, response) {
  const { pathname: path } = new URL(request.url, 'http://localhost')
  const parts = []
  for await (const part of request) parts.push(part)
  const bytes = Buffer.concat(parts)
  const body = bytes.toString()
  const tell = (status, value, more) => {
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
    response.end(JSON.stringify(status < 400 ? value : { code: value, status, title: value, ...more }))
  }
  if (path === '/standing') return tell(200, standing(state))
  if (path === '/session' && request.method === 'POST') return signIn(state, JSON.parse(body), tell)
  if (path === '/session/nonce') return tell(200, { nonce: state.nonce, expires_in: 900 })
  if (path.startsWith('/session/codes')) return codes(state, request.method === 'GET' ? 'GET' : path, body && JSON.parse(body), tell)
  const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
  if (OF_A_SIGN_IN.includes(path) && !(await isProven(state, token))) return tell(401, 'proof_required')
  const user = userOf(token)
  const ended = state.ended[user]
  if (OF_A_SIGN_IN.includes(path) && ended) return tell(statusOf(ended), ended)
  if (path === '/session') return tell(200, {})
  if (path === '/board') return tell(200, { edge: 'north-1', region: 'NORTH', feed_seq: 1, items: board(state, user) })
  if (path === '/messages') return tell(200, messageNumbers(state))
  if (/^\/orders\/.*\/messages$/.test(path)) return messageThread(state, path.split('/')[2], tell)
  if (path === '/commands') return command(state, JSON.parse(body), state.answer === 'unheard' ? () => response.destroy() : tell, await isProven(state, JSON.parse(body).token))
  if (path.startsWith('/photos/')) return photo(state, new URL(request.url, 'http://localhost'), request.method === 'PUT' ? bytes : undefined, tell)
  if (path === '/receipts') return follow(state, JSON.parse(body), tell)
  // Every path below the kiosk's folder is its page.
  const file = path.startsWith('/kiosk') && !path.includes('.') ? '/kiosk/index.html' : path
  const permissions = path.startsWith('/kiosk') ? PERMISSIONS : PERMISSIONS_OF_APP
  sendFile(folder, file, request, response, path === '/sw.js' ? (bytes) => edge.worker(String(bytes)) : undefined, permissions)
}

const messagesAsOf = ({ messagesAsOf, cutSince }) => (messagesAsOf === undefined ? freshAsOf(cutSince) : messagesAsOf)

function messageNumbers(state) {
  state.messagesAsked += 1
  const orders = Object.entries(state.messages).map(([order_id, thread]) => ({ order_id, number: thread.at(-1).number }))
  return { as_of: messagesAsOf(state), orders }
}

function messageThread(state, id, tell) {
  const items = state.messages[id]
  return items ? tell(200, { as_of: messagesAsOf(state), items }) : tell(404, 'order_not_found')
}

/** A command is kept once, however often it comes. */
export function writeMessage(state, order_id, { id, from, text, sent_at = new Date().toISOString() }) {
  const thread = (state.messages[order_id] ??= [])
  if (thread.every((each) => each.id !== id)) thread.push({ number: thread.length + 1, id, from, text, sent_at })
}

/** A part that continues the photo of a command that the node has. */
function photo(state, { pathname, searchParams }, bytes, tell) {
  const [, , command, hash] = pathname.split('/')
  const body = state.frames.find(({ id }) => id === command)?.body
  const named = (body?.order ?? body?.evidence ?? body)?.photos?.find((one) => one.hash === hash)
  if (!named) return tell(404, 'photo_not_named')
  const before = state.photos.get(hash) ?? Buffer.alloc(0)
  const whole = bytes && Number(searchParams.get('offset')) === before.length ? Buffer.concat([before, bytes]) : before
  state.photos.set(hash, whole)
  return tell(200, { state: whole.length === named.bytes ? 'stored' : whole.length > 0 ? 'partial' : 'missing', have: whole.length, bytes: named.bytes })
}

function standing({ cutSince, firm, clockMs, clock, suspect, twin, fees, cancelFees, keptDays, photoRoom, photosWaiting, feedAsOf, holder = firm ? 'north-1' : null }) {
  const link = { up: cutSince === undefined, since: new Date(cutSince ?? NOW).toISOString(), attempts: cutSince === undefined ? 0 : 6, next_call_at: null }
  return { edge: 'north-1', region: 'NORTH', now: new Date(Date.now() + clockMs), link, feed_as_of: feedAsOf === undefined ? freshAsOf(cutSince) : feedAsOf, portal: 'https://portal.example', holder, unpaid_start: true, unpaid_start_max: null, paid_afterwards: [], platform_fees: fees, cancel_fees: cancelFees, closed_orders_days: keptDays, ...(photoRoom === undefined ? {} : { photos: { room_bytes: photoRoom, waiting: photosWaiting } }), firm, suspect, twin, clock }
}

/** While it is connected it has all at any time. */
const freshAsOf = (cutSince) => new Date(cutSince ?? Date.now()).toISOString()

function signIn(state, { username, password, tablet, tablet_key, tablet_label }, tell) {
  if (state.cutSince !== undefined || state.isCloudBusy) return tell(503, 'unavailable')
  const user_id = PEOPLE[username]
  if (!user_id || password !== PASSWORD) return tell(401, 'invalid_credentials')
  delete state.ended[user_id]
  if (tablet_key) (state.tabletKeys[user_id] ??= []).push(tablet_key)
  state.signIns.push({ username, tablet, key: tablet_key, label: tablet_label })
  return tell(200, grantFor(username))
}

function grantFor(username) {
  const user_id = PEOPLE[username]
  return { edge_token: `token-of-${user_id}`, region: 'NORTH', expires_in: secondsOf(username), user_id, role: ROLES[username] ?? 'provider' }
}

/** The cloud's answers about codes to phones. */
function codes(state, asked, form, tell) {
  if (state.cutSince !== undefined) return tell(503, 'unavailable')
  if (asked === 'GET') return tell(200, { offered: state.code !== undefined })
  if (state.code === undefined) return tell(404, 'codes_off', { title: 'Codes to phones are not offered here.' })
  if (!/^[+\d\s-]{7,}$/.test(form.phone)) return tell(422, 'invalid_input', { errors: [{ field: 'phone', message: 'A phone number such as +86 138 0013 8000.' }] })
  if (asked === '/session/codes') {
    state.sentTo.push(form.phone)
    state.triesLeft = TRIES
    const usedUp = { detail: 'If your number opens an account, its code may still come.', expires_in: 300 }
    return state.areCodesUsedUp ? tell(429, 'rate_limited', usedUp) : tell(200, { expires_in: 300 })
  }
  if (state.triesLeft === 0) return tell(409, 'code_over', { title: 'This code is over.' })
  if (form.code.replace(/\s/g, '') !== state.code) {
    state.triesLeft -= 1
    return tell(401, 'code_wrong', { title: 'The code is wrong.', detail: `${state.triesLeft} more tries.`, tries_left: state.triesLeft })
  }
  state.triesLeft = 0
  return tell(200, grantFor(GUEST))
}

/** A tablet's token comes with its proof. */
const userOf = (token) => token.replace(/^.*token-of-/, '').replace(/~.*$/, '')

/** The HTTP status of a refused sign-in, as `protocol/wire/src/code.rs` has it. */
const statusOf = (code) => (['device_closed', 'revoked'].includes(code) ? 403 : 401)

const OF_A_SIGN_IN = ['/session', '/board', '/messages', '/receipts']
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** As an edge judges a token that is bound to a tablet's key: the tablet signs this edge's nonce and the token. */
async function isProven(state, presented) {
  const keys = state.tabletKeys[userOf(presented)]
  if (!keys) return true
  const [token, nonce, signature] = presented.split('~')
  if (nonce !== state.nonce || !signature) return false
  const signed = new TextEncoder().encode(`holdfast device proof 1\n${nonce}\n${token}`)
  for (const text of keys) {
    const key = await webcrypto.subtle.importKey('raw', Buffer.from(text, 'base64url'), P256, false, ['verify'])
    if (await webcrypto.subtle.verify(P256, key, Buffer.from(signature, 'base64url'), signed)) return true
  }
  return false
}

/** Each person sees the open jobs and their own. */
function board({ orders }, user) {
  return orders.filter((each) => each.status === 'pending' || each.provider_id === user)
}

const OF_CUSTOMERS = ['publish_order', 'cancel_order', 'submit_review']

/** The scripted secret opens every order. */
export const RECEIPT_SECRET = 'K7QM2XVD9RTA4HNP'

function follow({ orders }, { code, secret }, tell) {
  const found = orders.find((each) => each.code === code)
  return found && secret === RECEIPT_SECRET ? tell(200, { ...found, address: '' }) : tell(404, 'order_not_found')
}

/** The order that a command leaves at the node. */
function orderAfter(state, { body, token }) {
  if (body.type === 'publish_order') {
    state.orders.push(order(99, { ...body.order, id: body.order_id, customer_id: userOf(token), status: 'pending_review', payment_status: 'unpaid', version: 1 }))
  }
  const known = state.orders.find((each) => each.id === body.order_id)
  const status = { cancel_order: 'cancelled', submit_review: 'reviewed' }[body.type] ?? known.status
  return Object.assign(known, { status, pending: state.answer === 'stored' })
}

function command(state, frame, tell, isProofGood) {
  const ended = isProofGood ? state.ended[userOf(frame.token)] : 'proof_required'
  if (ended) return tell(statusOf(ended), ended, { reply: { command_id: frame.id, hop: 'stored', verdict: 'not_taken', code: ended } })
  if (state.answer === 'later') return tell(503, 'unavailable')
  state.frames.push(frame)
  const receipt = { edge: 'north-1', epoch: 1, seq: state.frames.length, verdict: state.firm ? 'firm' : 'provisional' }
  const stored = { command_id: frame.id, hop: 'stored', verdict: receipt.verdict, receipt }
  const isKnown = frame.body.type === 'publish_order' || state.orders.some((each) => each.id === frame.body.order_id)
  if (!isKnown) return tell(200, { command_id: frame.id, hop: 'stored', verdict: 'not_taken', code: 'order_not_found' })
  if (OF_CUSTOMERS.includes(frame.body.type)) stored.order = orderAfter(state, frame)
  if (state.answer === 'stored') return tell(200, stored)
  if (state.answer === 'unpaid') return tell(200, { ...stored, code: 'looks_unpaid' })
  if (state.answer.startsWith('looks_')) return tell(200, { ...stored, code: state.answer })
  if (state.answer === 'doubleBooked') return tell(200, { ...stored, code: 'looks_double_booked' })
  const after = (ms) => new Date(Date.parse(frame.tapped_at) + ms).toISOString()
  if (state.answer.startsWith('messages_')) return tell(200, { ...stored, hop: 'decided', code: state.answer, outcome: { kind: 'rejected', code: state.answer, decided_at: after(1_000) } })
  if (frame.body.type === 'send_message') writeMessage(state, frame.body.order_id, { id: frame.id, from: 'provider', text: frame.body.text })
  if (state.answer === 'applied') return tell(200, { ...stored, hop: 'decided', outcome: { kind: 'applied', decided_at: after(1_000), order: stored.order } })
  if (state.answer === 'confirmed') {
    const taken = state.orders.find((each) => each.id === frame.body.order_id)
    Object.assign(taken, { status: 'accepted', provider_id: userOf(frame.token), version: taken.version + 1 })
    return tell(200, { ...stored, hop: 'decided', outcome: { kind: 'applied', decided_at: after(1_000), order: taken } })
  }
  const nearby = state.orders.filter((each) => each.status === 'pending' && each.id !== frame.body.order_id).slice(0, 3)
  const lost = {
    winner_decided_at: after(694_000), race_rule: 'first_in_cloud', status: 'accepted', tapped_at: frame.tapped_at, edge_at: after(1_000),
    nearby: nearby.map(({ id, code, title, price, currency }) => ({ order_id: id, code, title, price, currency })),
  }
  const outcome = { kind: 'rejected', code: 'order_already_accepted', decided_at: after(1_284_000), lost }
  return tell(200, { ...stored, hop: 'decided', code: outcome.code, outcome })
}
