import { expect, it } from 'vitest'
import { importKey, newDeviceKey, newKeyBytes, type Owner, seal, sealValue, unseal, unsealValue, unwrapByPassword, unwrapByPin, wrapByPassword, wrapByPin } from './keys.ts'

const OWNER: Owner = { person: 'one', kind: 'item', id: 'a' }

it('opens what it sealed with the same key for the same record alone', async () => {
  const key = await importKey(newKeyBytes())
  const sealed = await sealValue(key, OWNER, { street: '海港路1号' })
  expect(await unsealValue(key, OWNER, sealed)).toEqual({ street: '海港路1号' })
  for (const other of [{ person: 'two' }, { kind: 'item out' }, { id: 'b' }]) expect(await unseal(key, { ...OWNER, ...other }, sealed), JSON.stringify(other)).toBeUndefined()
  // The parts of a name cannot flow into each other.
  expect(await unseal(key, { person: 'on', kind: 'e","item', id: 'a' }, sealed)).toBeUndefined()
  expect(await unseal(await importKey(newKeyBytes()), OWNER, sealed)).toBeUndefined()
  for (const at of [0, 12, sealed.length - 1]) expect(await unseal(key, OWNER, sealed.with(at, sealed[at]! ^ 1)), `byte ${at}`).toBeUndefined()
  expect(await unseal(key, OWNER, new Uint8Array(0))).toBeUndefined()
})

it('never encrypts alike twice, and hides each word', async () => {
  const key = await newDeviceKey()
  const [one, two] = await Promise.all([seal(key, OWNER, new Uint8Array(40)), seal(key, OWNER, new Uint8Array(40))])
  expect(one).not.toEqual(two)
  const text = new TextDecoder('latin1').decode(await sealValue(key, OWNER, 'Hill View'))
  expect(text).not.toContain('Hill')
})

it('keeps the device\'s key from every script', async () => {
  const key = await newDeviceKey()
  await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
})

it('unwraps a data key by the password of its person alone', async () => {
  const dataKey = newKeyBytes()
  const wrapped = await wrapByPassword(dataKey, 'right horse', 'one')
  expect(wrapped.rounds).toBeGreaterThanOrEqual(600_000)
  expect(await unwrapByPassword(wrapped, 'right horse', 'one')).toEqual(dataKey)
  expect(await unwrapByPassword(wrapped, 'right horsE', 'one')).toBeUndefined()
  expect(await unwrapByPassword(wrapped, 'right horse', 'two')).toBeUndefined()
  expect((await wrapByPassword(dataKey, 'right horse', 'one')).salt).not.toEqual(wrapped.salt)
})

it('unwraps a data key by the PIN on its own device alone', async () => {
  const [dataKey, device] = [newKeyBytes(), await newDeviceKey()]
  const wrapped = await wrapByPin(dataKey, '2580', 'one', device)
  expect(await unwrapByPin(wrapped, '2580', 'one', device)).toEqual(dataKey)
  expect(await unwrapByPin(wrapped, '2581', 'one', device)).toBeUndefined()
  expect(await unwrapByPin(wrapped, '2580', 'one', await newDeviceKey()), 'another device').toBeUndefined()
  expect(await unwrapByPassword(wrapped, '2580', 'one'), 'without any device').toBeUndefined()
})
