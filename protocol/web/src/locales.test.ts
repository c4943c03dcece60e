import { describe, expect, test } from 'vitest'
import { lines, say, type Messages } from './i18n.ts'
import { pseudo } from './pseudo.ts'

const files = import.meta.glob<Messages>(
  ['./locales/*.json', '../../../edge-node/app/src/locales/*.json', '../../../edge-node/app/kiosk/src/locales/*.json', '../../../cloud/portal/src/locales/**/*.json'],
  { eager: true, import: 'default' },
)

type Line = [key: string, text: string]

/** The names in braces, each once: plural forms repeat them. */
function names(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''))].sort()
}

const english = Object.keys(files).filter((file) => file.endsWith('/en.json'))

function pair(file: string): [Line[], Line[]] {
  const chinese = files[file.replace(/en\.json$/, 'zh-CN.json')]
  return [lines(files[file] ?? {}), lines(chinese ?? {})]
}

test('the kit and the apps have message files', () => {
  expect(english).toHaveLength(5)
})

describe.each(english)('%s', (file) => {
  const [en, zh] = pair(file)

  test('both languages have the same keys in the same order', () => {
    expect(zh.map(([key]) => key)).toEqual(en.map(([key]) => key))
  })

  test('both languages name the same values', () => {
    const of = (all: Line[]) => Object.fromEntries(all.map(([key, text]) => [key, names(text)]))
    expect(of(zh)).toEqual(of(en))
  })

  test('no message is empty, and none of the Chinese ones is English left behind', () => {
    for (const [key, text] of [...en, ...zh]) expect(text.trim(), key).not.toBe('')
    const left = zh.filter(([key, text]) => !/\p{Script=Han}/u.test(text) && /[a-z]{4,}/i.test(text.replace(/\{\w+\}/g, '')) && !NAMES.has(key))
    expect(left).toEqual([])
  })

  test('braces hold names, and a bar parts two or three forms that all have them', () => {
    for (const [key, text] of [...en, ...zh, ...lines(pseudo(files[file] ?? {}))]) {
      expect(text.replace(/\{\w+\}/g, ''), key).not.toMatch(/[{}]/)
      expect(text.split('|').length, key).toBeLessThanOrEqual(3)
      for (const n of [0, 1, 2]) expect(say(text, { n }, n), key).not.toContain('|')
    }
  })
})

test('an app has no key that the kit has', () => {
  const kit = new Set(pair('./locales/en.json')[0].map(([key]) => key))
  for (const file of english.filter((name) => name !== './locales/en.json')) {
    expect(pair(file)[0].map(([key]) => key).filter((key) => kit.has(key)), file).toEqual([])
  }
})

test('the desks have no key that every page of the portal has', () => {
  const [every, desk] = ['locales', 'locales/desk'].map((folder) => pair(`../../../cloud/portal/src/${folder}/en.json`)[0].map(([key]) => key))
  expect(desk?.length).toBeGreaterThan(0)
  expect(desk?.filter((key) => every?.includes(key))).toEqual([])
})

test('what is on the screen in the pseudo language shows its brackets', () => {
  const marked = lines(pseudo({ a: 'Back', b: { c: '{n} waiting | {n} waiting' } }))
  for (const [, text] of marked) expect(text).toMatch(/^⟦.*⟧$/)
})

/** A language is called by its own name. */
const NAMES = new Set(['lang.en'])
