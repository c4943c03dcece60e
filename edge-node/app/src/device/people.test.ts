import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { beforeEach, expect, it } from 'vitest'
import type { EdgeGrant } from '@holdfast/kit/api.gen.ts'
import { type Owner, publicKeyOf, sealValue, unsealValue } from './keys.ts'
import { verifierOf } from './password.ts'
import { type Entered, openPeople, type People } from './people.ts'
import type { Photo } from './photo.ts'
import { PAUSE_MS } from './pin.ts'
import { item, order, stored } from './samples.ts'
import { openPerson, openTablet, type TabletStore } from './store.ts'

const ZHOU = '0193a1c2-0000-7000-8000-000000000007'
const MARIA = '0193a1c2-0000-7000-8000-000000000008'
const PASSWORD = 'right horse'
const PIN = '2580'
const DAY_MS = 86_400_000
const OWNER: Owner = { person: ZHOU, kind: 'item', id: 'a' }
const grantFor = (user_id: string): EdgeGrant => ({ edge_token: `token-of-${user_id}`, region: 'NORTH', expires_in: 3 * 86_400, user_id, role: 'provider', device: '' })

/** The clock of the tablet, which anybody may set. */
let now: number
let store: TabletStore
let people: People
const restart = async () => {
  store?.close()
  store = await openTablet()
  people = await openPeople(store, () => now)
  await people.sealOld()
}

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory()
  now = 1_764_000_000_000
  await restart()
})

const welcome = async (user = ZHOU, password = PASSWORD) => (await people.welcome(user === ZHOU ? 'Zhou Lei' : 'Maria Silva', password, grantFor(user), false)) as Entered
const diskOf = (user: string, own?: CryptoKey) => openPerson(user, { device: people.device, own })
const photo = (id: string, change: Partial<Photo> = {}): Photo => ({
  id, job: 'a', moment: 'after', hash: `hash-${id}`, bytes: 9, content: new TextEncoder().encode(`photo ${id}`).buffer as ArrayBuffer, taken_at: 0, state: 'taken', have: 0, attempts: 0, next_at: 0, damaged: 0, ...change,
})

/** Each record of each database, its bytes as text. */
async function onDisk(): Promise<string> {
  const texts: string[] = []
  const asText = (_: string, value: unknown) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? new TextDecoder().decode(value) : value)
  for (const { name } of await indexedDB.databases()) {
    const db = await openDB(name!)
    for (const each of db.objectStoreNames) texts.push(JSON.stringify([await db.getAllKeys(each), await db.getAll(each)], asText))
    db.close()
  }
  return texts.join()
}

it('lets a person back in by the password alone, with the key of before', async () => {
  const first = await welcome()
  const disk = await diskOf(ZHOU, first.own)
  await disk.putBoard({ items: [order('b')], as_of: 1 })
  await disk.putMessages({ threads: [], as_of: 2 })
  disk.close()
  await store.lock()
  await restart()
  expect(await people.current(), 'a locked tablet opens for nobody').toBeUndefined()
  expect(await people.unlock('Zhou Lei', 'right horsE')).toBeUndefined()
  expect(await people.unlock('Maria Silva', PASSWORD)).toBeUndefined()
  const again = (await people.unlock(' Zhou Lei', PASSWORD))!
  expect(again.token).toBe(`token-of-${ZHOU}`)
  expect((await (await diskOf(ZHOU, again.own)).board())?.items[0]?.id).toBe('b')
  expect((await (await diskOf(ZHOU, again.own)).messages())?.as_of).toBe(2)
})

it('needs no password after a restart where nobody has locked', async () => {
  await welcome()
  await restart()
  expect((await people.current())?.user_id).toBe(ZHOU)
})

it('a locked tablet has no word of its person on disk but their name', async () => {
  const { own } = await welcome()
  await people.setPin(ZHOU, PASSWORD, PIN)
  const disk = await diskOf(ZHOU, own)
  const evidence = { type: 'complete_order', order_id: 'a', note: 'beside the boiler' } as const
  await disk.add((seq) => item(seq, 'complete_order', 'a', { body: evidence }))
  await disk.put([item(7, 'accept_order', 'b', { state: 'decided', reply: { ...stored(7), outcome: { kind: 'applied', decided_at: '2026-11-21T09:00:00Z', order: order('b', { address: '海港路1号' }) } } })])
  await disk.addPhoto(photo('p'))
  await disk.putBoard({ items: [order('c', { address: '1 Hill View', description: 'ring 138 0013 8000' })], as_of: 1 })
  await disk.add((seq) => item(seq, 'send_message', 'a', { body: { type: 'send_message', order_id: 'a', text: 'under the doormat' } }))
  await disk.putMessages({ threads: [{ order_id: 'job-of-zhou', as_of: 1, items: [{ number: 1, id: 'm', from: 'customer', text: 'mind the dog', sent_at: '2026-11-21T09:00:00Z' }], seen: 1 }] })
  await disk.putReceipts({ 'north-1': stored(1).receipt! })
  disk.close()
  await store.lock()
  const kept = await onDisk()
  expect(kept).toContain('Zhou Lei')
  for (const word of ['token-of', '海港路', 'Hill View', '138 0013', '水龙头', 'boiler', 'doormat', 'the dog', 'job-of-zhou', 'photo p', PASSWORD, PIN, '"epoch"']) expect(kept.includes(word), word).toBe(false)
})

it('what waits leaves with the device\'s key alone, and what is heard meanwhile is the person\'s later', async () => {
  const { own } = await welcome()
  const mine = await diskOf(ZHOU, own)
  await mine.addPhoto(photo('bound'))
  await mine.addPhoto(photo('unbound'))
  await mine.add((seq) => item(seq, 'complete_order'), [photo('bound')])
  await mine.putMessages({ threads: [], as_of: 1 })
  mine.close()
  const locked = await diskOf(ZHOU)
  const [waiting] = await locked.items()
  expect([waiting!.body, waiting!.job.code, waiting!.job.title]).toEqual([{ type: 'complete_order', order_id: 'a' }, 'N-a', ''])
  const [leaving, ...others] = await locked.photos()
  expect([leaving!.id, new TextDecoder().decode(leaving!.content), others]).toEqual(['bound', 'photo bound', []])
  expect([await locked.board(), await locked.messages()]).toEqual([undefined, undefined])
  const outcome = { kind: 'applied', decided_at: '2026-11-21T09:00:00Z', order: order('a', { address: '海港路1号' }) } as const
  await locked.put([{ ...waiting!, state: 'decided', reply: { ...stored(1), hop: 'decided', outcome } }])
  await locked.putPhotos([{ ...leaving!, state: 'sent', content: new ArrayBuffer(0) }])
  locked.close()

  const back = await diskOf(ZHOU, own)
  for (const look of ['as it was left', 'mended']) {
    const [decided] = await back.items()
    expect([decided!.state, decided!.job.title, decided!.reply?.outcome?.kind], look).toEqual(['decided', '水龙头漏水', 'applied'])
    expect((await back.photos()).map(({ id, state, content }) => [id, state, content.byteLength]), look).toEqual([['bound', 'sent', 0], ['unbound', 'taken', 13]])
    await back.mend()
  }
})

it('refuses records that were swapped, between jobs, kinds and people', async () => {
  const { own } = await welcome()
  const maria = await welcome(MARIA)
  const disk = await diskOf(ZHOU, own)
  for (const n of [1, 2]) await disk.addPhoto(photo(`p${n}`, { content: new TextEncoder().encode(`photo ${n}`).buffer as ArrayBuffer }))
  await disk.add((seq) => item(seq, 'accept_order'))
  await disk.add((seq) => item(seq, 'start_order', 'b'))
  const raw = await openDB(`holdfast-${ZHOU}`)
  const [one, two] = await raw.getAll('items')
  await raw.put('items', { ...two, id: one.id })
  const [first, second] = await raw.getAll('photos')
  await raw.put('photos', { ...first, content: second.content })
  raw.close()
  expect((await disk.items()).map(({ id }) => id)).toEqual([two.id])
  expect((await disk.photos()).map(({ id }) => id)).toEqual([second.id])
  const foreign = await openDB(`holdfast-${MARIA}`)
  await foreign.put('items', two)
  foreign.close()
  expect(await (await diskOf(MARIA, maria.own)).items()).toEqual([])
  expect(await (await diskOf(MARIA)).items(), 'nor does it leave for her').toEqual([])
})

it('a lost or another key loses no command, and the queue is whole again once the person is back', async () => {
  const { own } = await welcome()
  const disk = await diskOf(ZHOU, own)
  await disk.addPhoto(photo('p'))
  await disk.add((seq) => item(seq, 'complete_order'), [photo('p')])
  disk.close()
  // The device's key is gone: the password's is enough, and the queue leaves again.
  await store.set('deviceKey', undefined)
  await store.set('opened', undefined)
  await restart()
  expect((await people.sendable()).length).toBe(0)
  const back = await welcome()
  const mended = await diskOf(ZHOU, back.own)
  await mended.mend()
  mended.close()
  expect((await (await diskOf(ZHOU)).items()).map(({ body }) => body.type)).toEqual(['complete_order'])
  expect((await (await diskOf(ZHOU)).photos()).length).toBe(1)
  // The person's key is gone with a password that they changed elsewhere: the device's key is enough.
  await store.lock()
  expect(await people.welcome('Zhou Lei', 'new horse', grantFor(ZHOU), false)).toBe('changed')
  expect(await people.unlock('Zhou Lei', PASSWORD), 'nothing has happened yet').toBeTruthy()
  await store.lock()
  const anew = (await people.welcome('Zhou Lei', 'new horse', grantFor(ZHOU), true)) as Entered
  const kept = await diskOf(ZHOU, anew.own)
  await kept.mend()
  expect((await kept.items()).map(({ body, job }) => [body.type, job.code])).toEqual([['complete_order', 'N-a']])
  expect((await kept.photos()).map(({ content }) => new TextDecoder().decode(content))).toEqual(['photo p'])
  await store.lock()
  expect(await people.unlock('Zhou Lei', PASSWORD)).toBeUndefined()
  expect(await people.unlock('Zhou Lei', 'new horse')).toBeTruthy()
})

it('a new password while the person is in takes all of their data along', async () => {
  const { own } = await welcome()
  const disk = await diskOf(ZHOU, own)
  await disk.addPhoto(photo('before its tap'))
  disk.close()
  await people.setPin(ZHOU, PASSWORD, PIN)
  await welcome(ZHOU, 'new horse')
  expect((await people.shown())[0]?.pin, 'a changed password takes the PIN').toBeUndefined()
  await store.lock()
  const back = (await people.unlock('Zhou Lei', 'new horse'))!
  expect((await (await diskOf(ZHOU, back.own)).photos()).length).toBe(1)
})

it('finds all of what an older version left, and leaves none of it in the clear', async () => {
  const old = await openDB(`holdfast-${ZHOU}`, 2, {
    upgrade(db) {
      for (const name of ['items', 'photos']) db.createObjectStore(name, { keyPath: 'id' })
      db.createObjectStore('facts')
    },
  })
  const items = [item(1, 'accept_order', 'a', { state: 'stored', reply: stored(1) }), item(2, 'start_order'), item(3, 'complete_order', 'b', { state: 'refused' })]
  const photos = [photo('bound', { command: 'command-2' }), photo('unbound'), photo('gone', { state: 'sent', command: 'command-1', content: new ArrayBuffer(0) })]
  for (const each of items) await old.put('items', each)
  for (const each of photos) await old.put('photos', each)
  await old.put('facts', 3, 'device_seq')
  await old.put('facts', { items: [order('c', { address: '1 Hill View' })], as_of: 1 }, 'board')
  await old.put('facts', { 'north-1': stored(1).receipt }, 'receipts')
  old.close()
  await store.putPerson({ user_id: ZHOU, name: 'Zhou Lei', token: 'token-of-old', expires_at: now + DAY_MS, verifier: await verifierOf(PASSWORD) })
  await store.set('current', ZHOU)

  await restart()
  const kept = await onDisk()
  for (const word of ['token-of-old', 'Hill View', '水龙头', 'photo bound', 'photo unbound']) expect(kept.includes(word), word).toBe(false)
  const isWhole = async (own: CryptoKey, what: string) => {
    const disk = await diskOf(ZHOU, own)
    expect(await disk.items(), what).toEqual(items)
    expect((await disk.photos()).map((each) => ({ ...each, content: new TextDecoder().decode(each.content) })).sort((a, b) => a.id.localeCompare(b.id)), what)
      .toEqual(photos.map((each) => ({ ...each, content: new TextDecoder().decode(each.content) })).sort((a, b) => a.id.localeCompare(b.id)))
    expect([(await disk.board())?.items[0]?.address, await disk.receipts()], what).toEqual(['1 Hill View', { 'north-1': stored(1).receipt }])
    disk.close()
  }
  const atHand = (await people.current())!
  expect(atHand.token).toBe('token-of-old')
  await isWhole(atHand.own, 'who was in stays in')
  const locked = await diskOf(ZHOU)
  expect((await locked.items()).filter(({ state }) => state === 'waiting').map(({ id }) => id)).toEqual(['command-2'])
  expect((await locked.photos()).map(({ id }) => id).sort()).toEqual(['bound', 'gone'])
  locked.close()

  await store.lock()
  await restart()
  expect(await people.unlock('Zhou Lei', 'wrong')).toBeUndefined()
  await isWhole((await people.unlock('Zhou Lei', PASSWORD))!.own, 'by the password')
  expect((await store.person(ZHOU))?.verifier, 'nothing but the data key knows the password now').toBeUndefined()
  await store.lock()
  const add = await diskOf(ZHOU, (await people.unlock('Zhou Lei', PASSWORD))!.own)
  expect((await add.add((seq) => item(seq, 'accept_order', 'c'))).device_seq).toBe(4)
})

it('a migration that was interrupted goes on, and loses nothing on the way', async () => {
  const old = await openDB(`holdfast-${ZHOU}`, 2, { upgrade: (db) => { for (const name of ['items', 'photos']) db.createObjectStore(name, { keyPath: 'id' }); db.createObjectStore('facts') } })
  for (const seq of [1, 2, 3]) await old.put('items', item(seq, 'accept_order', `${seq}`))
  old.close()
  const { put } = IDBObjectStore.prototype
  let puts = 0
  IDBObjectStore.prototype.put = function (...given: Parameters<typeof put>) {
    if (this.name === 'items' && (puts += 1) > 1) throw new DOMException('full', 'QuotaExceededError')
    return put.apply(this, given)
  }
  await restart()
  IDBObjectStore.prototype.put = put
  expect((await (await diskOf(ZHOU)).items()).map(({ id }) => id)).toEqual(['command-1', 'command-2', 'command-3'])
  expect(await onDisk()).toContain('水龙头')
  await restart()
  expect(await onDisk()).not.toContain('水龙头')
  expect((await (await diskOf(ZHOU, (await welcome()).own)).items()).length).toBe(3)
})

it('a PIN lets its person in, and after five wrong ones nobody for five minutes, whatever is restarted or set back', async () => {
  await welcome()
  expect(await people.setPin(ZHOU, 'not the password', PIN)).toBe('wrong')
  expect(await people.setPin(ZHOU, PASSWORD, '1234')).toBe('row')
  expect(await people.setPin(ZHOU, PASSWORD, PIN)).toBe('set')
  await store.lock()
  expect(await people.unlockByPin(ZHOU, PIN)).toMatchObject({ user_id: ZHOU, token: `token-of-${ZHOU}` })
  await store.lock()
  for (const left of [4, 3, 2, 1]) {
    await restart()
    now -= DAY_MS
    expect(await people.unlockByPin(ZHOU, '2581')).toBe('wrong')
    expect((await people.shown())[0]?.pin).toEqual({ tries: left, restsUntil: undefined })
  }
  expect(await people.unlockByPin(ZHOU, '2581')).toBe('rests')
  expect(await people.unlockByPin(ZHOU, PIN), 'not even the right one').toBe('rests')
  await restart()
  now -= 30 * DAY_MS
  expect(await people.unlockByPin(ZHOU, PIN)).toBe('rests')
  expect((await people.shown())[0]?.pin).toEqual({ tries: 5, restsUntil: now + PAUSE_MS })
  now += PAUSE_MS - 1
  expect(await people.unlockByPin(ZHOU, PIN)).toBe('rests')
  now += 1
  expect(await people.unlockByPin(ZHOU, PIN)).toMatchObject({ user_id: ZHOU })
  expect((await people.shown())[0]?.pin?.tries, 'a right one ends the row').toBe(5)
})

it('counts a try before it judges it, so that a browser killed meanwhile gives none back', async () => {
  await welcome()
  await people.setPin(ZHOU, PASSWORD, PIN)
  const { decrypt } = SubtleCrypto.prototype
  SubtleCrypto.prototype.decrypt = () => Promise.race([])
  void people.unlockByPin(ZHOU, '2581')
  await new Promise((done) => setTimeout(done, 50))
  SubtleCrypto.prototype.decrypt = decrypt
  await restart()
  expect((await people.shown())[0]?.pin?.tries).toBe(4)
})

it('judges no try that it cannot count', async () => {
  await welcome()
  await people.setPin(ZHOU, PASSWORD, PIN)
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  await expect(people.unlockByPin(ZHOU, PIN)).rejects.toThrow('full')
  IDBObjectStore.prototype.put = put
})

it('a PIN is gone after fifteen wrong ones in a row, and the password is not', async () => {
  await welcome()
  await people.setPin(ZHOU, PASSWORD, PIN)
  const answers: unknown[] = []
  for (let n = 0; n < 15; n += 1, now += PAUSE_MS) answers.push(await people.unlockByPin(ZHOU, '0852'))
  expect(answers.at(-1)).toBe('gone')
  expect(answers.filter((answer) => answer === 'gone').length).toBe(1)
  expect(await people.unlockByPin(ZHOU, PIN)).toBe('gone')
  expect(await people.unlock(ZHOU, PASSWORD)).toBeTruthy()
})

it('a PIN ends with its session: by time, by the next sign-in after it, and by a sign-out', async () => {
  await welcome()
  await people.setPin(ZHOU, PASSWORD, PIN)
  await welcome()
  expect((await people.shown())[0]?.pin, 'a sign-in before the end keeps it').toBeTruthy()
  now += 3 * DAY_MS
  expect((await people.shown())[0]?.pin).toBeUndefined()
  await welcome()
  expect((await people.shown())[0]?.pin, 'the session had ended').toBeUndefined()
  await people.setPin(ZHOU, PASSWORD, PIN)
  now += 3 * DAY_MS
  expect(await people.unlockByPin(ZHOU, PIN)).toBe('gone')
  now -= 3 * DAY_MS
  expect(await people.unlockByPin(ZHOU, PIN), 'nor after the clock is set back').toBe('gone')
  await people.setPin(ZHOU, PASSWORD, PIN)
  await store.removePerson(ZHOU)
  expect(await people.unlockByPin(ZHOU, PIN)).toBe('gone')
})

it('two windows that start at once have the same keys, which are the ones on disk', async () => {
  globalThis.indexedDB = new IDBFactory()
  const windows = await Promise.all([openTablet(), openTablet()])
  const [one, other] = await Promise.all(windows.map((window) => openPeople(window, () => now)))
  await restart()
  expect(await publicKeyOf(one!.proof!)).toBe(await publicKeyOf(people.proof!))
  expect(await publicKeyOf(other!.proof!)).toBe(await publicKeyOf(people.proof!))
  const sealed = await sealValue(one!.device, OWNER, 'a word')
  for (const { device } of [other!, people]) expect(await unsealValue(device, OWNER, sealed)).toBe('a word')
  for (const window of windows) window.close()
})

it('keeps the key that sign-ins are bound to over a restart, and works without one on a full disk', async () => {
  const key = await publicKeyOf(people.proof!)
  await restart()
  expect(await publicKeyOf(people.proof!)).toBe(key)
  globalThis.indexedDB = new IDBFactory()
  const full = await openTablet()
  const add = full.add.bind(full)
  const refusing: TabletStore = { ...full, add: async (fact, value) => (fact === 'proofKey' ? Promise.reject(new Error('full')) : add(fact, value)) }
  expect((await openPeople(refusing, () => now)).proof).toBeUndefined()
  full.close()
})
