import 'fake-indexeddb/auto'
import { expect, it } from 'vitest'
import { Problem } from '../src/api/problem.ts'
import { dropWaitingPhoto, keepDraft, readDraft, turnIntoWaitingPhotos, type WaitingPhoto, waitingPhotosOf } from '../src/drafts.ts'
import { WaitingPhotoSender } from '../src/jobPhotos.ts'
import { blankDraft } from '../src/logic/draft.ts'

const photo = (hash: string) => ({ hash, bytes: 3, content: new Uint8Array([1, 2, 3]).buffer })

/** A cloud that answers with these errors, in turn, and then takes what comes. */
function world(photos: WaitingPhoto[], errors: unknown[] = []) {
  const sent: string[] = []
  const waiting = new Map(photos.map(one => [one.hash, one]))
  const sender = new WaitingPhotoSender({
    waiting: () => Promise.resolve([...waiting.values()]),
    drop: async ({ hash }) => { waiting.delete(hash) },
    send: async (_order, hash) => {
      sent.push(hash)
      const error = errors.shift()
      if (error) throw error
    },
  })
  return { sender, sent, left: () => [...waiting.keys()] }
}
const waitingPhotos = (...hashes: string[]): WaitingPhoto[] => hashes.map(hash => ({ ...photo(hash), userId: 'lin', order: 'one' }))

it('keeps the photos of what was published until they are sent, and nothing else of the draft', async () => {
  await keepDraft('lin', { ...blankDraft('c'), title: 'tap', photos: [photo('a'), photo('b')] })
  expect((await readDraft('lin'))?.photos?.map(one => one.hash)).toEqual(['a', 'b'])
  await turnIntoWaitingPhotos('lin', 'one', [photo('a'), photo('b')])
  expect(await readDraft('lin')).toBeUndefined()
  const waiting = await waitingPhotosOf('lin', 'one')
  expect(waiting.map(({ hash, content }) => [hash, content.byteLength])).toEqual([['a', 3], ['b', 3]])
  expect(await waitingPhotosOf('maria', 'one'), 'another person at this device').toEqual([])
  expect(await waitingPhotosOf('lin', 'two')).toEqual([])
  await dropWaitingPhoto({ order: 'one', hash: 'a' })
  expect((await waitingPhotosOf('lin', 'one')).map(one => one.hash)).toEqual(['b'])
})

it('sends each photo once, also for two pages at once', async () => {
  const { sender, sent, left } = world(waitingPhotos('a', 'b'))
  expect(await Promise.all([sender.send('lin', 'one'), sender.send('lin', 'one')])).toEqual([2, 2])
  expect(sent).toEqual(['a', 'b'])
  expect(left()).toEqual([])
  expect(await sender.send('lin', 'one')).toBe(0)
})

it('keeps a photo that did not leave, and goes on with it', async () => {
  const { sender, sent, left } = world(waitingPhotos('a', 'b'), [undefined, new Problem({ code: 'unreachable' }, 0)])
  await expect(sender.send('lin', 'one')).rejects.toMatchObject({ code: 'unreachable' })
  expect(left()).toEqual(['b'])
  expect(await sender.send('lin', 'one')).toBe(1)
  expect(sent).toEqual(['a', 'b', 'b'])
})

it('gives up a photo that is never taken', async () => {
  const { sender, left } = world(waitingPhotos('a', 'b'), [new Problem({ code: 'picture_unreadable' }, 422)])
  await expect(sender.send('lin', 'one')).rejects.toMatchObject({ code: 'picture_unreadable' })
  expect(left()).toEqual(['b'])
  expect(await sender.send('lin', 'one')).toBe(1)
})
