// Words for jobs and commands, in the language of the page.
import { type Hop, type PayWords, useFormats, useI18n } from '@holdfast/kit'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { netOf } from '@holdfast/kit/fees.ts'
import { offerReach } from '@holdfast/kit/offers.ts'
import type { QueueItem } from './device/item.ts'
import { doubtOf, isFirm, truthOf } from './device/item.ts'
import { minorOf, type Job } from './device/jobs.ts'
import { percentOf, type Photo } from './device/photo.ts'
import { distanceBetween, placeOf } from './device/place.ts'
import { isTwin, link, linkSince, nodeNow, photosOf, position, sentence, tablet, today } from './device/tabletState.ts'
import { revocationAgeMs, spanOf } from './device/standing.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

export function useWords() {
  const { t, te, locale } = useI18n()
  const formats = useFormats()

  const region = () => (tablet.standing ? t(`region.${tablet.standing.region}`) : t('app.here'))
  const node = () => t('app.node', { region: region() })

  /** "today", "tomorrow", else the day. */
  function day(at: number): string {
    const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - today.value) / DAY_MS)
    if (Math.abs(days) > 1) return formats.value.date(at, 'day')
    return new Intl.RelativeTimeFormat(locale.value === 'en-XA' ? 'en' : locale.value, { numeric: 'auto' }).format(days, 'day')
  }

  const isToday = (at: number) => new Date(at).setHours(0, 0, 0, 0) === today.value

  /** When the work is wanted. */
  function when(order: { service_start_time: string | null; service_end_time: string | null }): string {
    if (!order.service_start_time) return t('job.anyTime')
    const from = Date.parse(order.service_start_time)
    const start = `${day(from)} ${formats.value.date(from, 'time')}`
    if (!order.service_end_time) return start
    const to = Date.parse(order.service_end_time)
    return `${start}–${day(to) === day(from) ? '' : `${day(to)} `}${formats.value.date(to, 'time')}`
  }

  /** The moment, with its day where it was not today. */
  const moment = (at: number) => (isToday(at) ? formats.value.date(at, 'time') : formats.value.date(at, 'weekday'))

  /** How far a clock is off. */
  function span(errorMs: number): string {
    const { unit, count } = spanOf(errorMs)
    return t(`span.${unit}`, count)
  }

  function pay(order: Order): PayWords {
    const money = (minor: number) => formats.value.money(minor, order.currency)
    const minor = minorOf(order.price)
    const price = money(minor)
    const known = netOf(minor, order, tablet.standing?.platform_fees)
    if (!known) return { price, sentence: price }
    const form = known.mayChange ? 'about' : 'sure'
    const words = { price, net: money(known.minor), fee: money(known.fee), node: node() }
    return { price, gets: t(`pay.${form}.gets`, words), sentence: t(`pay.${form}.of`, words), terms: t(`pay.${form}.terms`, words) }
  }

  /** Whom an open job is offered to, and until when; undefined once every provider can accept it. */
  function offer(order: Order): string | undefined {
    const reach = order.offer && offerReach(order, nodeNow.value)
    if (!order.offer || !reach) return undefined
    const until = Date.parse(order.offer.until)
    return t(`offer.${reach}`, { time: moment(until), left: formats.value.ago(until, nodeNow.value) })
  }

  /** How far it is from here, in a straight line; undefined if one of the two places is not known. */
  function distance(order: Order): string | undefined {
    const place = placeOf(order)
    if (!place || !position.value) return undefined
    const { metres, direction } = distanceBetween(position.value, place)
    const length = formats.value.length(metres)
    return direction ? t('distance.about', { length, direction: t(`distance.${direction}`) }) : t('distance.within', { length })
  }

  /** The distance; without one, the name of the area. */
  const whereabouts = (order: Order) => distance(order) ?? t(`region.${order.location}`)

  /** How old the node's list of ended sign-ins and closed accounts is. Out of its reach only a moment is known. */
  function revocationAge(): string {
    const age = revocationAgeMs(tablet.standing, tablet.now - tablet.clockErrorMs)
    if (age === undefined) return t('revocations.never')
    if (link.value === 'away') return t('revocations.asOf', { time: moment(tablet.now - age) })
    return age < MINUTE_MS ? t('revocations.fresh') : t('revocations.old', { span: span(age) })
  }

  /** The moment as of which the list is the cloud's. */
  const listAge = () => (tablet.boardAsOf === undefined ? t('app.never') : moment(tablet.boardAsOf))

  function linkWords(): string {
    if (link.value === 'up') return t('link.up')
    if (link.value === 'unknown') return t('app.looking')
    if (link.value === 'away') return t('app.away', { node: node() })
    if (isTwin.value) return t('app.copy')
    const minutes = Math.max(0, Math.floor((tablet.now - linkSince.value) / 60_000))
    return minutes > 0 && minutes < 100 ? t('link.cutFor', { minutes }) : t('link.down', { time: moment(linkSince.value) })
  }

  function acceptWord(): string {
    if (link.value !== 'away' && tablet.standing?.firm && !tablet.ended) return t('act.acceptFirm')
    return link.value === 'up' ? t('act.accept') : t('act.request')
  }

  /** With the number of its photos. */
  function action(item: QueueItem): string {
    const photos = photosOf(item.id).length
    const what = t(`did.${item.body.type}`)
    return photos === 0 ? what : t('photo.with', { what, n: photos }, photos)
  }

  /** Where a photo is, and why it does not move. */
  function photo(photo: Photo): string {
    const bytes = formats.value.bytes(photo.bytes)
    if (photo.state === 'sent') return t('photo.sent', { bytes })
    if (photo.state === 'stored') return t('photo.stored', { bytes, node: node() })
    // The cloud has decided the command without it: nothing is under way any more.
    if (photo.state === 'refused' && photo.code === 'photo_not_named') return t('photo.refused')
    if (photo.code && te(`photo.why.${photo.code}`)) return t(`photo.why.${photo.code}`, { node: node() })
    if (photo.state === 'refused') return t('photo.refused')
    return photo.have > 0 ? t('photo.moving', { percent: percentOf(photo) }) : t('photo.here', { bytes })
  }

  /** The meaning of its chip for the person now. */
  function note(job: Job): string | undefined {
    const item = job.item
    if (!item) return tablet.confirmed.includes(job.order.id) ? t('note.confirmed') : undefined
    if (truthOf(item) === 'needs') return why(item)
    if (doubt(item)) return doubt(item)
    if (item.body.type !== 'accept_order') return item.state === 'waiting' ? t('note.kept', { what: action(item) }) : t('note.stored', { what: action(item) })
    if (isFirm(item)) return t('note.yours')
    return item.state === 'waiting' ? t('note.requested') : t('note.waits')
  }

  /** Why a command that the node holds will not be confirmed. */
  function doubt(item: QueueItem): string | undefined {
    const found = doubtOf(item, isTwin.value)
    if (found !== 'twin') return found && t(`note.${found}`)
    return item.body.type === 'accept_order' ? t('note.twin') : t('note.twinOther', { what: action(item) })
  }

  /** Why a command came to nothing, or has not left, in one sentence. */
  function why(item: QueueItem): string {
    const code = item.reply?.outcome?.code ?? item.reply?.code
    const cause = code && te(`why.${code}`) ? t(`why.${code}`) : sentence(item.reply?.message, locale.value) ?? t('why.unknown')
    const frees = (item.reply?.outcome?.limit ?? item.reply?.limit)?.frees_at
    return frees ? `${cause} ${t('why.frees', { time: moment(Date.parse(frees)) })}` : cause
  }

  function trouble(item: QueueItem): string {
    if (!item.trouble || item.trouble.code === 'unreachable') return t('queue.unreachable', { node: node() })
    if (te(`trouble.${item.trouble.code}`)) return t(`trouble.${item.trouble.code}`)
    return sentence(item.trouble.text, locale.value) ?? t('why.unknown')
  }

  /** Tablet, node, cloud: solid only where it has been. */
  function hops(item: QueueItem): Hop[] {
    const truth = truthOf(item)
    const isRefused = item.state === 'refused'
    const isAtNode = item.state === 'stored' || item.state === 'decided'
    const nodeAt: Hop['at'] = isRefused ? 'needs' : item.state === 'stored' ? 'node' : isAtNode ? 'passed' : 'ahead'
    return [
      { icon: 'tablet', name: t('hop.tablet'), at: truth === 'tablet' ? 'tablet' : 'passed', time: item.tapped_at },
      { icon: 'node', name: node(), at: nodeAt, time: item.stored_at },
      { icon: 'cloud', name: t('hop.confirmed'), at: item.state === 'decided' ? truth : 'ahead', time: item.decided_at },
    ]
  }

  return {
    acceptWord, action, distance, doubt, formats, hops, isToday, linkWords, listAge, moment, node, note, offer, pay, photo, region, revocationAge, span, trouble, when,
    whereabouts, why,
  }
}
