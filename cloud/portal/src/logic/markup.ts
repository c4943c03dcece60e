// Markup of a page that stands alone. Every value is escaped, unless it is markup itself.

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Value = string | number | Markup | readonly Markup[]

/** `<p>${words}</p>`. A value may stand in an element or in the quotes of an attribute only. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.map((part, at) => part + textOf(values[at] ?? '')).join(''))
}

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(one => one.text).join('')
  return escaped(String(value))
}

const SIGNS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' }

export function escaped(text: string): string {
  // No page may hold a control character, except tab and the ends of lines.
  return text.replaceAll(/[&<>"'`]/g, sign => SIGNS[sign] ?? '').replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd')
}
