// One person's visit. All that they type, see and are given is here, in the memory of this page, until it is wiped.
//
// Must stay true: nothing of it reaches a disk, the address, the history or another visit.
import type { BoardItem, Reply } from '@holdfast/kit/api.gen.ts'
import { computed, reactive } from 'vue'
import { isSignIn, meaningOf } from '../../src/device/answer.ts'
import { language } from './language.ts'
import { blankDraft, orderOf, type Draft } from './draft.ts'
import { follow, isReady, kiosk, newCommand, send, sendPhotosOf, signOut, type Command, type CommandBody, type SendResult, type SignedIn } from './kiosk.ts'
import { newSecret, orderIdFor, type Receipt } from './receipt.ts'

/** How a person wants to go on. */
export type Way = 'phone' | 'account' | 'nameless'

/** A number, and the code that it was sent. */
export type PhoneCode = {
  phone: string
  code: string
  /** The number of the last code, and until when that is good. */
  sentTo: string | undefined
  until: number
  /** From then on another one may be asked for. */
  againAt: number
  /** What the service says of a code that may not come. */
  sentence: string | undefined
}

export const blankPhoneCode = (): PhoneCode => ({ phone: '', code: '', sentTo: undefined, until: 0, againAt: 0, sentence: undefined })

type Visit = {
  /** Between the first touch and the wipe. */
  hasBegun: boolean
  /** They have an account, so that nothing is offered without one. */
  hasAccount: boolean
  way: Way | ''
  phoneCode: PhoneCode
  /** A person who signed in by a code has no name here. */
  person: (SignedIn & { name?: string }) | undefined
  draft: Draft
  /** The draft's command. Repeats use it again, so that the draft is published once. */
  published: { secret: string; command: Command } | undefined
  /** An order that the node may have, though its draft changed since. */
  replaced: string | undefined
  receipt: Receipt | undefined
  /** Photos that did not get to the node. */
  photosMissing: number
  order: BoardItem | undefined
  /** The command whose decision is awaited, and how far it is. */
  waiting: Command | undefined
  reply: Reply | undefined
  /** A sentence that stands over the page. */
  trouble: string | undefined
  isBusy: boolean
  look: { isLarge: boolean; hasContrast: boolean; isLow: boolean }
}

const blankVisit = (): Visit => ({
  hasBegun: false,
  hasAccount: false,
  way: '',
  phoneCode: blankPhoneCode(),
  person: undefined,
  draft: blankDraft(),
  published: undefined,
  replaced: undefined,
  receipt: undefined,
  photosMissing: 0,
  order: undefined,
  waiting: undefined,
  reply: undefined,
  trouble: undefined,
  isBusy: false,
  look: { isLarge: false, hasContrast: false, isLow: false },
})

export const visit = reactive<Visit>(blankVisit())
/** The number of this visit: an answer to an earlier one is dropped. */
let number = 0

const token = (): string | undefined => visit.person?.token ?? (isReady.value ? kiosk.grant?.token : undefined)
export const canPublish = computed(() => visit.person !== undefined || isReady.value)
/** Where the order of this visit is. */
export const truth = computed(() => (visit.reply?.hop === 'decided' || visit.order?.pending === false ? 'confirmed' : 'node'))

/** Ends the visit: nothing of it stays in memory. */
export function forgetVisit(): void {
  number += 1
  const person = visit.person
  Object.assign(visit, blankVisit())
  if (person) void signOut(person.token)
}

/** Publishes the draft, once however often it is pressed; true if the node has it. */
export async function publish(): Promise<boolean> {
  const { t } = language.i18n.global
  const order = kiosk.standing && orderOf(visit.draft, kiosk.standing.region, Date.now(), t('where.phoneWord'))
  if (!order || visit.isBusy) return false
  const mine = number
  if (!(await cancelReplaced()) || mine !== number) return false
  if (!visit.published) {
    const secret = newSecret()
    const command = await newCommand({ type: 'publish_order', order_id: orderIdFor(secret, Date.now()), order })
    visit.published = { secret, command }
  }
  const { secret, command } = visit.published
  const reply = await sendOwn(command)
  if (mine !== number || reply?.order === undefined || reply.order === null) return false
  await sendPhotos(command)
  if (mine !== number) return false
  visit.receipt = { code: reply.order.code, secret }
  visit.order = { ...reply.order, pending: reply.hop !== 'decided' }
  return true
}

/** While the person still waits for the receipt: the wipe that follows leaves no photo here. */
async function sendPhotos(command: Command): Promise<void> {
  const by = token()
  const { photos } = visit.draft
  if (!by || photos.length === 0) return
  visit.isBusy = true
  const mine = number
  const missing = await sendPhotosOf(command, photos, by, () => mine === number)
  if (mine !== number) return
  visit.isBusy = false
  visit.photosMissing = missing
}

/** A changed draft is another order; the earlier one may have reached the node, though its answer did not come back. */
export function draftChanged(): void {
  const sent = visit.published?.command.body
  if (sent?.type === 'publish_order') visit.replaced = sent.order_id
  visit.published = undefined
}

/** Without this a person would have two orders, and the receipt of one. False until the node has judged the cancel. */
async function cancelReplaced(): Promise<boolean> {
  const by = token()
  if (!visit.replaced || !by) return true
  visit.isBusy = true
  visit.trouble = undefined
  const mine = number
  const answer = await send(await newCommand({ type: 'cancel_order', order_id: visit.replaced }), by)
  if (mine !== number) return false
  visit.isBusy = false
  if (isJudged(answer)) visit.replaced = undefined
  else visit.trouble = troubleOf(answer)
  return isJudged(answer)
}

/** Any judgement will do, since an order that never arrived cannot be cancelled. A refusal of the sender is none. */
function isJudged(answer: SendResult): boolean {
  return answer !== 'away' && !('problem' in answer) && !['later', 'sign-in'].includes(meaningOf(answer))
}

/** Why the node has not taken a command. */
function troubleOf(answer: SendResult): string | undefined {
  const { t } = language.i18n.global
  if (answer === 'away') return t('trouble.away')
  if ('problem' in answer) return answer.problem.detail ?? answer.problem.title
  // Only staff can renew the kiosk's own sign-in.
  const isKiosksOwn = visit.person === undefined && isSignIn(answer.code ?? '')
  return isKiosksOwn ? t('trouble.notReady') : sentenceOf(answer)
}

/** Cancels or reviews the order that is shown; true if the node has it. */
export async function act(body: CommandBody): Promise<boolean> {
  const mine = number
  const reply = await sendOwn(await newCommand(body))
  if (mine !== number || !reply) return false
  if (reply.order && visit.order) visit.order = { ...reply.order, address: '', pending: reply.hop !== 'decided' }
  return true
}

/** Sends a command of this visit. Without a receipt its trouble is said. */
async function sendOwn(command: Command): Promise<Reply | undefined> {
  const by = token()
  visit.trouble = undefined
  if (!by) {
    visit.trouble = language.i18n.global.t('trouble.notReady')
    return undefined
  }
  visit.isBusy = true
  const mine = number
  const answer = await send(command, by)
  if (mine !== number) return undefined
  visit.isBusy = false
  if (answer === 'away' || 'problem' in answer || answer.verdict === 'not_taken' || answer.outcome?.kind === 'rejected') {
    visit.trouble = troubleOf(answer)
    return undefined
  }
  visit.reply = answer
  visit.waiting = answer.hop === 'decided' ? undefined : { ...command, receipt: answer.receipt }
  return answer
}

/** The node's sentence, in the language of the page. */
function sentenceOf(reply: Reply): string | undefined {
  return reply.message?.[language.i18n.global.locale.value === 'zh-CN' ? 'zh-CN' : 'en']
}

/** Asks for the decision that the node did not have yet. */
export async function askAgain(): Promise<void> {
  const by = token()
  const mine = number
  if (!visit.waiting || !by || visit.isBusy) return
  const answer = await send(visit.waiting, by)
  if (mine !== number || answer === 'away' || 'problem' in answer || answer.hop !== 'decided') return
  visit.waiting = undefined
  visit.reply = answer
  if (answer.outcome?.kind === 'rejected') visit.trouble = sentenceOf(answer)
  if (answer.outcome?.order && visit.order) visit.order = { ...answer.outcome.order, address: '', pending: false }
}

/** Shows the order of a receipt. False if there is none to show; `trouble` says why. */
export async function openReceipt(receipt: Receipt): Promise<boolean> {
  const by = token()
  const mine = number
  visit.isBusy = true
  visit.trouble = undefined
  const found = by ? await follow(receipt, by) : 'notReady'
  if (mine !== number) return false
  visit.isBusy = false
  if (typeof found === 'string') {
    visit.trouble = language.i18n.global.t(found === 'unknown' ? 'find.unknown' : `trouble.${found}`)
    return false
  }
  visit.receipt = receipt
  visit.order = found
  return true
}
