// Counts what could not be delivered lately, channel by channel.

import type { Channel, DeliveryItem } from '@holdfast/kit/api.gen.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** The most failures first. Only of those that were written in the last day. */
export function countLately(failed: readonly Pick<DeliveryItem, 'channel' | 'created_at'>[], now: number): { channel: Channel; count: number }[] {
  const counts = new Map<Channel, number>()
  for (const { channel, created_at: at } of failed) {
    if (now - Date.parse(at) <= DAY_MS) counts.set(channel, (counts.get(channel) ?? 0) + 1)
  }
  return [...counts].map(([channel, count]) => ({ channel, count })).sort((a, b) => b.count - a.count)
}
