import { expect, test } from 'vitest'
import type { PhotoStanding } from '@holdfast/kit/api.gen.ts'
import type { PreparedPhoto } from '@holdfast/kit/photos.ts'
import type { Answer } from '../../src/device/edge.ts'
import { formThatFits, type PhotoWay, sendPhotos } from './jobPhotos.ts'

const photo = (bytes: number): PreparedPhoto => ({ hash: String(bytes), bytes, content: new ArrayBuffer(bytes) })

/** A node that has each photo up to some byte; `away` answers are lost before it answers. */
function node(away = 0, most = Number.POSITIVE_INFINITY) {
  const have = new Map<string, number>()
  let lost = away
  let isOver = false
  const answerFor = (one: PreparedPhoto): Answer<PhotoStanding> => {
    if (lost > 0) {
      lost -= 1
      return { unreachable: true }
    }
    const bytes = have.get(one.hash) ?? 0
    return { value: { state: bytes === one.bytes ? 'stored' : bytes > 0 ? 'partial' : 'missing', have: bytes, bytes: one.bytes } }
  }
  const way: PhotoWay = {
    standing: async (one) => answerFor(one),
    send: async (one, offset, chunk) => {
      if (offset === (have.get(one.hash) ?? 0) && offset < most) have.set(one.hash, offset + chunk.byteLength)
      return answerFor(one)
    },
    goesOn: () => !isOver,
    pause: async () => undefined,
  }
  return { way, have, end: () => (isOver = true) }
}

test('a photo is offered in the form that the node has room for, before it is taken', () => {
  expect(formThatFits(undefined, [])).toBe('usual')
  expect(formThatFits(1_000_000, [])).toBe('usual')
  expect(formThatFits(1_000_000, [photo(600_000)])).toBe('small')
  expect(formThatFits(1_000_000, [photo(600_000), photo(300_000)])).toBeUndefined()
})

test('each photo arrives whole, also where answers are lost', async () => {
  const { way, have } = node(2)
  expect(await sendPhotos([photo(300_000), photo(5)], way)).toBe(0)
  expect([...have.values()]).toEqual([300_000, 5])
})

test('a photo that the node does not take is told, and holds up no other', async () => {
  const { way, have } = node(0, 200_000)
  expect(await sendPhotos([photo(500_000), photo(7)], way)).toBe(1)
  expect(have.get('7')).toBe(7)
})

test('nothing leaves once the visit is over', async () => {
  const { way, have, end } = node()
  end()
  await sendPhotos([photo(300_000)], way)
  expect(have.size).toBe(0)
})
