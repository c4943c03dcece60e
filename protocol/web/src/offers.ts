// An admin's offer of an open job to a few providers for a time. Nothing is sent when it ends: each surface compares its end
// with the time.
import type { JobOffer, Order } from '@holdfast/kit/api.gen.ts'

/** Whom a running offer reaches, as a provider reads it. */
export type OfferReach = 'you' | 'others'

/** The offer that now keeps other providers from the job. */
export function runningOffer({ status, offer }: Pick<Order, 'status' | 'offer'>, now: number): JobOffer | undefined {
  return status === 'pending' && offer && now < Date.parse(offer.until) ? offer : undefined
}

export function offerReach(order: Pick<Order, 'status' | 'offer'>, now: number): OfferReach | undefined {
  const offer = runningOffer(order, now)
  return offer && (offer.to_you ? 'you' : 'others')
}

/** Those that are offered to the reader first; otherwise the order stays. */
export function offersFirst<T>(jobs: readonly T[], isOffered: (job: T) => boolean): T[] {
  return [...jobs.filter(isOffered), ...jobs.filter((job) => !isOffered(job))]
}
