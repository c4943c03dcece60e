// A code on its way to a person's phone: asked for, typed in, and asked for again.
import { computed } from 'vue'
import { language } from './language.ts'
import { kiosk, sendCode, signInByCode, signOut, type CodeRefusal } from './kiosk.ts'
import { blankPhoneCode, visit } from './visit.ts'

/** The message takes a while, and each number gets few of them. Who waits for it is not asked meanwhile if they are gone. */
export const AGAIN_MS = 30_000

const secondsUntil = (at: number): number => Math.max(0, Math.ceil((at - kiosk.now) / 1_000))

/** How long the code is still good, and how long until another one may be asked for. */
export const secondsGood = computed(() => secondsUntil(visit.phoneCode.until))
export const secondsToAgain = computed(() => secondsUntil(visit.phoneCode.againAt))

/** Whether this number has a code that is still good. */
export const hasCode = (): boolean => visit.phoneCode.sentTo === visit.phoneCode.phone.trim() && visit.phoneCode.until > Date.now()

/** Sends a code to the number that was typed. */
export async function askForCode(): Promise<'sent' | CodeRefusal | 'wiped'> {
  const mine = visit.phoneCode
  const phone = mine.phone.trim()
  visit.trouble = undefined
  visit.isBusy = true
  // The message may be there, and its code typed, before the answer is.
  mine.code = ''
  const result = await sendCode(phone)
  if (mine !== visit.phoneCode) return 'wiped'
  visit.isBusy = false
  if (result === 'away') return refusalOf('trouble.away')
  if ('field' in result) return result
  kiosk.now = Date.now()
  Object.assign(mine, { sentTo: phone, until: kiosk.now + result.seconds * 1_000, againAt: kiosk.now + AGAIN_MS, sentence: result.sentence })
  return 'sent'
}

/** Signs the person in for this visit. The number and its code are forgotten then. */
export async function enterCode(): Promise<'in' | CodeRefusal | 'wiped'> {
  const mine = visit.phoneCode
  visit.trouble = undefined
  visit.isBusy = true
  const result = await signInByCode(mine.phone.trim(), mine.code)
  if (mine !== visit.phoneCode) {
    if (typeof result === 'object' && 'token' in result) void signOut(result.token)
    return 'wiped'
  }
  visit.isBusy = false
  if (typeof result === 'string') return refusalOf(result === 'away' ? 'trouble.away' : 'signIn.other')
  if ('field' in result) {
    if (result.isOver) Object.assign(mine, { until: 0, againAt: 0 })
    return result
  }
  visit.person = result
  visit.phoneCode = blankPhoneCode()
  return 'in'
}

const refusalOf = (key: string): CodeRefusal => ({ field: undefined, sentence: language.i18n.global.t(key), isOver: false })
