import { expect, test } from 'vitest'
import { readBlocks } from '../src/logic/sitePage.ts'

const words = (text: string) => ({ is: 'words', text })

test('headings, paragraphs, lists and links are read', () => {
  const text = '# Terms\n\nOne line\nand its end.\n\n## Jobs\n- first\n- second\n  goes on\n\n1. one\n2. **two**\n\n[Help](/help), [us](https://example.org), [mail](mailto:a@example.org)'
  expect(readBlocks(text)).toEqual([
    { is: 'heading', level: 1, parts: [words('Terms')] },
    { is: 'paragraph', parts: [words('One line'), words(' '), words('and its end.')] },
    { is: 'heading', level: 2, parts: [words('Jobs')] },
    { is: 'list', ordered: false, start: 1, items: [[words('first')], [words('second'), words(' '), words('goes on')]] },
    { is: 'list', ordered: true, start: 1, items: [[words('one')], [{ is: 'strong', text: 'two' }]] },
    {
      is: 'paragraph',
      parts: [
        { is: 'page', text: 'Help', to: '/help' }, words(', '), { is: 'link', text: 'us', href: 'https://example.org' },
        words(', '), { is: 'link', text: 'mail', href: 'mailto:a@example.org' },
      ],
    },
  ])
})

test('markup and links that would run something stay words', () => {
  for (const text of ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[go](javascript:alert(1))', '[go](JavaScript:x)', '[go](data:text/html,x)', '[go](//elsewhere.example)', '[go](/\\elsewhere.example)']) {
    const said = readBlocks(text).flatMap(block => (block.is === 'list' ? block.items.flat() : block.parts))
    expect(said.every(part => part.is === 'words'), text).toBe(true)
    expect(said.map(part => ('text' in part ? part.text : '')).join(''), text).toBe(text)
  }
})

test('a list goes on after a blank line, and after a paragraph with the number that is written', () => {
  expect(readBlocks('1. one\n\n2. two\n\nBetween.\n\n3. three\n- dash\n\n- dash')).toEqual([
    { is: 'list', ordered: true, start: 1, items: [[words('one')], [words('two')]] },
    { is: 'paragraph', parts: [words('Between.')] },
    { is: 'list', ordered: true, start: 3, items: [[words('three')]] },
    { is: 'list', ordered: false, start: 1, items: [[words('dash')], [words('dash')]] },
  ])
})

test('a line that is wrapped between Chinese characters gets no space', () => {
  const saidBy = (text: string) => readBlocks(text).flatMap(block => (block.is === 'list' ? block.items.flat() : block.parts)).map(part => part.text).join('')
  expect(saidBy('完工之前，\n客户可以**取消**\n订单。\n打开 Holdfast\n即可。')).toBe('完工之前，客户可以取消订单。打开 Holdfast 即可。')
  expect(saidBy('- 第一\n行\n- one\n  line')).toBe('第一行one line')
})

test('only the first line is the title', () => {
  const levels = readBlocks('# One\n# Two\n### Three\n#### Four').map(block => (block.is === 'heading' ? block.level : block.is))
  expect(levels).toEqual([1, 2, 3, 'paragraph'])
  expect(readBlocks('Before\n# After').at(-1)).toMatchObject({ level: 2 })
  expect(readBlocks('')).toEqual([])
})

test('a long text without an end of its marks is read', () => {
  for (const mark of ['[', '**a', '[a](']) readBlocks(mark.repeat(65_536 / mark.length))
})
