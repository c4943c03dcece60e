// How the page of an archive shows facts, histories and files.

import { langOf } from '@holdfast/kit/format.ts'
import type { Currency } from '@holdfast/kit/api.gen.ts'
import type { Gap, OwnOrder } from './archive.ts'
import type { ArchiveTexts } from './archiveTexts.ts'
import { type Markup, markup } from './markup.ts'

export interface Told { when: string; what: string; who?: string; detail?: string; note?: string; picture?: Markup }

/** How values read in the person's language. */
export interface ArchiveWords {
  lang: string
  zone: string
  texts: ArchiveTexts
  /** A message of the portal. */
  t: (key: string, values?: Record<string, unknown>) => string
  te: (key: string) => boolean
  time: (instant: string | number) => string
  day: (day: string) => string
  money: (amount: string, currency: Currency) => string
  minor: (minor: number, currency: string) => string
  gap: (gap: Gap) => string
  when: (order: OwnOrder) => string
  history: (order: OwnOrder) => Told[]
  moneyOfOrder: (order: OwnOrder) => Told[]
}

export type Fact = [name: string, value: Markup | string | number | null | undefined]

/** A person's words, in their own language and direction. */
export const said = (text: string) => markup`<span lang="${langOf(text)}" dir="auto">${text}</span>`
export const list = (items: readonly Markup[], words: ArchiveWords) => (items.length === 0 ? markup`<p>${words.texts.none}</p>` : markup`<ul>${items.map(item => markup`<li>${item}</li>`)}</ul>`)

/** Facts without a value are left out. */
export function factsTable(facts: readonly Fact[]): Markup {
  const known = facts.filter((fact): fact is [string, Markup | string | number] => fact[1] !== undefined && fact[1] !== null && fact[1] !== '')
  return markup`<dl>${known.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

export function timelineOf(told: readonly Told[]): Markup {
  return markup`<ol>${told.map(({ when, what, who, detail, note, picture }) => markup`<li>${when}: ${what}${who ? markup` (${who})` : ''}${detail ? markup` – ${said(detail)}` : ''}${note ? markup` ${note}` : ''}${picture ? markup` ${picture}` : ''}</li>`)}</ol>`
}

/** The picture or document in the archive; `alt` says what it shows. */
export function fileOf(path: string | undefined, alt: string, words: ArchiveWords): Markup {
  if (!path) return markup`<span>${alt}: ${words.texts.notThere}</span>`
  if (/\.(jpg|png|webp)$/.test(path)) return markup`<a href="${path}"><img src="${path}" alt="${alt}" loading="lazy"></a>`
  return markup`<a href="${path}">${alt}</a>`
}
