// A report that something happened at a job: its form, its command, and those of a job.
import type { IncidentKind } from '@holdfast/kit/api.gen.ts'
import type { QueueItem, TabletCommand } from './item.ts'

export type Report = Extract<TabletCommand, { type: 'report_incident' }>
export type ReportItem = QueueItem & { body: Report }

/** As much as an edge takes. */
export const NOTE_MAX = 500
/** An order takes no more from one provider. */
export const REPORTS_MAX = 5

export type ReportForm = { kind: IncidentKind | undefined; note: string; price: string }

export const isReport = (item: QueueItem): item is ReportItem => item.body.type === 'report_incident'

/** The person's reports at a job, oldest first. */
export function reportsOn(job: string, items: readonly QueueItem[]): ReportItem[] {
  return items.filter(isReport).filter((item) => item.body.order_id === job).sort((a, b) => a.device_seq - b.device_seq)
}

/** The fields to correct. */
export function wrongIn({ kind, note, price }: ReportForm): Partial<Record<keyof ReportForm, true>> {
  return {
    ...(kind === undefined ? { kind: true } : {}),
    ...([...note.trim()].length > NOTE_MAX ? { note: true } : {}),
    ...(kind === 'more_work' && amountOf(price) === undefined ? { price: true } : {}),
  }
}

/** The command of a form without wrong fields. */
export function reportOf(order_id: string, { kind, note, price }: ReportForm): Report | undefined {
  if (kind === undefined) return undefined
  const said = note.trim()
  const extra_price = kind === 'more_work' ? amountOf(price) : undefined
  return { type: 'report_incident', order_id, kind, ...(said ? { note: said } : {}), ...(extra_price ? { extra_price } : {}) }
}

/** A typed price as the API takes it; absent where it is none above zero. A comma groups thousands. */
export function amountOf(typed: string): string | undefined {
  const plain = typed.trim().replace(/^[¥￥]\s*/, '').replaceAll(/[,，](?=\d{3}(?!\d))/g, '').replace('．', '.')
  const parts = /^(\d{1,8})(?:\.(\d{1,2}))?$/.exec(plain)
  if (!parts) return undefined
  const [, whole = '0', cents = ''] = parts
  const amount = `${Number(whole)}.${cents.padEnd(2, '0')}`
  return Number(amount) > 0 ? amount : undefined
}
