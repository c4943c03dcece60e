// What lies before a new person: a provider's steps to the first job, the states to come of a
// customer's order, and what a fresh platform still lacks.

import type { MailAddress, Order, OwnProvider, PlatformFee, Region, RegionStatus, ServiceType } from '@holdfast/kit/api.gen.ts'
import { isOver } from './profile.ts'

export type ProfileGap = 'name' | 'phone' | 'skills' | 'areas'
export type PaperGap = 'missing' | 'ended' | 'handIn'

export type FirstStep = { isOptional: boolean } & (
  | { name: 'profile'; state: 'done' | 'open'; gaps: readonly ProfileGap[] }
  | { name: 'mail'; state: 'done' | 'open'; waitingFor: string | null }
  | { name: 'paper'; state: 'done' | 'open'; gap: PaperGap | undefined }
  | { name: 'verified'; state: 'open' | 'waits' | 'needs'; since: string | undefined; reason: string | undefined }
  | { name: 'hours'; state: 'done' | 'open' }
)

/** The page on which each step is made. */
export const STEP_PLACES: Readonly<Record<FirstStep['name'], string>> = {
  profile: '/profile',
  mail: '/account',
  paper: '/profile?part=certificates',
  verified: '/profile?part=certificates',
  hours: '/profile?part=hours',
}

/** The steps of a provider who is not verified. `mail` is absent where no mail is sent. */
export function firstStepsOf(provider: OwnProvider, mail: MailAddress | undefined, now: number): FirstStep[] {
  return [profileStep(provider), ...(mail ? [mailStep(mail)] : []), paperStep(provider, now), verifiedStep(provider), hoursStep(provider)]
}

/** The step to make next: optional ones come last. None is next while the provider only waits. */
export function nextStep(steps: readonly FirstStep[]): FirstStep | undefined {
  const actable = steps.filter(step => step.state === 'open' || step.state === 'needs')
  return actable.find(step => !step.isOptional) ?? actable.find(step => step.isOptional)
}

function profileStep({ full_name, phone_number, skills, service_areas }: OwnProvider): FirstStep {
  const has: Record<ProfileGap, boolean> = { name: full_name !== '', phone: phone_number !== '', skills: skills.length > 0, areas: service_areas.length > 0 }
  const gaps = (['name', 'phone', 'skills', 'areas'] as const).filter(gap => !has[gap])
  return { name: 'profile', isOptional: false, state: gaps.length > 0 ? 'open' : 'done', gaps }
}

function mailStep({ email, is_confirmed, pending }: MailAddress): FirstStep {
  return { name: 'mail', isOptional: false, state: is_confirmed ? 'done' : 'open', waitingFor: pending ?? email }
}

/** A refusal is about the verification: the paper itself was handed in. */
function paperStep({ certifications, verification }: OwnProvider, now: number): FirstStep {
  if (verification.state !== 'none') return { name: 'paper', isOptional: false, state: 'done', gap: undefined }
  const hasEnded = certifications.some(paper => isOver(paper.valid_until, now))
  const gap = certifications.length === 0 ? 'missing' : hasEnded ? 'ended' : 'handIn'
  return { name: 'paper', isOptional: false, state: 'open', gap }
}

function verifiedStep({ verification: { state, steps, submitted_at } }: OwnProvider): FirstStep {
  const reason = state === 'rejected' ? steps.findLast(step => step.act === 'rejected')?.reason : undefined
  const since = state === 'waiting' ? submitted_at : undefined
  return { name: 'verified', isOptional: false, state: state === 'waiting' ? 'waits' : state === 'rejected' ? 'needs' : 'open', since, reason }
}

function hoursStep({ availability }: OwnProvider): FirstStep {
  const hasHours = Object.values(availability).some(ranges => (ranges?.length ?? 0) > 0)
  return { name: 'hours', isOptional: true, state: hasHours ? 'done' : 'open' }
}

const PREPAID = ['approval', 'acceptance', 'payment', 'work', 'review'] as const
export type OrderStage = (typeof PREPAID)[number]
const AFTERWARDS: readonly OrderStage[] = ['approval', 'acceptance', 'work', 'payment', 'review']

/**
 * The stages of an order, and which of them it is in. Undefined once it is over or its money went
 * back, and while it is not known whether an unpaid one is paid before the work.
 */
export function stagesOf({ status, payment_status }: Pick<Order, 'status' | 'payment_status'>, isPaidAfterwards: boolean | undefined): { stages: readonly OrderStage[]; current: OrderStage } | undefined {
  const isUnpaid = payment_status === 'unpaid'
  if (payment_status === 'refunded' || (isUnpaid && isPaidAfterwards === undefined)) return undefined
  const stages = isUnpaid && isPaidAfterwards ? AFTERWARDS : PREPAID
  switch (status) {
    case 'pending_review':
      return { stages, current: 'approval' }
    case 'pending':
      return { stages, current: 'acceptance' }
    case 'accepted':
    case 'in_progress':
      // Work that a node let start unpaid waits for its payment as well.
      return { stages, current: isUnpaid && !isPaidAfterwards ? 'payment' : 'work' }
    case 'completed':
      return { stages, current: isUnpaid ? 'payment' : 'review' }
    case 'reviewed':
    case 'cancelled':
    case 'rejected':
      return undefined
  }
}

export interface ExampleJob { name: 'tap' | 'printers'; service: ServiceType; price: string }

/** Jobs that fill the form of a customer who has published none. Their words are messages. */
export const EXAMPLES: readonly ExampleJob[] = [
  { name: 'tap', service: 'cleaning_repair', price: '180.00' },
  { name: 'printers', service: 'it_technology', price: '260.00' },
]

/** What was read of a platform. What is not the reader's to set up is absent. */
export interface PlatformFacts {
  regions?: readonly Pick<RegionStatus, 'region' | 'edges'>[] | undefined
  fees?: readonly Pick<PlatformFee, 'set_by'>[] | undefined
  hasFactor?: boolean | undefined
}

export type SetUpStep = { name: 'nodes'; regions: readonly Region[] } | { name: 'fees' } | { name: 'factor' }

export const SET_UP_PLACES: Readonly<Record<SetUpStep['name'], string>> = { nodes: '/edges?do=enrol', fees: '/money?view=fees', factor: '/account' }

/** What an admin has yet to set up. A fee that came with the platform was set by no one. */
export function missingSetUp({ regions = [], fees = [], hasFactor }: PlatformFacts): SetUpStep[] {
  const without = regions.filter(({ edges }) => edges.every(edge => edge.link === 'never')).map(({ region }) => region)
  return [
    ...(without.length > 0 ? [{ name: 'nodes', regions: without } as const] : []),
    ...(fees.length > 0 && fees.every(fee => fee.set_by === null) ? [{ name: 'fees' } as const] : []),
    ...(hasFactor === false ? [{ name: 'factor' } as const] : []),
  ]
}
