// How quick the app is on a slow tablet: the first and the second view of the board, and a board of ten thousand jobs.
// `npm run bench --workspace @holdfast/browser-tests`; `tests/bench/README.md` keeps the figures.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import config from '../../edge-node/app/vite.config.mjs'
import { launch, openPage, settled } from './browser.mjs'
import { order, PASSWORD, serveEdge, startState } from './edge.mjs'

const DIST = fileURLToPath(new URL('../../edge-node/app/dist', import.meta.url))
const SLOWER = 4
const LINK = { offline: false, latency: 20, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 }
const FEW = 50
const MANY = 10_000
const RUNS = 5
const SCROLLS = 60

const jobs = (count) => Array.from({ length: count }, (_, n) => order(11, { id: `0193a1c2-0000-7000-8000-${String(n).padStart(12, '0')}`, code: `N-${String(n).padStart(6, '0')}`, title: `Job ${n}: 厨房水龙头漏水` }))

await build(config)
const browser = await launch()

/** A tablet that is signed in, at a board of so many jobs, and has its processor and its link slowed. */
async function tablet(count, work) {
  const edge = await serveEdge(DIST, { ...startState(), orders: jobs(count) })
  const context = await browser.newContext({ viewport: { width: 820, height: 1180 }, locale: 'en', serviceWorkers: 'allow' })
  const { page } = await openPage(context)
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  const slow = async () => {
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
    await session.send('Network.emulateNetworkConditions', LINK)
  }
  await work({ edge, page, slow })
  await context.close()
  await edge.close()
}

async function untilBoard(page, go) {
  const from = performance.now()
  await go()
  await page.locator('.job').first().waitFor()
  return performance.now() - from
}

/** The moment since the start of the page at which its first job was drawn. */
function markBoard() {
  const observer = new MutationObserver(() => {
    if (!document.querySelector('.job')) return
    observer.disconnect()
    requestAnimationFrame(() => setTimeout(() => { window.boardShownAt = performance.now() }))
  })
  observer.observe(document, { childList: true, subtree: true })
}

async function signIn(page) {
  await page.fill('#name', 'Zhou Lei')
  await page.fill('#password', PASSWORD)
  await page.click('button[type=submit]')
  await page.locator('.job').first().waitFor()
}

/** The sign-in page with all it loads, and from the last key pressed there to the board; then the board anew. */
async function views() {
  const [first, second] = [[], []]
  for (let run = 0; run < RUNS; run += 1) {
    await tablet(FEW, async ({ edge, page, slow }) => {
      await slow()
      const from = performance.now()
      await page.goto(edge.url, { waitUntil: 'commit' })
      await page.locator('#name').waitFor()
      const loaded = performance.now() - from
      // Meanwhile a person types.
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
      await page.fill('#name', 'Zhou Lei')
      await page.fill('#password', PASSWORD)
      first.push(loaded + (await untilBoard(page, () => page.click('button[type=submit]'))))
      await page.addInitScript(markBoard)
      await page.reload()
      await page.waitForFunction(() => window.boardShownAt !== undefined)
      second.push(await page.evaluate(() => window.boardShownAt))
    })
  }
  return { first, second }
}

/** The processor time of each task of the page while ten thousand jobs are scrolled from top to bottom, in milliseconds. */
async function scroll() {
  let trace
  await tablet(MANY, async ({ edge, page }) => {
    await page.goto(edge.url)
    await signIn(page)
    await settled(page)
    await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', 'devtools.timeline', '__metadata'] })
    await page.evaluate(async (scrolls) => {
      const frame = () => new Promise((done) => requestAnimationFrame(done))
      const most = document.documentElement.scrollHeight - innerHeight
      for (let at = 0; at <= scrolls; at += 1) {
        scrollTo(0, at % 2 ? (most * at) / scrolls : Math.min(most, scrollY + 700))
        await frame()
        await frame()
      }
    }, SCROLLS)
    trace = JSON.parse(await browser.stopTracing())
  })
  const threads = new Set(trace.traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}.${tid}`))
  return trace.traceEvents.filter(({ name, pid, tid, tdur }) => name === 'RunTask' && tdur && threads.has(`${pid}.${tid}`)).map(({ tdur }) => tdur / 1_000)
}

const seconds = (all) => `${[...all].sort((a, b) => a - b).map((ms) => (ms / 1_000).toFixed(2)).join(', ')} s`
const { first, second } = await views()
console.log(`first view of the board:  ${seconds(first)}`)
console.log(`second view of the board: ${seconds(second)}`)
const tasks = (await scroll()).sort((a, b) => b - a)
console.log(`${MANY} jobs scrolled: ${tasks.length} tasks, the longest ${tasks.slice(0, 5).map((ms) => ms.toFixed(0)).join(', ')} ms of processor time`)
await browser.close()
process.exit(0)
