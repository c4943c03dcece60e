// The pseudo language: English with marks on its letters, longer by a third, between brackets.
import type { Messages } from './i18n.ts'

const PLAIN = 'AEIOUYaceinosuyzdg'
const MARKED = 'ÅÉÎÖÛÝåçéîñöšûýžđğ'

export function pseudo(messages: Messages): Messages {
  return Object.fromEntries(
    Object.entries(messages).map(([key, value]) => [key, typeof value === 'string' ? mark(value) : pseudo(value)]),
  )
}

/** Leaves names in braces and the bars between plural forms as they are. */
export function mark(text: string): string {
  return text
    .split(' | ')
    .map((form) => {
      const words = form.replace(/\{[^}]*\}|[^{]/gu, (part) => (part.length > 1 ? part : marked(part)))
      return `⟦${words}${'~'.repeat(Math.ceil(form.length / 3))}⟧`
    })
    .join(' | ')
}

function marked(letter: string): string {
  const at = PLAIN.indexOf(letter)
  return at < 0 ? letter : (MARKED[at] ?? letter)
}
