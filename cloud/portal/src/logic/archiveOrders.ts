// The orders and the money on the page of an archive.

import { say } from '@holdfast/kit/i18n.ts'
import { type Archive, monthsOfAccount, type OwnMessage, type OwnOrder, type OwnPhoto } from './archive.ts'
import { type ArchiveWords, factsTable, fileOf, list, said, timelineOf, type Told } from './archiveMarkup.ts'
import { type Markup, markup } from './markup.ts'
import { feeMinor, ownMinor } from './statement.ts'

export function ordersOf({ orders, person }: Archive, words: ArchiveWords): Markup {
  if (orders.length === 0) return list([], words)
  return markup`${orders.map(order => orderOf(order, person.user_id, words))}`
}

function orderOf(order: OwnOrder, me: string, words: ArchiveWords): Markup {
  const { texts } = words
  return markup`<article aria-labelledby="${order.code}">
<h3 id="${order.code}">${said(order.title)} <span translate="no">${order.code}</span></h3>
${factsTable([
    [texts.status, words.t(`status.${order.status}`)], [texts.kind, words.t(`service.${order.service_type}`)], [texts.price, words.money(order.price, order.currency)],
    [texts.payment, words.t(`payment.${order.payment_status}`)], [texts.when, words.when(order)], [texts.region, words.t(`region.${order.location}`)],
    [texts.where, order.address && said(order.address)], [texts.details, order.description && said(order.description)], [texts.published, words.time(order.created_at)], [texts.id, order.id],
  ])}
${told(texts.history, order.timeline && words.history(order), words)}
${evidenceOf(order, words)}
${photosOf(order.photos, words)}
${told(texts.showings, order.number_showings && order.number_showings.map(({ shown_at, shown_to }) => (
    { when: words.time(shown_at), what: shown_to.user_id === me ? texts.shownToYou : texts.shownToOther })), words)}
${told(texts.messages, order.messages && order.messages.toReversed().map(message => messageOf(message, words)), words)}
${told(texts.moneyOf, order.statement && words.moneyOfOrder(order), words)}
</article>
`
}

/** Its photo is a file of the archive, or words where it is not there. */
function messageOf({ from, text, sent_at, photo, file, number }: OwnMessage, words: ArchiveWords): Told {
  const picture = photo && fileOf(file, say(words.texts.photoMessage, { n: number }), words)
  return { when: words.time(sent_at), what: words.t(`role.${from}`), detail: text, ...(picture ? { picture } : {}) }
}

function told(title: string, entries: readonly Told[] | null, words: ArchiveWords): Markup | string {
  if (entries === null) return markup`<h4>${title}</h4><p>${words.texts.gone}</p>`
  return entries.length === 0 ? '' : markup`<h4>${title}</h4>${timelineOf(entries)}`
}

/** What the provider showed for the work besides photos. */
function evidenceOf({ timeline }: OwnOrder, words: ArchiveWords): Markup | string {
  const shown = (timeline ?? []).flatMap(({ evidence }) => [
    ...(evidence?.checklist ?? []).map(({ key, done }) => markup`${words.t(done ? 'workEvidence.yes' : 'workEvidence.no')} ${words.te(`check.${key}`) ? words.t(`check.${key}`) : key}`),
    ...(evidence?.signed_by ? [markup`${words.t('workEvidence.signedBy')} ${said(evidence.signed_by)}`] : []),
  ])
  return shown.length === 0 ? '' : markup`<h4>${words.t('workEvidence.title')}</h4>${list(shown, words)}`
}

function photosOf(photos: readonly OwnPhoto[] | null, words: ArchiveWords): Markup | string {
  const { texts } = words
  if (photos === null) return markup`<h4>${texts.photos}</h4><p>${texts.gone}</p>`
  if (photos.length === 0) return ''
  const titles = { job: texts.photoJob, before: texts.photoBefore, after: texts.photoAfter }
  return markup`<h4>${texts.photos}</h4>${list(photos.map(({ file, taken }, n) => {
    const alt = say(titles[taken], { n: n + 1 })
    return markup`${fileOf(file, alt, words)}${file ? ` ${alt}` : ''}`
  }), words)}`
}

export function moneyOfAccount(archive: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  if (archive.person.role === 'customer') {
    const name = (method: string) => (words.te(`pay.method.${method}`) ? words.t(`pay.method.${method}`) : method)
    return markup`<h3>${texts.methods}</h3>${list(archive.methods.map(({ method, kept_at, is_default }) => markup`${name(method)}, ${words.time(kept_at)}${is_default ? ` · ${texts.standard}` : ''}`), words)}`
  }
  const balances = archive.earnings.map(({ available, sending, currency }) => markup`${texts.available}: ${words.money(available, currency)} · ${texts.sending}: ${words.money(sending, currency)}`)
  return markup`${list(balances, words)}
<h3>${texts.months}</h3>${monthsTable(archive, words)}
<h3>${texts.lines}</h3>${linesTable(archive, words)}`
}

function monthsTable(archive: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  const rows = monthsOfAccount(archive).map(({ month, currency, earned, fees, paidOut, closing }) => [month, ...[earned, fees, paidOut, closing].map(sum => words.minor(sum, currency))])
  return table([texts.month, texts.earned, texts.fees, texts.paidOut, texts.closing], 1, rows, words)
}

function linesTable({ lines, orders }: Archive, words: ArchiveWords): Markup {
  const { texts } = words
  const codes = new Map(orders.map(({ id, code }) => [id, code]))
  const what = (action: string) => (words.te(`statement.action.${action}`) ? words.t(`statement.action.${action}`) : action)
  const rows = lines.map(line => [
    words.time(line.at), what(line.action), (line.order_id && (codes.get(line.order_id) ?? line.order_id)) ?? '', line.fee ? words.minor(feeMinor(line), line.currency) : '', words.minor(ownMinor(line), line.currency),
  ])
  return table([texts.when, texts.what, texts.order, texts.fee, texts.amount], 3, rows, words)
}

/** The columns from `sums` on are amounts. */
function table(names: readonly string[], sums: number, rows: readonly (readonly string[])[], words: ArchiveWords): Markup {
  if (rows.length === 0) return list([], words)
  const kind = (at: number) => (at < sums ? 'text' : 'sum')
  return markup`<div class="wide" tabindex="0"><table><thead><tr>${names.map((name, at) => markup`<th scope="col" class="${kind(at)}">${name}</th>`)}</tr></thead>
<tbody>${rows.map(row => markup`<tr>${row.map((cell, at) => markup`<td class="${kind(at)}">${cell}</td>`)}</tr>`)}</tbody></table></div>`
}
