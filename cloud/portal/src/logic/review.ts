// A review as it is written: what is chosen and typed, and what of it is sent.

import type { Dimensions, Review, ReviewForm } from '@holdfast/kit/api.gen.ts'

export const STARS = [1, 2, 3, 4, 5] as const
export const DIMENSIONS = ['professionalism', 'attitude', 'punctuality'] as const satisfies readonly (keyof Dimensions)[]
export const PICTURES_MAX = 6

export interface ReviewDraft {
  stars: number | undefined
  /** One that is left out is as good as the whole. */
  dimensions: Partial<Record<keyof Dimensions, number | undefined>>
  comment: string
  images: string[]
}

/** What is sent of a review, whether it is new or changed. */
export type ReviewContent = Omit<ReviewForm, 'order_id'>

export function draftOf(review: Review | undefined): ReviewDraft {
  if (!review) return { stars: undefined, dimensions: {}, comment: '', images: [] }
  const apart = DIMENSIONS.filter(one => review.dimensions[one] !== review.rating)
  return {
    stars: review.rating, comment: review.comment, images: [...review.images],
    dimensions: Object.fromEntries(apart.map(one => [one, review.dimensions[one]])),
  }
}

/** Nothing where the stars are missing, without which there is no review. */
export function contentOf(draft: ReviewDraft): ReviewContent | undefined {
  if (draft.stars === undefined) return undefined
  const given = DIMENSIONS.flatMap(one => (draft.dimensions[one] ? [[one, draft.dimensions[one]] as const] : []))
  return { rating: draft.stars, dimensions: Object.fromEntries(given), comment: draft.comment.trim(), images: draft.images }
}

/** The id of the field to which a mistake belongs that the server has named. */
export function fieldOf(named: string): string {
  return `review-${named.split('.').at(-1)?.replace(/\[.*$/, '') ?? named}`
}
