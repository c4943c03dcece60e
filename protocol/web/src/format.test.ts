import { expect, test } from 'vitest'
import golden from '../../wire/golden/sentences.json'
import { dateForms, formatsOf } from './format.ts'
import { CURRENCIES } from './wire.gen.ts'

const LANGUAGES = ['en', 'zh-CN'] as const

// The sentences that the cloud writes are held to the same file in `protocol/wire/src/money.rs`.
test('a sum is written as in the sentences of the cloud', () => {
  for (const { currency, minor, text } of golden.money) {
    for (const lang of LANGUAGES) expect(formatsOf(lang).money(minor, currency), `${minor} ${currency} in ${lang}`).toBe(text)
  }
  expect(new Set(golden.money.map(({ currency }) => currency))).toEqual(new Set(CURRENCIES))
})

// And these in `cloud/notification/src/domain/reader_clock.rs`.
test('a moment is written as in the sentences of the cloud', () => {
  for (const { at, zone: timeZone, minute, exact } of golden.moments) {
    for (const lang of LANGUAGES) {
      const write = (more: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(lang, { ...dateForms.full, ...more, timeZone }).format(at)
      expect(write({})).toBe(minute[lang])
      expect(write({ second: '2-digit', fractionalSecondDigits: 3 })).toBe(exact[lang])
    }
  }
})

test('a length is in metres below a kilometre', () => {
  const lengths = [100, 900, 1_000, 1_200, 13_000]
  expect(lengths.map(formatsOf('en').length)).toEqual(['100 m', '900 m', '1 km', '1.2 km', '13 km'])
  expect(lengths.map(formatsOf('zh-CN').length)).toEqual(['100米', '900米', '1公里', '1.2公里', '13公里'])
})

test('a size has the largest unit of which there is one, so that a photo is not 0 MB', () => {
  const { bytes } = formatsOf('en')
  expect([129_000, 2_500_000, 10_700_000_000].map(bytes)).toEqual(['129 kB', '2.5 MB', '10.7 GB'])
})

test('what is ahead is told in the smaller unit below two of the larger one', () => {
  const [hour, day] = [3_600_000, 86_400_000]
  const told = [-1.9 * hour, 0, 90_000, 1.9 * hour, 2 * hour, 1.9 * day, 2.1 * day].map((at) => formatsOf('en').ago(at, 0))
  expect(told).toEqual(['1 hour ago', 'now', 'in 90 seconds', 'in 114 minutes', 'in 2 hours', 'in 45 hours', 'in 2 days'])
})
