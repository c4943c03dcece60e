import { expect, it } from 'vitest'
import type { DiskLevel, EdgeStanding } from '@holdfast/kit/api.gen.ts'
import { countThatFit, hashOf, isForNextTap, mayForgetPhotos, roomAtNode, roomHere, wayOf, type Photo } from './photo.ts'
import { item, notTaken } from './samples.ts'

it('names a photo by the SHA-256 of its bytes', async () => {
  const abc = new TextEncoder().encode('abc')
  expect(await hashOf(abc.buffer)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

it('keeps room for the queue', () => {
  expect(countThatFit(roomHere({ usage: 0, quota: 20 * 1024 * 1024 }))).toBe(0)
  expect(countThatFit(roomHere({ usage: 0, quota: 100 * 1024 * 1024 }))).toBeGreaterThan(100)
  expect(roomHere(undefined), 'some browsers do not tell').toBe(Number.POSITIVE_INFINITY)
  const little = roomHere({ usage: 0, quota: 20 * 1024 * 1024 + 300_000 })
  expect([countThatFit(little), countThatFit(little, 'small')]).toEqual([0, 1])
})

it('leaves with its command', () => {
  const photo = (command?: string) => ({ command }) as Photo
  expect(wayOf(photo(), [])).toBe('waits')
  expect(wayOf(photo('command-1'), [item(1, 'complete_order')])).toBe('waits')
  expect(wayOf(photo('command-1'), [item(1, 'complete_order', 'a', { state: 'stored' })])).toBe('leaves')
  expect(wayOf(photo('command-1'), [item(1, 'complete_order', 'a', { state: 'refused' })])).toBe('over')
})

it('goes with the next start where the node refused the last one for its code alone', () => {
  const bound = { command: 'command-1' } as Photo
  const refused = (code: 'start_code_wrong' | 'order_cancelled') => [item(1, 'start_order', 'a', { state: 'refused', reply: notTaken(1, code) })]
  expect(isForNextTap({} as Photo, [])).toBe(true)
  expect(isForNextTap(bound, refused('start_code_wrong'))).toBe(true)
  expect(isForNextTap(bound, refused('order_cancelled'))).toBe(false)
  expect(isForNextTap(bound, [item(1, 'start_order')])).toBe(false)
})

it('outlives its owner’s sign-out until the cloud has it, also before the tap', () => {
  const photo = (state: Photo['state'], command?: string) => ({ state, command }) as Photo
  expect(mayForgetPhotos([])).toBe(true)
  expect(mayForgetPhotos([photo('sent', 'command-1')])).toBe(true)
  expect(mayForgetPhotos([photo('sent', 'command-1'), photo('taken')])).toBe(false)
  expect(mayForgetPhotos([photo('stored', 'command-1')])).toBe(false)
})

it('knows what the node has room for, and the cause where that is little', () => {
  const disk = (level: DiskLevel) => ({ level }) as EdgeStanding['disk']
  const told = (room_bytes: number, waiting: number, level: DiskLevel = 'normal') => roomAtNode({ photos: { room_bytes, waiting }, disk: disk(level) })
  expect(told(1_000_000, 3)).toEqual({ takes: 'usual', cause: 'photos', waiting: 3 })
  expect(told(300_000, 3)).toEqual({ takes: 'small', cause: 'photos', waiting: 3 })
  expect(told(0, 3)).toEqual({ takes: 'none', cause: 'photos', waiting: 3 })
  for (const level of ['shed', 'refuse'] as const) expect(told(0, 3, level), level).toEqual({ takes: 'none', cause: 'disk', waiting: 3 })
  expect(told(0, 0), 'nothing there could leave').toMatchObject({ cause: 'disk' })
  expect([roomAtNode(undefined), roomAtNode({})], 'earlier nodes do not tell').toEqual([undefined, undefined])
})
