import { expect, test, vi } from 'vitest'
import { createLanguage, say } from './i18n.ts'
import { mark } from './pseudo.ts'

test('the pseudo language leaves names in braces and plural forms alone', () => {
  expect(mark('{n} attempt | {n} attempts')).toMatch(/^⟦\{n\} .*⟧ \| ⟦\{n\} .*⟧$/)
})

test('a number chooses the form and stands in it', () => {
  const forms = (message: string) => [0, 1, 2].map((n) => say(message, { n }, n))
  expect(forms('{n} attempt | {n} attempts')).toEqual(['0 attempts', '1 attempt', '2 attempts'])
  expect(forms('none | one | {n}')).toEqual(['none', 'one', '2'])
  expect(forms('已试 {n} 次')).toEqual(['已试 0 次', '已试 1 次', '已试 2 次'])
})

test('values fill their braces, and a value that is missing leaves nothing', () => {
  expect(say('{a} and {b}', { a: 1 })).toBe('1 and ')
  expect(say('{name}, {n} left', { name: 'Zhou', n: 3 }, 3)).toBe('Zhou, 3 left')
})

test('a language is loaded when it is used, English stands in, and an unknown key shows itself', async () => {
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  const own = {
    './locales/en.json': () => Promise.resolve({ a: { b: 'Hello {name}', c: 'Only English' } }),
    './locales/zh-CN.json': () => Promise.resolve({ a: { b: '您好 {name}' } }),
  }
  const { i18n, use } = createLanguage(own)
  const { t, te, locale } = i18n.global
  await use('en')
  await use('zh-CN')
  expect([t('a.b', { name: '周磊' }), t('truth.node'), t('a.c'), t('a.d')]).toEqual(['您好 周磊', '已到区域节点', 'Only English', 'a.d'])
  expect(t('a.b', { name: 'Zhou' }, { locale: 'en' })).toBe('Hello Zhou')
  expect([te('a.b'), te('a.c')]).toEqual([true, false])
  await use('en-XA')
  expect(t('a.b', { name: 'Zhou' })).toMatch(/^⟦.*Zhou.*⟧$/)
  expect(locale.value).toBe('en-XA')
  expect(document.documentElement.lang).toBe('en-XA')
})

test('messages that are added later stand in every language that is loaded, and in those that follow', async () => {
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  const { i18n, use, add } = createLanguage({ './locales/en.json': () => Promise.resolve({ a: 'First' }) })
  const { t } = i18n.global
  await use('en')
  expect(t('desk.b')).toBe('desk.b')
  const desk = {
    './locales/desk/en.json': vi.fn(() => Promise.resolve({ desk: { b: 'Second' } })),
    './locales/desk/zh-CN.json': vi.fn(() => Promise.resolve({ desk: { b: '第二' } })),
  }
  await Promise.all([add(desk), add(desk)])
  expect([t('a'), t('desk.b')]).toEqual(['First', 'Second'])
  await use('zh-CN')
  expect(t('desk.b')).toBe('第二')
  await add(desk)
  expect(desk['./locales/desk/en.json']).toHaveBeenCalledTimes(1)
})

test('messages that did not come can be added again', async () => {
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  const { i18n, use, add } = createLanguage({ './locales/en.json': () => Promise.resolve({ a: 'First' }) })
  await use('en')
  const file = vi.fn<() => Promise<unknown>>().mockRejectedValueOnce(new Error('away')).mockResolvedValue({ b: 'Second' })
  const desk = { './locales/desk/en.json': file }
  await expect(add(desk)).rejects.toThrow('away')
  await add(desk)
  expect(i18n.global.t('b')).toBe('Second')
})
