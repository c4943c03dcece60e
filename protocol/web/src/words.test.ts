import { describe, expect, test } from 'vitest'
import { lines, type Messages } from './i18n.ts'

// One thing has one word, on pages, in the app and in the sentences of the cloud. The reports of an edge and the
// command line speak to operators, who name edges.
const messages = import.meta.glob<Messages>(
  ['./locales/*.json', '../../../edge-node/app/src/locales/*.json', '../../../edge-node/app/kiosk/src/locales/*.json', '../../../cloud/portal/src/locales/**/*.json'],
  { eager: true, import: 'default' },
)
const sentences = import.meta.glob<string>(
  ['../../wire/texts/*/*.ftl', '../../process/texts/*/*.ftl', '../../../cloud/*/texts/*/*.ftl'],
  { eager: true, query: '?raw', import: 'default' },
)

type Rule = [never: RegExp, say: string]
type Line = [place: string, text: string]

const RULES: Record<'en' | 'zh-CN', Rule[]> = {
  en: [
    [/\b(custody|escrow|in holding)\b/i, 'held, of money'],
    [/\b(held|holds) (it|your request)\b|\bheld at the node\b/i, 'kept, of work at a node'],
    [/\b(refus\w*|declin\w*|turned down)\b/i, 'reject on a button; not approved, not verified or not granted to its reader'],
    [/\b(order|it) (was|is|has been|had been) rejected\b/i, 'not approved'],
    [/\bedges?\b/i, 'node'],
    [/\b(collisions?|races? lost|lost \{n\})/i, 'conflict'],
    [/\b(offline|sync\w*)\b/i, 'cut off'],
    [/\bcertifications?\b/i, 'certificate'],
  ],
  'zh-CN': [
    [/(款|钱|资金)[^，。；]*保管|保管[^，。；]*(款|钱|资金)|担保/, '托管'],
    [/拒绝|不予通过|(订单|到达之前)已?被驳回/, '驳回，未通过'],
    [/边缘/, '节点'],
    [/抢单/, '冲突'],
    [/离线|同步/, '断网'],
    [/认证/, '核验'],
    [/转账|提现/, '打款'],
    [/撤款/, '追回'],
    [/服务(已|商已)?(完成|开始)|订单已完成/, '完工，开工'],
  ],
}

/** The words of a Fluent file by their keys, without comments and placeholders. */
function sentencesOf(file: string, text: string): Line[] {
  let key = ''
  return text.split('\n').filter((line) => !line.startsWith('#')).map((line) => {
    const [, name, rest] = /^([a-z][\w-]*|\s+\.[a-z]+) =(.*)$/.exec(line) ?? [undefined, undefined, line]
    if (name) key = name.trim().startsWith('.') ? `${key.split('.')[0]}${name.trim()}` : name
    return [`${file} ${key}`, rest ?? '']
  })
}

function wordsOf(language: 'en' | 'zh-CN'): Line[] {
  const ofPages = Object.entries(messages).filter(([file]) => file.endsWith(`/${language}.json`))
  const ofCloud = Object.entries(sentences).filter(([file]) => file.includes(`/texts/${language}/`))
  const all: Line[] = [
    ...ofPages.flatMap(([file, pages]) => lines(pages).map(([key, text]): Line => [`${file} ${key}`, text])),
    ...ofCloud.flatMap(([file, text]) => sentencesOf(file, text)),
  ]
  // A placeholder's name is not read. The number of a count is kept, for the rule on counts.
  return all.map(([key, text]) => [key, text.replace(/\{(?!n\})[^{}]*\}/g, '…')])
}

describe.each(['en', 'zh-CN'] as const)('%s', (language) => {
  const words = wordsOf(language)

  test('there are words of pages, app, kit and cloud', () => {
    for (const part of ['./locales/', 'edge-node/app', 'cloud/portal', 'cloud/notification', 'wire/texts']) {
      expect(words.some(([key]) => key.includes(part)), part).toBe(true)
    }
  })

  test.each(RULES[language])('%s is said otherwise: %s', (never) => {
    expect(words.filter(([, text]) => never.test(text)).map(([key, text]) => `${key}: ${text}`)).toEqual([])
  })
})
