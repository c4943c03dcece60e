// A provider's steps to the first job, in words.

import { type IconName, langOf, useI18n } from '@holdfast/kit'
import type { OwnProvider } from '@holdfast/kit/api.gen.ts'
import { computed } from 'vue'
import { type FirstStep, firstStepsOf, nextStep, STEP_PLACES } from '../logic/firstSteps.ts'
import { useNames } from './names.ts'
import { useOwnAddress } from './ownAddress.ts'

export interface ShownStep {
  key: string
  title: string
  /** `next` is the one that its person makes now. */
  state: 'done' | 'next' | 'open' | 'waits' | 'needs'
  icon: IconName
  /** Its state. */
  words: string
  detail?: string | undefined
  /** What a person wrote about it. */
  said?: string | undefined
  saidLang?: string | undefined
  to?: string | undefined
}

export const STEP_ICONS: Readonly<Record<ShownStep['state'], IconName>> = { done: 'check', next: 'next', open: 'other', waits: 'clock', needs: 'needs' }

/** Empty for a verified provider, and until the profile is known. */
export function useFirstSteps(provider: () => OwnProvider | undefined) {
  const { t } = useI18n()
  const names = useNames()
  const { address, isKnown: isMailKnown, isMailed } = useOwnAddress()
  const steps = computed(() => {
    const own = provider()
    if (!own || own.verification.state === 'verified') return []
    return firstStepsOf(own, isMailed.value ? address.data.value : undefined, Date.now())
  })
  const next = computed(() => nextStep(steps.value))
  const isKnown = computed(() => steps.value.length > 0 && isMailKnown.value)

  function detailOf(step: FirstStep): string | undefined {
    if (step.name === 'verified') return step.reason ? t('first.asked') : undefined
    if (step.state === 'done') return undefined
    if (step.name === 'hours') return t('first.hoursWhy')
    if (step.name === 'profile') return t('first.missing', { what: step.gaps.map(gap => t(`profile.${gap}`)).join(t('docs.comma')) })
    if (step.name === 'mail') return step.waitingFor ? t('first.mailWaits', { email: step.waitingFor }) : t('address.none')
    return t(`first.paper.${step.gap ?? 'missing'}`)
  }

  function wordsOf(step: FirstStep, state: ShownStep['state']): string {
    if (step.name === 'verified' && step.since) return t('first.waitsSince', { time: names.since(step.since) })
    if (state === 'needs') return t('truth.needs')
    if (state === 'open' && step.isOptional) return t('first.optional')
    return state === 'done' ? t('ui.stepDone') : t(`first.is.${state}`)
  }

  const shown = computed(() => steps.value.map((step): ShownStep => {
    const isNext = step === next.value
    const state = isNext && step.state === 'open' ? 'next' : step.state
    const reason = step.name === 'verified' ? step.reason : undefined
    return {
      key: step.name, title: t(`first.step.${step.name}`), state, icon: STEP_ICONS[state], words: wordsOf(step, state), detail: detailOf(step),
      said: reason, saidLang: reason && langOf(reason), to: isNext || step.state === 'done' ? undefined : STEP_PLACES[step.name],
    }
  }))
  /** Where the next step is made, or where a person sees what they wait for. */
  const place = computed(() => STEP_PLACES[next.value && !next.value.isOptional ? next.value.name : 'verified'])
  return { isKnown, next, place, shown }
}
