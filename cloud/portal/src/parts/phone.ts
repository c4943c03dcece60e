// A code on its way to a phone: asked for, and typed in before it is over.

import { useI18n } from '@holdfast/kit'
import { computed, nextTick, onScopeDispose, ref } from 'vue'
import { Problem } from '../api/problem.ts'
import { sendCode } from '../api/routes.ts'
import { lifeOfPossibleCode } from '../logic/codes.ts'
import { useSending } from './sending.ts'

/** `field` is the id of the field of the code, which is reached when one was sent. */
export function usePhoneCode(field: string) {
  const { t } = useI18n()
  const phone = ref('')
  const code = ref('')
  const until = ref<number>()
  /** The code comes only if the number opens an account, which the answer does not tell. */
  const isUncertain = ref(false)
  const { busy, problem, attempt } = useSending()
  const wrong = ref<{ phone?: string | undefined; code?: string | undefined }>({})

  const now = ref(Date.now())
  const timer = setInterval(() => { now.value = Date.now() }, 1_000)
  onScopeDispose(() => clearInterval(timer))
  /** In seconds; `undefined` where no code was sent. */
  const left = computed(() => (until.value === undefined ? undefined : Math.max(0, Math.ceil((until.value - now.value) / 1_000))))
  const clock = computed(() => `${Math.floor((left.value ?? 0) / 60)}:${String((left.value ?? 0) % 60).padStart(2, '0')}`)

  async function send(): Promise<void> {
    if (busy.value) return
    wrong.value = phone.value.trim() ? {} : { phone: t('phone.numberMissing') }
    if (wrong.value.phone) return
    isUncertain.value = false
    await attempt(async () => {
      // Before the question: the message may be there, and its code typed, before the answer is.
      code.value = ''
      const { expires_in } = await sendCode(phone.value)
      now.value = Date.now()
      until.value = now.value + expires_in * 1_000
      await nextTick()
      document.getElementById(field)?.focus()
    }, tell)
  }

  /** Does something with the code. */
  async function use(work: () => Promise<void>): Promise<void> {
    if (busy.value) return
    wrong.value = code.value.trim() ? {} : { code: t('phone.codeMissing') }
    if (!wrong.value.code) await attempt(work, tell)
    if (wrong.value.code) document.getElementById(field)?.focus()
  }

  function another(): void {
    until.value = undefined
    wrong.value = {}
    problem.value = undefined
  }

  function tell(error: unknown): void {
    if (!(error instanceof Problem)) problem.value = error
    else if (error.code === 'code_wrong') wrong.value = { code: [error.body.title, error.detail].filter(Boolean).join(' ') }
    else if (error.fields['phone'] || error.fields['code']) wrong.value = { phone: error.fields['phone'], code: error.fields['code'] }
    else problem.value = error
    // A number that is none is mended where it is typed.
    if (wrong.value.phone) until.value = undefined
    else if (isOver(error)) until.value = now.value
    const life = lifeOfPossibleCode(error)
    if (life === undefined) return
    isUncertain.value = true
    now.value = Date.now()
    until.value = now.value + life * 1_000
  }

  /** The sentence above the field of the code. */
  const status = computed(() => {
    if (!left.value) return t('phone.over', { phone: phone.value })
    return t(isUncertain.value ? 'phone.perhaps' : 'phone.sent', { phone: phone.value })
  })

  return { phone, code, left, status, clock, busy, wrong, problem, send, use, another }
}

/** Whether no try is left with the code that was sent. */
const isOver = (error: unknown): boolean => error instanceof Problem && (error.code === 'code_over' || error.body['tries_left'] === 0)
