// The tablet as its pages see it: the person, the edge, the link, the jobs, the queue and the photos. `tablet.ts` changes it.
import { computed, shallowReactive } from 'vue'
import type { BoardItem, EdgeStanding, Text } from '@holdfast/kit/api.gen.ts'
import { offerReach } from '@holdfast/kit/offers.ts'
import { needsPerson, type QueueItem } from './item.ts'
import { bookedBy, isMyJob, type Job, jobsOf } from './jobs.ts'
import { countUnseen, type Thread } from './messages.ts'
import type { Shown } from './people.ts'
import { isForNextTap, isPhotoOpen, type Photo } from './photo.ts'
import type { Position } from './place.ts'
import { deciderOf, isTabletClockWrong, type Link } from './standing.ts'

/** A provider at work is elsewhere after so long. */
const POSITION_SHOWN_MS = 30 * 60_000

/** Shallow: lists come whole and anew, and a board may have thousands. */
export const tablet = shallowReactive({
  /** Another window of this browser has the tablet. */
  isElsewhere: false,
  device: '',
  people: [] as Shown[],
  person: undefined as { user_id: string; name: string; expires_at: number } | undefined,
  isLocked: false,
  /** The edge's last answer. */
  standing: undefined as EdgeStanding | undefined,
  /** The edge answers; unknown until the first try. */
  isNear: undefined as boolean | undefined,
  nearSince: Date.now(),
  /** Why the sign-in opens nothing at the edge, by its code. */
  ended: undefined as string | undefined,
  items: [] as QueueItem[],
  photos: [] as Photo[],
  board: [] as BoardItem[],
  boardAsOf: undefined as number | undefined,
  hasBoard: false,
  /** What was written about this person's jobs, by the order. */
  threads: new Map() as ReadonlyMap<string, Thread>,
  messagesAsOf: undefined as number | undefined,
  now: Date.now(),
  /** The orders that became this person's just now: the board says so before they leave it. */
  confirmed: [] as string[],
  /** How far this tablet's clock is ahead of the node's. */
  clockErrorMs: 0,
  /** Where the person allowed this tablet to look for itself. It is on no disk. */
  position: undefined as Position | undefined,
  /** A command of this tablet was confirmed, and nobody has answered yet whether to keep the app. */
  mayAskToInstall: false,
  /** A new job makes a sound and vibrates. */
  callsOut: true,
  /** An update of the app waits for a good moment. */
  update: undefined as (() => void) | undefined,
})

/** The start of this day. Words that depend on it change once a day. */
export const today = computed(() => new Date(tablet.now).setHours(0, 0, 0, 0))
export const link = computed<Link>(() => {
  if (tablet.isNear === false) return 'away'
  if (!tablet.standing) return 'unknown'
  return tablet.standing.link.up ? 'up' : 'cut'
})
export const linkSince = computed(() => (link.value === 'cut' ? Date.parse(tablet.standing!.link.since) : tablet.nearSince))
/** Where this tablet was a short while ago, if its person has asked. */
export const position = computed(() => (tablet.position && tablet.now - tablet.position.at < POSITION_SHOWN_MS ? tablet.position : undefined))
/** By the node's clock, which alone ends offers. */
export const nodeNow = computed(() => tablet.now - tablet.clockErrorMs)
export const isClockWrong = computed(() => isTabletClockWrong(tablet.clockErrorMs, tablet.standing))
export const decider = computed(() => deciderOf(tablet.standing))
/** The node is a copy of the one that is at work. */
export const isTwin = computed(() => decider.value === 'twin')
export const me = computed(() => tablet.person?.user_id ?? '')
export const jobs = computed(() => jobsOf(tablet.board, tablet.items, me.value))
/** How many messages on their jobs the person has not seen on this tablet. */
export const unseen = computed(() => jobs.value.filter((job) => isMyJob(job, me.value)).reduce((sum, job) => sum + unseenOf(job.order.id), 0))
/** This person's jobs that take their hours. */
export const booked = computed(() => bookedBy(jobs.value, me.value))
export const waiting = computed(() => tablet.items.filter((item) => item.state === 'waiting'))
/** The photos that only this tablet is sure to have. */
export const photosHere = computed(() => tablet.photos.filter((photo) => isPhotoOpen(photo)))
export const queued = computed(() => tablet.items.filter((item) => item.state === 'waiting' || item.state === 'stored' || needsPerson(item)))
/** The last command that can still be taken back. */
export const undoable = computed(() =>
  tablet.items.filter((item) => item.state === 'waiting' && item.attempts === 0 && item.leaves_at > tablet.now && item.leaves_at > item.tapped_at).at(-1),
)

/** Whom a running offer of an open job reaches. */
export const reachOf = ({ order }: Job) => order.offer && offerReach(order, nodeNow.value)

export const unseenOf = (job: string) => countUnseen(tablet.threads.get(job))
export const photosOf = (command: string) => tablet.photos.filter((photo) => photo.command === command)
/** Taken for the next tap on this job. */
export const photosTaken = (job: string, moment: Photo['moment']) =>
  tablet.photos.filter((photo) => photo.job === job && photo.moment === moment && isForNextTap(photo, tablet.items))

/** In the language of the page. */
export function sentence(text: Text | undefined, locale: string): string | undefined {
  return text && (locale.startsWith('zh') ? text['zh-CN'] : text.en)
}
