import 'fake-indexeddb/auto'
import { beforeAll, expect, it } from 'vitest'
import { importKey, newDeviceKey, newKeyBytes } from './keys.ts'
import { item } from './samples.ts'
import { type Photo, PHOTOS_MAX } from './photo.ts'
import type { Keys } from './sealed.ts'
import { ITEMS_MAX, openPerson, openTablet, PhotosFull, QueueFull } from './store.ts'
import { newId } from './id.ts'

let keys: Required<Keys>
beforeAll(async () => (keys = { device: await newDeviceKey(), own: await importKey(newKeyBytes()) }))

it('gives each person a queue of his own, which outlives its window', async () => {
  const one = await openPerson('one', keys)
  const other = await openPerson('other', keys)
  await one.add((seq) => item(seq, 'accept_order'))
  const second = await one.add((seq) => item(seq, 'start_order'))
  expect(second.device_seq).toBe(2)
  expect(await other.items()).toEqual([])
  one.close()
  const again = await openPerson('one', keys)
  expect((await again.items()).map((each) => each.device_seq)).toEqual([1, 2])
  await again.remove(['command-1', 'command-2'])
  expect((await again.add((seq) => item(seq, 'accept_order'))).device_seq, 'a number is given once').toBe(3)
})

it('keeps a bounded queue, and takes more once some of it has left', async () => {
  const person = await openPerson('busy', keys)
  await person.put(Array.from({ length: ITEMS_MAX }, (_, n) => item(n + 1, 'accept_order')))
  await expect(person.add((seq) => item(seq, 'accept_order'))).rejects.toThrow(QueueFull)
  expect(await person.items()).toHaveLength(ITEMS_MAX)
  await person.remove(['command-7'])
  await person.add((seq) => item(seq, 'accept_order'))
})

it('remembers the people of the tablet and who is at it, until it is locked', async () => {
  const tablet = await openTablet()
  await tablet.putPerson({ user_id: 'one', name: 'provider-north', token: new Uint8Array(3), expires_at: 1 })
  await tablet.changePerson('one', (person) => ({ ...person, expires_at: person.expires_at + 1 }))
  await tablet.changePerson('nobody', (person) => person)
  expect((await tablet.people()).map(({ name, expires_at }) => [name, expires_at])).toEqual([['provider-north', 2]])
  await tablet.set('current', 'one')
  await tablet.set('opened', { user_id: 'one' })
  await tablet.lock()
  expect([await tablet.get('current'), await tablet.get('locked'), await tablet.get('opened')]).toEqual(['one', true, undefined])
})

it('makes ids that sort by their moment', () => {
  const ids = [1, 1_000, 1_764_000_000_000, 1_764_000_000_001].map((now) => newId(now))
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

it('binds photos to their command in one write, and keeps as many as a command names', async () => {
  const person = await openPerson('photographer', keys)
  const taken = (id: string): Photo => ({
    id, job: 'a', moment: 'after', hash: id, bytes: 3, content: new ArrayBuffer(3), taken_at: 0, state: 'taken', have: 0, attempts: 0, next_at: 0, damaged: 0,
  })
  for (let n = 1; n <= PHOTOS_MAX; n += 1) await person.addPhoto(taken(`p${n}`))
  await expect(person.addPhoto(taken('one-more'))).rejects.toThrow(PhotosFull)
  await person.addPhoto({ ...taken('before'), moment: 'before' })
  await person.add((seq) => item(seq, 'complete_order'), [taken('p1'), taken('p2')])
  const bound = (await person.photos()).filter((photo) => photo.command === 'command-1')
  expect(bound.map((photo) => photo.id)).toEqual(['p1', 'p2'])
  await person.addPhoto(taken('one-more'))
})

it('frees the photos of a command that is taken back in the same write', async () => {
  const person = await openPerson('undoing', keys)
  const photo: Photo = {
    id: 'p', job: 'a', moment: 'after', hash: 'p', bytes: 3, content: new ArrayBuffer(3), taken_at: 0, state: 'taken', have: 0, attempts: 0, next_at: 0, damaged: 0,
  }
  await person.addPhoto(photo)
  await person.add((seq) => item(seq, 'complete_order'), [photo])
  await person.undo('command-1')
  expect(await person.items()).toEqual([])
  expect(await person.photos()).toEqual([photo])
})
