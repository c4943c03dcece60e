// Which commands leave now, and when to look again.
import type { QueueItem } from './item.ts'

/** So many are on their way to the edge without an answer. */
const AT_ONCE_MAX = 32

/**
 * Oldest first. Of each job one command at a time, so that the edge hears them in the order of the taps. An acceptance
 * waits for the ends of jobs before it: a person may have only so many in hand.
 */
export function due(items: readonly QueueItem[], now: number): QueueItem[] {
  return heads(items, now).filter((item) => item.leaves_at <= now && item.next_at <= now).slice(0, AT_ONCE_MAX)
}

/** The next moment at which something may be due; nothing waits where there is none. */
export function nextDue(items: readonly QueueItem[], now: number): number | undefined {
  const times = heads(items, now).map((item) => Math.max(item.leaves_at, item.next_at))
  return times.length === 0 ? undefined : Math.min(...times)
}

function heads(items: readonly QueueItem[], now: number): QueueItem[] {
  const jobs = new Set<string>()
  const undoable = new Set<string>()
  let makesRoom = false
  const waiting = items.filter((item) => item.state === 'waiting').sort((a, b) => a.device_seq - b.device_seq)
  return waiting.filter((item) => {
    const isFirst = !jobs.has(item.body.order_id)
    jobs.add(item.body.order_id)
    const waitsForRoom = makesRoom && item.body.type === 'accept_order'
    if (item.leaves_at > now) undoable.add(item.body.order_id)
    // What can still be undone holds nothing up.
    makesRoom ||= endsJob(item) && !undoable.has(item.body.order_id)
    return isFirst && !waitsForRoom
  })
}

const endsJob = ({ body }: QueueItem) => body.type === 'complete_order' || body.type === 'withdraw_acceptance'
