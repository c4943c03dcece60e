// The kiosk itself: its grant, the node that it stands at, and the way commands take there. Nothing here is a person's.
import type { Board, BoardItem, CmdFrame, EdgeGrant, EdgeStanding, Problem, Reply } from '@holdfast/kit/api.gen.ts'
import type { PreparedPhoto } from '@holdfast/kit/photos.ts'
import { computed, reactive } from 'vue'
import { isSignIn } from '../../src/device/answer.ts'
import { edgeAt, type Answer } from '../../src/device/edge.ts'
import { newDevice, newId } from '../../src/device/id.ts'
import { publicKeyOf } from '../../src/device/keys.ts'
import type { PinTries, WrongTry } from '../../src/device/pin.ts'
import { Turns } from '../../src/device/turns.ts'
import { sendPhotos } from './jobPhotos.ts'
import { openKioskDisk, type Grant } from './grant.ts'
import type { Receipt } from './receipt.ts'
import { makeStaffCode, readTries, tryStaffCode } from './staffCode.ts'

type KioskState = {
  grant: Grant | undefined
  /** The wrong codes of the staff; undefined without a code. */
  staffTries: PinTries | undefined
  standing: EdgeStanding | undefined
  isAway: boolean
  /** How far this kiosk's clock is ahead of the node's. */
  clockErrorMs: number
  /** Whether the cloud sends codes to phones; undefined until it was asked. */
  sendsCodes: boolean | undefined
  now: number
}

export const kiosk = reactive<KioskState>({ grant: undefined, staffTries: undefined, standing: undefined, isAway: false, clockErrorMs: 0, sendsCodes: undefined, now: Date.now() })

const STANDING_MS = 10_000
/** A command without an answer is sent again after these pauses; then the person is asked. */
const PAUSES_MS = [1_500, 3_000, 6_000] as const

/** The kiosk's own sign-ins: only these go with a proof of its key. Those of a visit are bound to none. */
const boundTokens = new Set<string>()
let proofKey: CryptoKeyPair | undefined
const edge = edgeAt('', (token) => (boundTokens.has(token) ? proofKey : undefined))
const disk = await openKioskDisk()

/** The time by the node's clock, by which a cancel is priced. */
export const nodeNow = computed(() => kiosk.now - kiosk.clockErrorMs)
export const isCut = computed(() => kiosk.standing?.link.up === false)
/** Whether a person can sign in by a code now. */
export const offersCodes = computed(() => kiosk.sendsCodes === true && !isCut.value && !kiosk.isAway)
/** The grant opens the node until then. */
export const grantEnds = computed(() => kiosk.grant?.expires_at ?? 0)
export const isReady = computed(() => kiosk.grant?.token !== undefined && grantEnds.value > kiosk.now)
/** The kiosk's sign-in was ended elsewhere, so staff set it up again. */
export const isEnded = computed(() => kiosk.grant !== undefined && kiosk.grant.token === undefined)
/** The name of the next device: that of a kiosk with a grant is in the grant. */
let newName = newDevice('kiosk')
const deviceName = (): string => kiosk.grant?.device ?? newName

export async function startKiosk(): Promise<void> {
  await disk.sealOld().catch(noRoom)
  await readDisk()
  setInterval(tick, 1_000)
  setInterval(() => void look(), STANDING_MS)
  await look()
}

/** The next start, or the next question to the node, tries again. */
function noRoom(): void {}

function tick(): void {
  kiosk.now = Date.now()
  // The clock was set back.
  if (kiosk.staffTries && kiosk.staffTries.counted_at > kiosk.now) void readDisk()
}

const diskReads = new Turns()
/** One after the other, so that no slow read overwrites a newer one. */
const readDisk = (): Promise<void> => diskReads.take(readGrantAndTries)

async function readGrantAndTries(): Promise<void> {
  const grant = await disk.grant()
  if (grant?.token !== undefined) await proveToken(grant.token)
  kiosk.grant = grant
  kiosk.staffTries = await readTries(disk).catch(() => kiosk.staffTries)
}

/** From now on this token goes with a proof. */
async function proveToken(token: string): Promise<void> {
  proofKey = await disk.proofKey()
  boundTokens.add(token)
}

/** Asks the node how it stands. */
export async function look(): Promise<void> {
  const askedAt = Date.now()
  const answer = await edge.standing()
  kiosk.isAway = 'unreachable' in answer
  if ('value' in answer) {
    // The node read its clock somewhere between question and answer.
    kiosk.clockErrorMs = (askedAt + Date.now()) / 2 - Date.parse(answer.value.now)
    kiosk.standing = answer.value
  }
  if (!kiosk.isAway) void checkGrant()
  // No page waits for it: the node may take long to reach the cloud.
  if (kiosk.sendsCodes === undefined && !kiosk.isAway && !isCut.value) void lookForCodes()
}

/** The node refuses a sign-in by these codes once it has heard that it was ended. */
const ENDED: readonly string[] = ['session_ended', 'device_closed', 'revoked']

/** Asks the node whether the kiosk's sign-in was ended in its account or by an admin. */
async function checkGrant(): Promise<void> {
  const { token, device } = kiosk.grant ?? {}
  if (token === undefined || device === undefined) return
  const answer = await edge.session(token, device)
  if (!('problem' in answer) || !ENDED.includes(answer.problem.code) || isSettingUp) return
  await disk.endGrant(token).catch(noRoom)
  // Another window may have set the kiosk up again meanwhile, which ends the former sign-in.
  await readDisk()
  if (kiosk.grant?.token !== token) return
  // The disk is full and still has it.
  kiosk.grant = { ...kiosk.grant, token: undefined }
  kiosk.staffTries = undefined
}

async function lookForCodes(): Promise<void> {
  const answer = await edge.codeOffer()
  if ('value' in answer) kiosk.sendsCodes = answer.value.offered
}

export type SignedIn = { token: string; user_id: string }
/** Why a sign-in failed: `away` without the cloud, `other` with another kind of account. */
export type SignInFailure = 'wrong' | 'away' | 'other' | { sentence: string }

/** A person's sign-in for this visit. It lives in the page's memory alone. */
export async function signIn(name: string, password: string): Promise<SignedIn | SignInFailure> {
  const answer = await edge.signIn(name.trim(), password, deviceName())
  return 'problem' in answer ? failureOf(answer.problem) : personOf(answer)
}

function personOf(answer: Exclude<Answer<EdgeGrant>, { problem: Problem }>): SignedIn | 'away' | 'other' {
  if ('unreachable' in answer) return 'away'
  if (answer.value.role !== 'customer') {
    void edge.signOut(answer.value.edge_token, deviceName())
    return 'other'
  }
  return { token: answer.value.edge_token, user_id: answer.value.user_id }
}

/** A code that was sent, or may have been: then the service says so. */
export type CodeSent = { seconds: number; sentence?: string }
/** Why a number or a code was not taken, in the service's own words. `isOver` asks for a new code. */
export type CodeRefusal = { field: 'phone' | 'code' | undefined; sentence: string; isOver: boolean }

export async function sendCode(phone: string): Promise<CodeSent | CodeRefusal | 'away'> {
  const answer = await edge.sendCode(phone)
  if ('unreachable' in answer) return 'away'
  if ('value' in answer) return { seconds: answer.value.expires_in }
  const refusal = refusalOf(answer.problem)
  // Once all codes of an hour are used up, a number with an account still gets its own.
  const seconds = answer.problem['expires_in']
  return typeof seconds === 'number' ? { seconds, sentence: refusal.sentence } : refusal
}

export async function signInByCode(phone: string, code: string): Promise<SignedIn | CodeRefusal | 'away' | 'other'> {
  const answer = await edge.signInByCode(phone, code)
  return 'problem' in answer ? refusalOf(answer.problem) : personOf(answer)
}

const CODE_REFUSALS: readonly string[] = ['code_wrong', 'code_over']

function refusalOf(problem: Problem): CodeRefusal {
  const wrong = problem.errors?.find(({ field }) => field === 'phone' || field === 'code')
  if (wrong) return { field: wrong.field === 'phone' ? 'phone' : 'code', sentence: wrong.message, isOver: false }
  const isOfCode = CODE_REFUSALS.includes(problem.code)
  const sentence = isOfCode ? [problem.title, problem.detail].filter(Boolean).join(' ') : problem.detail ?? problem.title
  return { field: isOfCode ? 'code' : undefined, sentence, isOver: problem.code === 'code_over' || problem['tries_left'] === 0 }
}

function failureOf(problem: Problem): SignInFailure {
  if (problem.code === 'invalid_credentials') return 'wrong'
  return problem.code === 'unavailable' ? 'away' : { sentence: problem.detail ?? problem.title }
}

/** Ends a person's sign-in in the cloud too, as far as it is reached; the page forgets it in any case. */
export const signOut = (token: string): Promise<unknown> => edge.signOut(token, deviceName())

const HOUR_MS = 3_600_000

/** As the cloud bounds what a device is called. */
const LABEL_LENGTH_MAX = 40

/** Whether the cloud is out of reach. */
const isAlone = computed(() => isCut.value || kiosk.isAway)
/** Without a code nothing opens the menu of a kiosk that was set up, until staff can sign in again. */
export const isStaffShutOut = computed(() => isAlone.value && kiosk.grant !== undefined && kiosk.staffTries === undefined)
/** Whether staff can sign in, to set the kiosk up, to renew its sign-in or to choose a new code. */
export const canSetUp = computed(() => !isAlone.value)

/** By the staff's code, which the kiosk alone judges. `full`: the disk cannot count a try, so that none is judged. */
export async function openStaffMenu(code: string): Promise<'in' | 'full' | WrongTry> {
  try {
    return await tryStaffCode(disk, code)
  } catch {
    return 'full'
  } finally {
    await readDisk()
    kiosk.now = Date.now()
  }
}

let isSettingUp = false

/**
 * Makes this device a kiosk, or renews its sign-in, with the account and the password that an admin gave the shop. Without
 * a `code` the staff's code stays.
 */
export async function setUp(account: string, password: string, code?: string): Promise<'in' | 'full' | SignInFailure> {
  await look()
  isSettingUp = true
  try {
    return await signKioskIn(account.trim(), password, code)
  } catch {
    return 'full'
  } finally {
    isSettingUp = false
    await readDisk()
    kiosk.now = Date.now()
  }
}

async function signKioskIn(account: string, password: string, code: string | undefined): Promise<'in' | 'full' | SignInFailure> {
  await disk.proveRoom()
  const staffCode = code === undefined ? undefined : await makeStaffCode(disk, code)
  proofKey = await disk.proofKey()
  // A copy of a grant that is bound to no key opens every node of the region.
  if (!proofKey) return 'full'
  const device = deviceName()
  const label = `Kiosk ${kiosk.standing?.edge ?? device}`.slice(0, LABEL_LENGTH_MAX)
  const key = { tablet_key: await publicKeyOf(proofKey), tablet_label: label }
  const answer = await edge.signIn(account, password, device, key)
  if ('unreachable' in answer) return 'away'
  if ('problem' in answer) return failureOf(answer.problem)
  const { edge_token: token, expires_in, user_id, role } = answer.value
  boundTokens.add(token)
  // Only the account of a kiosk gets a grant that outlasts an hour.
  if (role !== 'customer' || expires_in * 1_000 <= HOUR_MS) {
    void edge.signOut(token, device)
    return 'other'
  }
  try {
    await disk.keepGrant({ device, account, user_id, token, expires_at: Date.now() + expires_in * 1_000 }, staffCode)
  } catch {
    // No kiosk knows it, so it would live on for days.
    void edge.signOut(token, device)
    return 'full'
  }
  return 'in'
}

/** Takes the kiosk out of use. */
export async function retire(): Promise<void> {
  // Another window may have renewed it.
  const ended = await disk.forgetGrant()
  newName = newDevice('kiosk')
  await readDisk()
  if (ended?.token === undefined) return
  await proveToken(ended.token)
  await edge.signOut(ended.token, ended.device)
}

export type CommandBody = CmdFrame['body']
export type Command = { id: string; body: CommandBody; tapped_at: string; device_seq: number; receipt?: Reply['receipt'] }

export async function newCommand(body: CommandBody): Promise<Command> {
  return { id: newId(), body, tapped_at: new Date().toISOString(), device_seq: await disk.nextCommand() }
}

export type SendResult = Reply | 'away' | { problem: Problem }

/** The node's reply; `away` if it may or may not have the command, which can be sent again at any time. */
export async function send(command: Command, token: string): Promise<SendResult> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await sendOnce(command, token)
    const isUnproven = 'value' in answer && answer.value.code === 'proof_required'
    if ('value' in answer && !isUnproven) return answer.value
    // The nonce of a node before its restart: the next try has a new one.
    if (isUnproven) edge.proofs.forget()
    if ('problem' in answer && answer.problem.status < 500) return answer
    const pause = PAUSES_MS[attempt]
    if (pause === undefined) return 'away'
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

async function sendOnce(command: Command, token: string): Promise<Answer<Reply>> {
  const presented = await edge.proofs.present(token)
  // Without a nonce the command was not sent, so that a refusal of one is no answer to it.
  if (!('value' in presented)) return { unreachable: true }
  const answer = await edge.command(JSON.stringify({ v: 1, ...command, token: presented.value, repeat: false }))
  if ('value' in answer && ENDED.includes(answer.value.code ?? '')) void checkGrant()
  return answer
}

/** The photos that a command names, after it; how many the node has not got. */
export function sendPhotosOf(command: Command, photos: readonly PreparedPhoto[], token: string, goesOn: () => boolean): Promise<number> {
  return sendPhotos(photos, {
    standing: (photo) => edge.photo(photo, command.id, token),
    send: (photo, offset, chunk) => edge.sendPhoto(photo, command.id, token, offset, chunk),
    goesOn,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
}

/** `unknown`: the node has no such order. `notReady`: it refuses the kiosk's sign-in. `away`: it cannot say now. */
export type NotFound = 'unknown' | 'notReady' | 'away'

/** The order of a receipt. */
export async function follow(receipt: Receipt, token: string): Promise<BoardItem | NotFound> {
  const answer = await edge.follow(receipt, token)
  if ('value' in answer) return answer.value
  if (!('problem' in answer)) return 'away'
  const { code } = answer.problem
  if (code === 'order_not_found') return 'unknown'
  if (ENDED.includes(code)) void checkGrant()
  return isSignIn(code) ? 'notReady' : 'away'
}

/** A person's own orders. */
export async function ownOrders(token: string): Promise<BoardItem[] | 'away'> {
  const answer = await edge.board(token)
  edge.forgetBoard()
  return 'value' in answer ? (answer.value satisfies Board).items : 'away'
}
