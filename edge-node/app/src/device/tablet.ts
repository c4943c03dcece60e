// What a person, the edge and the clock do to the tablet: who is at it, and what it hears. Actions on jobs are in `actions.ts`.
import type { BoardItem, EdgeStanding, LogHead } from '@holdfast/kit/api.gen.ts'
import { deviceLabel } from '@holdfast/kit/deviceLabel.ts'
import { askForOthers, sendFor } from './couriers.ts'
import { edgeAt, type TabletKey } from './edge.ts'
import { newDevice } from './id.ts'
import { succeeded, type QueueItem } from './item.ts'
import { merged, needOwnBoard } from './jobs.ts'
import { publicKeyOf } from './keys.ts'
import { openLine, type Line } from './line.ts'
import { type MessageReader, messageReaderFor } from './messageReader.ts'
import { type Entered, openPeople, type People, type PinAnswer } from './people.ts'
import type { PinFault } from './pin.ts'
import { Sender } from './sender.ts'
import { callAttention, newJobs } from './newJobs.ts'
import { mayForgetPhotos } from './photo.ts'
import { photoSenderFor, type PhotoSender } from './photoSender.ts'
import { logTroubleOf } from './standing.ts'
import { haveTablet } from './window.ts'
import { forgetPerson, openPerson, openTablet, type PersonStore, type TabletStore } from './store.ts'
import { me, photosHere, queued, tablet, waiting } from './tabletState.ts'

export const edge = edgeAt('', () => people?.proof)
const STANDING_EVERY_MS = 15_000
const MESSAGES_EVERY_MS = 15_000
/** Decisions may have been missed, so they are asked for as well. */
const ASK_EVERY_MS = 30_000
const BOARD_KEPT_EVERY_MS = 1_000
/** So long a job that has just been confirmed stays on the board. */
const CONFIRMED_SHOWN_MS = 10_000

let store: TabletStore
let people: People
// Of the person at the tablet; other modules only read them.
export let mine: PersonStore | undefined
export let sender: Sender | undefined
export let photoSender: PhotoSender | undefined
export let messageReader: MessageReader | undefined
export let token: string | undefined
let line: Line | undefined
let keepBoardLater: ReturnType<typeof setTimeout> | undefined
let refetchLater: ReturnType<typeof setTimeout> | undefined

/** Opens the disk, for the person who was at the tablet last. It needs no network. */
export async function start(isTaken = false): Promise<void> {
  const lost = () => {
    tablet.isElsewhere = true
    void shut()
  }
  tablet.isElsewhere = !(await haveTablet(lost, isTaken))
  if (tablet.isElsewhere) return
  store = await openTablet()
  void navigator.storage?.persist?.()
  const known = await store.get<string>('device')
  tablet.device = known ?? newDevice()
  // A full disk keeps nobody out: what is there already is not written again.
  if (known === undefined) await store.set('device', tablet.device)
  tablet.standing = await store.get<EdgeStanding>('standing')
  tablet.mayAskToInstall = (await store.get<boolean>('mayAskToInstall')) === true
  tablet.callsOut = (await store.get<boolean>('callsOut')) !== false
  people = await openPeople(store)
  await people.sealOld()
  await showPeople()
  const person = await people.current()
  tablet.isLocked = (await store.get<boolean>('locked')) === true
  if (person) await open(person)
  void sendForOthers()
  keepLooking()
  void look()
}

/** A full disk takes no answer in. It is asked for again. */
export function noRoom(): void {}

let isLooking = false

function keepLooking(): void {
  if (isLooking) return
  isLooking = true
  setInterval(() => (tablet.now = Date.now()), 1_000)
  setInterval(() => void look(), STANDING_EVERY_MS)
  setInterval(() => void askAgain(), ASK_EVERY_MS)
  setInterval(() => void readMessages(), MESSAGES_EVERY_MS)
  addEventListener('online', comeBack)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && comeBack())
}

function comeBack(): void {
  void look()
  void readMessages()
}

// ---------------------------------------------------------------------------------------------- the person

async function open(person: Entered): Promise<void> {
  const { user_id, name, expires_at, own } = person
  mine = await openPerson(user_id, { device: people.device, own })
  await mine.mend().catch(noRoom)
  tablet.person = { user_id, name, expires_at }
  token = person.token
  tablet.ended = token === undefined ? 'token_expired' : undefined
  const board = await mine.board()
  tablet.board = board?.items ?? []
  tablet.boardAsOf = board?.as_of
  tablet.hasBoard = board !== undefined
  sender = new Sender({
    now: () => Date.now(),
    disk: mine,
    edge: () => tablet.standing?.edge,
    token: () => token,
    proofs: edge.proofs,
    publish: (frame) => line?.publish(frame) ?? false,
    post: edge.command,
    changed,
    decided,
    signInEnded,
    reached,
    later: (run, ms) => setTimeout(run, ms),
    never: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout> | undefined),
  })
  await sender.open()
  photoSender = photoSenderFor(mine, edge, { items: () => tablet.items, token: () => token, changed: (photos) => (tablet.photos = photos) })
  await photoSender.open()
  messageReader = messageReaderFor(mine, edge, { token: () => token, changed: (threads, messagesAsOf) => Object.assign(tablet, { threads, messagesAsOf }) })
  await messageReader.open()
  void readMessages()
  connect()
}

/** A command that has moved on may let its photos leave. */
function changed(items: QueueItem[]): void {
  const hasMoved = items.some((item) => tablet.items.find((each) => each.id === item.id)?.state !== item.state)
  tablet.items = items
  if (hasMoved) void photoSender?.step().catch(noRoom)
}

/** Nothing of this person is in memory or on the screen any more; the disk keeps it. */
async function shut(): Promise<void> {
  const [ending, endingPhotos, endingMessages, disk] = [sender, photoSender, messageReader, mine]
  line?.close()
  clearTimeout(keepBoardLater)
  keepBoardLater = undefined
  clearTimeout(refetchLater)
  ;[line, sender, photoSender, messageReader, mine, token] = [undefined, undefined, undefined, undefined, undefined, undefined]
  Object.assign(tablet, { person: undefined, ended: undefined, items: [], photos: [], board: [], boardAsOf: undefined, hasBoard: false, threads: new Map(), messagesAsOf: undefined, confirmed: [], position: undefined })
  await Promise.all([ending?.stop(), endingPhotos?.stop(), endingMessages?.stop()])
  disk?.close()
}

/** Sends the commands that others have left on this tablet. */
async function sendForOthers(here = tablet.person?.user_id): Promise<void> {
  const others = (await people.sendable()).filter((person) => person.user_id !== here)
  await sendFor(others, people.device, edge, { edge: () => tablet.standing?.edge, ended: endPin })
}

/** Asks for decisions that may have been missed, of everybody whose commands are on this tablet. */
async function askAgain(): Promise<void> {
  await sender?.askAgain().catch(noRoom)
  await askForOthers().catch(noRoom)
}

/** With the tries of their PINs, which change while nobody is in. */
async function showPeople(): Promise<void> {
  tablet.people = await people.shown()
}

export type SignInResult = 'in' | 'wrong' | 'changed' | 'full' | 'not-a-provider' | 'away' | { sentence: string }

/** `full`: the disk cannot keep the sign-in. `changed`: by a new password, and what is kept here opens with the former one. It `mayGo` where the person says so. */
export async function signIn(name: string, password: string, mayGo = false): Promise<SignInResult> {
  const answer = await edge.signIn(name.trim(), password, tablet.device, await tabletKey())
  if ('unreachable' in answer) {
    reached(false)
    return (await unlock(name, password)) ? 'in' : 'away'
  }
  reached(true)
  if ('problem' in answer) {
    const { code, status, detail, title } = answer.problem
    if (status === 503) return (await unlock(name, password)) ? 'in' : 'away'
    return code === 'invalid_credentials' ? 'wrong' : { sentence: detail ?? title }
  }
  if (answer.value.role !== 'provider') return 'not-a-provider'
  const entered = await people.welcome(name.trim(), password, answer.value, mayGo).catch(() => 'full' as const)
  if (typeof entered === 'string') return entered
  await comeIn(entered)
  return 'in'
}

async function tabletKey(): Promise<TabletKey> {
  return people.proof ? { tablet_key: await publicKeyOf(people.proof), tablet_label: deviceLabel(navigator.userAgent) } : {}
}

/** Back in by the password alone, as the tablet knows it; needs nobody. */
export async function unlock(name: string, password: string): Promise<boolean> {
  const entered = await people.unlock(name, password)
  if (entered) await comeIn(entered)
  return entered !== undefined
}

/** `full`: the disk cannot count a try, so that none is judged. */
export async function unlockByPin(user: string, pin: string): Promise<'in' | 'full' | Exclude<PinAnswer, Entered>> {
  try {
    const answer = await people.unlockByPin(user, pin)
    if (typeof answer === 'object') {
      await comeIn(answer)
      return 'in'
    }
    await showPeople()
    return answer
  } catch {
    return 'full'
  }
}

async function comeIn(person: Entered): Promise<void> {
  await shut()
  tablet.isLocked = false
  await showPeople()
  await sendForOthers(person.user_id)
  await open(person)
  void fetchBoard()
  void look()
}

/** For somebody else at the same tablet. The queue goes on waiting here. */
export async function lock(): Promise<void> {
  await store.lock()
  tablet.isLocked = true
  await shut()
  await showPeople()
  await sendForOthers()
}

export type SetPinResult = 'set' | 'wrong' | 'ended' | 'full' | PinFault

export async function setPin(password: string, pin: string): Promise<SetPinResult> {
  const user = tablet.person?.user_id
  if (user === undefined || tablet.ended) return 'ended'
  try {
    const result = await people.setPin(user, password, pin)
    await showPeople()
    return result
  } catch {
    return 'full'
  }
}

export async function removePin(user = me.value): Promise<void> {
  await people.removePin(user)
  await showPeople()
}

/** A PIN ends with its session. A device that another person holds ends none. */
function endPin(user: string, code: string): void {
  if (code !== 'device_in_use') void removePin(user).catch(noRoom)
}

/** Only once all has left the tablet. */
export async function signOut(): Promise<boolean> {
  if (!tablet.person || waiting.value.length > 0 || photosHere.value.length > 0) return false
  const user = tablet.person.user_id
  const isOver = queued.value.length === 0 && mayForgetPhotos(tablet.photos)
  if (token) await edge.signOut(token, tablet.device)
  await shut()
  await store.removePerson(user)
  await store.set('current', undefined)
  await store.set('opened', undefined)
  // Commands that the edge keeps undecided are asked for when this person comes back, and photos before their tap are here.
  if (isOver) await forgetPerson(user)
  await showPeople()
  return true
}

function signInEnded(code: string): void {
  tablet.ended = code
  token = undefined
  endPin(me.value, code)
  line?.close()
  line = undefined
}

// ------------------------------------------------------------------------------------------------ the edge

function reached(isUp: boolean): void {
  if (tablet.isNear !== isUp) {
    tablet.isNear = isUp
    tablet.nearSince = Date.now()
  }
}

/** How things stand between edge and cloud; and the board where no line tells of it. */
export async function look(): Promise<void> {
  const askedAt = Date.now()
  const answer = await edge.standing()
  reached(!('unreachable' in answer))
  if (!('value' in answer)) return
  // The node read its clock somewhere between question and answer.
  tablet.clockErrorMs = (askedAt + Date.now()) / 2 - Date.parse(answer.value.now)
  const was = tablet.standing
  tablet.standing = answer.value
  await store.set('standing', answer.value).catch(noRoom)
  if (tablet.person && !line) connect()
  if (!was?.link.up && answer.value.link.up) void askAgain().then(() => photoSender?.retryNow()).catch(noRoom)
  if (!isLineUp) await fetchBoard()
}

async function readMessages(): Promise<void> {
  await messageReader?.read()
}

let isLineUp = false

function connect(): void {
  const { standing, person, device } = tablet
  if (!standing || !person || !token || line) return
  const own = token
  line = openLine(
    { region: standing.region, edge: standing.edge, device, user: person.user_id, password: () => presentedToken(own) },
    {
      up: () => {
        isLineUp = true
        reached(true)
        void fetchBoard()
        void readMessages()
        void askAgain().then(() => sender?.retryNow()).then(() => photoSender?.retryNow()).catch(noRoom)
      },
      down: () => {
        isLineUp = false
        void look()
      },
      refused: () => {
        isLineUp = false
        void askWhy()
      },
      reply: (reply) => void sender?.take(reply).catch(noRoom),
      head: (head) => void hearHead(head),
      changes: ({ items, gone }) => {
        setBoard(merged(tablet.board, items, gone.filter((id) => !isOurs(id))))
        if (needOwnBoard(items, gone, isOurs)) refetch()
      },
    },
  )
}

/** Nothing where there is no proof now: the line then tries again. */
async function presentedToken(own: string): Promise<string | undefined> {
  const presented = await edge.proofs.present(own)
  return 'value' in presented ? presented.value : undefined
}

/** The broker of MQTT 3.1.1 cannot say why it refuses; the edge can. */
async function askWhy(): Promise<void> {
  if (!token) return
  const answer = await edge.session(token, tablet.device)
  reached(!('unreachable' in answer))
  if ('problem' in answer && answer.problem.code !== 'device_in_use' && [401, 403].includes(answer.problem.status)) {
    signInEnded(answer.problem.code)
  }
}

async function hearHead(head: LogHead): Promise<void> {
  const known = await mine?.head()
  await mine?.putHead(head).catch(noRoom)
  // Another run or epoch of the edge may have lost commands.
  if (known && (known.nonce !== head.nonce || known.epoch !== head.epoch)) void askAgain()
  const { standing } = tablet
  if (!standing) return
  const isLinkNews = standing.link.up !== (head.cut_off_since === null)
  if (isLinkNews || logTroubleOf(standing) !== logTroubleOf(head)) void look()
}

let fetching: Promise<void> | undefined
let isBoardStale = false

/** One at a time: over a thin link several hold each other up. A call that comes meanwhile leads to one more. */
function fetchBoard(): Promise<void> {
  if (fetching) {
    isBoardStale = true
    return fetching
  }
  fetching = askBoard().finally(() => {
    fetching = undefined
    if (isBoardStale) void fetchBoard()
  })
  return fetching
}

async function askBoard(): Promise<void> {
  isBoardStale = false
  const asker = token
  if (!asker) return
  const answer = await edge.board(asker)
  reached(!('unreachable' in answer))
  // It is not for the next person at the tablet.
  if (token !== asker) return
  if ('value' in answer) setBoard(answer.value.items)
  else if ('problem' in answer && [401, 403].includes(answer.problem.status)) signInEnded(answer.problem.code)
}

function refetch(): void {
  clearTimeout(refetchLater)
  refetchLater = setTimeout(() => void fetchBoard(), 300)
}

function isOurs(order: string): boolean {
  return tablet.board.some((each) => each.id === order && each.provider_id === me.value) || tablet.items.some((item) => item.body.order_id === order)
}

function setBoard(items: BoardItem[]): void {
  // The first board of a person is no news.
  if (tablet.hasBoard && tablet.callsOut && newJobs(tablet.board, items).length > 0) callAttention()
  const asOf = tablet.standing?.link.up === false ? Date.parse(tablet.standing.feed_as_of ?? tablet.standing.link.since) : Date.now()
  Object.assign(tablet, { board: items, boardAsOf: asOf, hasBoard: true })
  if (keepBoardLater === undefined) keepBoard()
}

/** At once, and then at most once a second: a board of a thousand jobs changes often. */
function keepBoard(): void {
  const { board: items, boardAsOf: as_of = Date.now() } = tablet
  void mine?.putBoard({ items, as_of }).catch(() => undefined)
  keepBoardLater = setTimeout(() => {
    keepBoardLater = undefined
    if (tablet.board !== items) keepBoard()
  }, BOARD_KEPT_EVERY_MS)
}

function decided(item: QueueItem): void {
  refetch()
  if (item.body.type === 'send_message') void readMessages()
  const order = item.body.order_id
  if (!succeeded(item)) return
  void offerInstall()
  if (item.body.type !== 'accept_order') return
  tablet.confirmed = [...tablet.confirmed, order]
  setTimeout(() => (tablet.confirmed = tablet.confirmed.filter((each) => each !== order)), CONFIRMED_SHOWN_MS)
}

// ------------------------------------------------------------------------------------------ the device

/** After a first success, once. */
async function offerInstall(): Promise<void> {
  if ((await store.get<boolean>('mayAskToInstall')) !== undefined) return
  tablet.mayAskToInstall = true
  await store.set('mayAskToInstall', true).catch(noRoom)
}

/** It goes once that is kept, so that a page that is left at once does not ask again. */
export async function endInstallOffer(): Promise<void> {
  await store.set('mayAskToInstall', false).catch(noRoom)
  tablet.mayAskToInstall = false
}

/** It shows once it is kept, so that a page that is left at once loses nothing. A person who turns it on hears it. */
export async function setCallsOut(callsOut: boolean): Promise<void> {
  await store.set('callsOut', callsOut).catch(noRoom)
  tablet.callsOut = callsOut
  if (callsOut) callAttention()
}
