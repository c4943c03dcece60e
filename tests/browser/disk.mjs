// What a tablet's browser keeps, read from beside the app.

/** Runs in the page: the commands of the person who is in, opened with the keys of the unlocked tablet. */
export async function commandsOnDisk() {
  const kept = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error)
  })
  const read = async (name, store, ask) => {
    const db = await kept(indexedDB.open(name))
    const answer = await kept(ask(db.transaction(store).objectStore(store)))
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
}

/** Runs in the page: every key and record of every database, bytes as text, and the other storages. */
export async function allOnDisk() {
  const texts = [JSON.stringify({ ...window.localStorage }), JSON.stringify({ ...window.sessionStorage }), document.cookie, location.href, JSON.stringify(history.state)]
  const asText = (_, value) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? new TextDecoder().decode(value) : value)
  const all = (request) => new Promise((done, failed) => Object.assign(request, { onsuccess: () => done(request.result), onerror: failed }))
  for (const { name } of await indexedDB.databases()) {
    const db = await all(indexedDB.open(name))
    for (const store of db.objectStoreNames) {
      const records = db.transaction(store).objectStore(store)
      texts.push(JSON.stringify([name, store, await Promise.all([all(records.getAllKeys()), all(records.getAll())])], asText))
    }
    db.close()
  }
  return texts.join('\n')
}
