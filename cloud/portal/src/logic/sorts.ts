// The orders in which lists come, as the routes take them. The first of each list is the usual one.

export const OWN_SORTS = ['newest', 'oldest', 'start', 'price_high', 'price_low'] as const
/** A provider looks for work that begins soon, or that pays. */
export const OPEN_SORTS = ['newest', 'start', 'price_high', 'price_low'] as const
export const DESK_SORTS = ['newest', 'oldest', 'price_high', 'price_low'] as const
export const REVIEW_SORTS = ['newest', 'oldest', 'rating_high', 'rating_low'] as const

export type OrderSort = (typeof OWN_SORTS)[number]
export type ReviewSort = (typeof REVIEW_SORTS)[number]
