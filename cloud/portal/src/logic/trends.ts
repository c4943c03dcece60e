// The overview's trends: what was counted for each of the last days.

import type { CutOffDay, OrderDay } from '@holdfast/kit/api.gen.ts'

/** A day of a trend. Today is not over. */
export interface TrendDay { from: number; value: number; other?: number; isToday: boolean }

/** Published orders, and completed ones beside them. */
export function orderTrend(days: readonly OrderDay[]): TrendDay[] {
  return markToday(days.map(({ from, published, completed }) => ({ from: Date.parse(from), value: published, other: completed })))
}

/** The minutes for which nodes were cut off. */
export function cutOffTrend(days: readonly CutOffDay[]): TrendDay[] {
  return markToday(days.map(({ from, minutes }) => ({ from: Date.parse(from), value: minutes })))
}

/** The last day is today: an answer that is older than a day still ends with its own. */
function markToday(days: readonly Omit<TrendDay, 'isToday'>[]): TrendDay[] {
  return days.map((day, index) => ({ ...day, isToday: index === days.length - 1 }))
}

/** True if nothing was counted: then the chart has nothing to show. */
export function isEmptyTrend(days: readonly TrendDay[]): boolean {
  return days.every(({ value, other = 0 }) => value === 0 && other === 0)
}
