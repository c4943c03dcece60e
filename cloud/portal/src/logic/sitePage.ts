// Reads the little Markdown of the help, terms and privacy pages. The result is words and checked links, never HTML.

export const SITE_PAGES = ['help', 'terms', 'privacy'] as const
export type SitePageName = (typeof SITE_PAGES)[number]

export type Inline =
  | { is: 'words' | 'strong'; text: string }
  /** `href` leads out of the portal or to a mail or phone program; `to` is a page of the portal. */
  | { is: 'link'; text: string; href: string }
  | { is: 'page'; text: string; to: string }

export type Block =
  | { is: 'heading'; level: 1 | 2 | 3; parts: Inline[] }
  | { is: 'paragraph'; parts: Inline[] }
  /** `start` is the number written first. */
  | { is: 'list'; ordered: boolean; start: number; items: Inline[][] }

const HEADING = /^(#{1,3})\s+(.+)$/
const ITEM = /^(?:[-*]|(\d{1,3})\.)\s+(.+)$/
/** Chinese characters and their punctuation: a line that is wrapped between two of them gets no space. */
const CHINESE = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u
// The limits keep the search for an end short in a text that has none.
const INLINE = /\*\*([^*]{1,500})\*\*|\[([^[\]]{1,500})\]\(([^()\s]{1,1000})\)/g

export function readBlocks(text: string): Block[] {
  const blocks: Block[] = []
  let isOpen = false
  for (const line of text.split(/\r?\n/).map(line => line.trim())) {
    const heading = HEADING.exec(line)
    const item = ITEM.exec(line)
    const last = blocks.at(-1)
    if (line === '') {
      isOpen = false
    } else if (heading) {
      blocks.push({ is: 'heading', level: levelOf(heading[1]!, blocks), parts: readInline(heading[2]!) })
      isOpen = false
    } else if (item) {
      const ordered = item[1] !== undefined
      // A blank line between two items does not end their list.
      if (last?.is === 'list' && last.ordered === ordered) last.items.push(readInline(item[2]!))
      else blocks.push({ is: 'list', ordered, start: Number(item[1] ?? 1), items: [readInline(item[2]!)] })
      isOpen = true
    } else if (isOpen && last?.is === 'list') {
      joinLine(last.items.at(-1)!, line)
    } else if (isOpen && last?.is === 'paragraph') {
      joinLine(last.parts, line)
    } else {
      blocks.push({ is: 'paragraph', parts: readInline(line) })
      isOpen = true
    }
  }
  return blocks
}

/** Adds the next line of a text that is wrapped. */
function joinLine(parts: Inline[], line: string): void {
  const next = readInline(line)
  const isChinese = CHINESE.test(parts.at(-1)?.text.at(-1) ?? '') && CHINESE.test(next[0]?.text.at(0) ?? '')
  if (!isChinese) parts.push({ is: 'words', text: ' ' })
  parts.push(...next)
}

/** A page has one title: the first line, if it is one. */
function levelOf(marks: string, before: readonly Block[]): 1 | 2 | 3 {
  if (marks.length === 3) return 3
  return marks.length === 1 && before.length === 0 ? 1 : 2
}

function readInline(line: string): Inline[] {
  const parts: Inline[] = []
  let end = 0
  const addWords = (text: string) => {
    if (text) parts.push({ is: 'words', text })
  }
  for (const match of line.matchAll(INLINE)) {
    addWords(line.slice(end, match.index))
    end = match.index + match[0].length
    const [whole, strong, text, target] = match
    if (strong !== undefined) parts.push({ is: 'strong', text: strong })
    else parts.push(linkOf(text!, target!) ?? { is: 'words', text: whole })
  }
  addWords(line.slice(end))
  return parts
}

/** A link of a kind that runs nothing. Any other stays the words that it is. */
function linkOf(text: string, target: string): Inline | undefined {
  if (/^\/(?![/\\])/.test(target)) return { is: 'page', text, to: target }
  if (/^(https?:\/\/|mailto:|tel:)/i.test(target)) return { is: 'link', text, href: target }
  return undefined
}
