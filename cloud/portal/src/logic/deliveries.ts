// What could not be delivered: how much lately, channel by channel, and why.

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

/** The reasons of the notification service, by the ends of their keys in the message files. */
export const REASONS: Readonly<Record<string, string>> = {
  'it was read before': 'read',
  'the admin may not read alarms any more': 'notAllowed',
  'nobody has confirmed the address': 'unconfirmed',
  'the account has no address, or is closed': 'noAddress',
  'no device of the person takes pushes': 'noDevice',
  'nothing waits to be confirmed': 'nothingToConfirm',
  'the address in force has not been warned yet': 'notWarned',
  'the mail server is unavailable': 'mailAway',
  "the recipient's e-mail address is not valid": 'notAnAddress',
  'the push service did not answer': 'pushAway',
}
const REFUSAL = /^the (?:mail server|gateway|push service) (?:refused (?:the|a) message with|answered)(?: status)? (\d+)$/

/** `undefined` for the words of another server, which are quoted. */
export function reasonOf(why: string): { key: string; status?: string } | undefined {
  const key = REASONS[why]
  if (key) return { key }
  const status = REFUSAL.exec(why)?.[1]
  return status === undefined ? undefined : { key: 'refused', status }
}
