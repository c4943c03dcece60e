import 'fake-indexeddb/auto'
import { expect, it } from 'vitest'
import { isPassword, verifierOf } from './password.ts'
import { item } from './samples.ts'
import { type Photo, PHOTOS_MAX } from './photo.ts'
import { ITEMS_MAX, openPerson, openTablet, PhotosFull, QueueFull } from './store.ts'
import { newId } from './id.ts'

it('gives each person a queue of his own, which outlives its window', async () => {
  const one = await openPerson('one')
  const other = await openPerson('other')
  await one.add((seq) => item(seq, 'accept_order'))
  const second = await one.add((seq) => item(seq, 'start_order'))
  expect(second.device_seq).toBe(2)
  expect(await other.items()).toEqual([])
  one.close()
  const again = await openPerson('one')
  expect((await again.items()).map((each) => each.device_seq)).toEqual([1, 2])
  await again.remove(['command-1', 'command-2'])
  expect((await again.add((seq) => item(seq, 'accept_order'))).device_seq, 'a number is given once').toBe(3)
})

it('keeps a bounded queue, and takes more once some of it has left', async () => {
  const person = await openPerson('busy')
  await person.put(Array.from({ length: ITEMS_MAX }, (_, n) => item(n + 1, 'accept_order')))
  await expect(person.add((seq) => item(seq, 'accept_order'))).rejects.toThrow(QueueFull)
  expect(await person.items()).toHaveLength(ITEMS_MAX)
  await person.remove(['command-7'])
  await person.add((seq) => item(seq, 'accept_order'))
})

it('knows the people of the tablet and lets them back in by their password alone', async () => {
  const tablet = await openTablet()
  const verifier = await verifierOf('holdfast-demo')
  await tablet.putPerson({ user_id: 'one', name: 'provider-north', token: 't', expires_at: 1, verifier })
  const known = (await tablet.person('one'))!
  expect(await isPassword('holdfast-demo', known.verifier)).toBe(true)
  expect(await isPassword('holdfast-demO', known.verifier)).toBe(false)
  await tablet.set('current', 'one')
  expect(await tablet.get('current')).toBe('one')
})

it('makes ids that sort by their moment', () => {
  const ids = [1, 1_000, 1_764_000_000_000, 1_764_000_000_001].map((now) => newId(now))
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

it('binds photos to their command in one write, and keeps as many as a command names', async () => {
  const person = await openPerson('photographer')
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
  const person = await openPerson('undoing')
  const photo: Photo = {
    id: 'p', job: 'a', moment: 'after', hash: 'p', bytes: 3, content: new ArrayBuffer(3), taken_at: 0, state: 'taken', have: 0, attempts: 0, next_at: 0, damaged: 0,
  }
  await person.addPhoto(photo)
  await person.add((seq) => item(seq, 'complete_order'), [photo])
  await person.undo('command-1')
  expect(await person.items()).toEqual([])
  expect(await person.photos()).toEqual([photo])
})
