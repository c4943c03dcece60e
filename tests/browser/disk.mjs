// What a device's browser keeps, read from beside the app. Each function here runs in the page: `page.evaluate(allOnDisk)`.

const resultOf = (request) => new Promise((done, failed) => {
  request.onsuccess = () => done(request.result)
  request.onerror = () => failed(request.error)
})

/** A page gets the source of a function and nothing of this module, so `resultOf` goes along. */
const forPage = (run) => new Function('given', `const resultOf = ${resultOf}\nreturn (${run})(given)`)

/** The commands of the person who is in, opened with the keys of the unlocked tablet. */
export const commandsOnDisk = forPage(async () => {
  const read = async (name, store, ask) => {
    const db = await resultOf(indexedDB.open(name))
    const answer = await resultOf(ask(db.transaction(store).objectStore(store)))
    db.close()
    return answer
  }
  const open = (key, owner, sealed) => crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.slice(0, 12), additionalData: new TextEncoder().encode(JSON.stringify(['holdfast', ...owner])) }, key, sealed.slice(12))
  const device = await read('holdfast', 'facts', (facts) => facts.get('deviceKey'))
  const { user_id: me, sealed } = await read('holdfast', 'facts', (facts) => facts.get('opened'))
  const own = await crypto.subtle.importKey('raw', await open(device, [me, 'opened', 'key'], sealed), 'AES-GCM', false, ['decrypt'])
  const records = await read(`holdfast-${me}`, 'items', (items) => items.getAll())
  const items = await Promise.all(records.map(async ({ id, own: whole }) => JSON.parse(new TextDecoder().decode(await open(own, [me, 'item', id], whole)))))
  return { me, items: items.sort((a, b) => a.device_seq - b.device_seq) }
})

/** The board of anybody here, without its keys. */
export const isBoardOnDisk = forPage(async () => {
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith('holdfast-')) continue
    const db = await resultOf(indexedDB.open(name))
    const key = await resultOf(db.transaction('facts').objectStore('facts').getKey('board'))
    db.close()
    if (key !== undefined) return true
  }
  return false
})

/** Every key and record of every database, bytes as text, and the other storages. */
export const allOnDisk = forPage(async () => {
  const texts = [JSON.stringify({ ...window.localStorage }), JSON.stringify({ ...window.sessionStorage }), document.cookie, location.href, JSON.stringify(history.state)]
  const asText = (_, value) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? new TextDecoder().decode(value) : value)
  for (const { name } of await indexedDB.databases()) {
    const db = await resultOf(indexedDB.open(name))
    for (const store of db.objectStoreNames) {
      const records = db.transaction(store).objectStore(store)
      texts.push(JSON.stringify([name, store, await Promise.all([resultOf(records.getAllKeys()), resultOf(records.getAll())])], asText))
    }
    db.close()
  }
  return texts.join('\n')
})

/** Each secret key of a kiosk, and whether a script could export it. */
export const kioskKeysOnDisk = forPage(async () => {
  const db = await resultOf(indexedDB.open('holdfast-kiosk'))
  const values = await resultOf(db.transaction('facts').objectStore('facts').getAll())
  db.close()
  const keys = values.flatMap((value) => (value instanceof CryptoKey ? [value] : value?.privateKey ? [value.privateKey] : []))
  return keys.map((key) => [key.algorithm.name, key.extractable]).sort()
})

/** Stores a grant as a kiosk of an earlier version did. */
export const storeKioskGrant = forPage(async (grant) => {
  const opening = indexedDB.open('holdfast-kiosk', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore('facts')
  const db = await resultOf(opening)
  await resultOf(db.transaction('facts', 'readwrite').objectStore('facts').put(grant, 'grant'))
  db.close()
})
