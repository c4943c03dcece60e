// A search for a person's words in every place where a page can leave them.

/** Texts of the heap are cut after so many characters. Only a browser started with this shows longer ones. */
export const WHOLE_TEXTS = '--js-flags=--heap-snapshot-string-limit=1000000'

/** Each place with a trace that it still holds. Memory has its own list: code has short words too. */
export async function findTraces(context, page, traces, tracesInMemory) {
  const found = await page.evaluate(findInPage, traces.map(hide))
  const state = JSON.stringify(await context.storageState())
  const inState = traces.filter((trace) => state.includes(trace)).map((trace) => `state: ${trace}`)
  return [...found, ...inState, ...(await findInMemory(context, page, tracesInMemory))]
}

/** So that the question leaves no trace itself. */
const hide = (trace) => [...trace].map((char) => char.codePointAt(0) + 1)

/** Runs in the page. */
async function findInPage(hidden) {
  const textOf = async (value) => {
    if (value instanceof Blob) return value.text()
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder().decode(value)
    if (Array.isArray(value)) return (await Promise.all(value.map(textOf))).join('\n')
    if (value instanceof Date || value === null || typeof value !== 'object') return String(value)
    return textOf(Object.entries(value).flat())
  }
  const settle = (request) => new Promise((done, failed) => Object.assign(request, { onsuccess: () => done(request.result), onerror: failed }))
  const cached = async (name) => {
    const cache = await caches.open(name)
    const requests = await cache.keys()
    const bodies = await Promise.all(requests.map(async (request) => (await cache.match(request)).text()))
    return [...requests.map(({ url }) => url), ...bodies]
  }
  const stored = async ({ name }) => {
    const db = await settle(indexedDB.open(name))
    const rows = await Promise.all([...db.objectStoreNames].map((store) => {
      const records = db.transaction(store).objectStore(store)
      return Promise.all([settle(records.getAllKeys()), settle(records.getAll())])
    }))
    db.close()
    return textOf(rows)
  }
  const texts = {
    document: document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea, select')].map((one) => one.value).join(),
    address: location.href + JSON.stringify(history.state),
    local: JSON.stringify({ ...window.localStorage }),
    session: JSON.stringify({ ...window.sessionStorage }),
    cookies: document.cookie,
    caches: (await Promise.all((await caches.keys()).map(cached))).flat().join('\n'),
    databases: (await Promise.all((await indexedDB.databases()).map(stored))).join('\n'),
  }
  const traces = hidden.map((codes) => String.fromCodePoint(...codes.map((code) => code - 1)))
  return Object.entries(texts).flatMap(([place, text]) => traces.filter((trace) => text.includes(trace)).map((trace) => `${place}: ${trace}`))
}

/** The texts that are alive in the page's memory. */
async function findInMemory(context, page, traces) {
  const session = await context.newCDPSession(page)
  const parts = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => parts.push(chunk))
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  const { strings } = JSON.parse(parts.join(''))
  // Whatever looked for words on the page keeps the page's own text.
  const holds = (text, trace) => text === trace || text.includes(`"${trace}`)
  return traces.filter((trace) => strings.some((text) => holds(text, trace))).map((trace) => `memory: ${trace}`)
}
