// A search for a person's words in every place where a page can leave them.

/** Each place with a trace that it still holds. Memory has its own list: code has short words too. */
export async function findTraces(context, page, traces, tracesInMemory) {
  const found = await page.evaluate(findInPage, traces)
  const state = JSON.stringify(await context.storageState())
  const inState = traces.filter((trace) => state.includes(trace)).map((trace) => `state: ${trace}`)
  return [...found, ...inState, ...(await findInMemory(context, page, tracesInMemory))]
}

/** Runs in the page. */
async function findInPage(traces) {
  const texts = {
    document: document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea, select')].map((one) => one.value).join(),
    address: location.href + JSON.stringify(history.state),
    local: JSON.stringify({ ...window.localStorage }),
    session: JSON.stringify({ ...window.sessionStorage }),
    cookies: document.cookie,
    caches: JSON.stringify(await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)))),
    databases: '',
  }
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((done, fail) => Object.assign(indexedDB.open(name), { onsuccess: ({ target }) => done(target.result), onerror: fail }))
    for (const store of db.objectStoreNames) {
      const rows = await new Promise((done) => { db.transaction(store).objectStore(store).getAll().onsuccess = ({ target }) => done(target.result) })
      texts.databases += JSON.stringify(rows)
    }
    db.close()
  }
  return Object.entries(texts).flatMap(([place, text]) => traces.filter((trace) => text.includes(trace)).map((trace) => `${place}: ${trace}`))
}

/** The strings that are alive in the page's memory. */
async function findInMemory(context, page, traces) {
  const session = await context.newCDPSession(page)
  const parts = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => parts.push(chunk))
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  const { strings } = JSON.parse(parts.join(''))
  // The test's own question holds the traces too, in a single text.
  return traces.filter((trace) => strings.some((text) => text === trace || text.includes(`"${trace}`) && text.length < 400)).map((trace) => `memory: ${trace}`)
}
