// The portal as an installed app: what opens without a network, what stays on the device, and the operator's own pages.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { launch, openPage, PAGE_LANGUAGES, poll, settled } from './browser.mjs'
import { apiOf, startPlatform } from './platform.mjs'
import { sendFile } from './serve.mjs'

const DIST = fileURLToPath(new URL('../../cloud/portal/dist', import.meta.url))
const CUSTOMER = 'customer-north'
const JOB = { title: 'Shelf above the door', description: 'Oak, 80 cm. 橡木。', service_type: 'cleaning_repair', price: '60.00', location: 'NORTH', address: '4 Quay Street' }
const TERMS = `# Our harbour's terms

<script>window.ran = 'script'</script>
<img src=x onerror="window.ran = 'image'">

- **Pay** at the quay
- [Run](javascript:window.ran='link')
- [Help](/help)
`

let platform, browser, folder

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-pages-'))
  writeFileSync(join(folder, 'terms.en.md'), TERMS)
  ;[platform, browser] = await Promise.all([startPlatform({ HOLDFAST__GATEWAY__PAGES_FOLDER: folder }), launch()])
})

after(async () => {
  await browser?.close()
  await platform?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function openPortal(path, locale = 'en', more = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale, timezoneId: 'UTC', reducedMotion: 'reduce', ...more })
  const { page, wrongs } = await openPage(context)
  await page.goto(platform.gateway + path)
  return { context, page, wrongs }
}

async function signIn(page) {
  await page.fill('#name', CUSTOMER)
  await page.fill('#word', platform.passwordOf(CUSTOMER))
  await page.click('button[type=submit]')
  await page.locator('.who').waitFor()
}

/** Until the worker has every file and answers for this page. */
async function isKept(page) {
  const isClaimed = await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready
    while (active.state !== 'activated') await new Promise((changed) => active.addEventListener('statechange', changed, { once: true }))
    return navigator.serviceWorker.controller !== null
  })
  // A page that was on its way while the worker took over is not claimed.
  if (!isClaimed) await page.reload()
}

/** The path of every answer in every cache. */
const pathsKept = (page) => page.evaluate(async () => {
  const paths = []
  for (const name of await caches.keys()) {
    const requests = await (await caches.open(name)).keys()
    paths.push(...requests.map(({ url }) => new URL(url).pathname))
  }
  return paths
})

const isPublic = (path) => path === '/' || /^\/(assets\/|icon|manifest\.webmanifest$)/.test(path)

test('the manifest is valid, and every icon has the size that it names', async () => {
  const answer = await fetch(`${platform.gateway}/manifest.webmanifest`)
  assert.equal(answer.headers.get('content-type'), 'application/manifest+json')
  const manifest = await answer.json()
  assert.equal(manifest.start_url, '/')
  assert.equal(manifest.display, 'standalone')
  for (const { src, type, sizes } of manifest.icons) {
    const icon = await fetch(platform.gateway + src)
    assert.equal(icon.headers.get('content-type'), type, src)
    const bytes = Buffer.from(await icon.arrayBuffer())
    if (type !== 'image/png') continue
    assert.equal(bytes.toString('latin1', 1, 4), 'PNG', src)
    assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes, src)
  }
  assert.ok(manifest.icons.some(({ purpose, sizes }) => purpose === 'maskable' && sizes === '512x512'))

  const { context, page } = await openPortal('/sign-in')
  await isKept(page)
  const session = await context.newCDPSession(page)
  const { errors, url } = await session.send('Page.getAppManifest')
  assert.deepEqual([errors, url], [[], `${platform.gateway}/manifest.webmanifest`])
  await context.close()
})

test('the first words are painted before any script or sheet has come', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' })
  const { page } = await openPage(context)
  let release
  const released = new Promise((resolve) => { release = resolve })
  await context.route('**/assets/**', async (route) => {
    await released
    await route.continue()
  })
  const loads = page.goto(`${platform.gateway}/sign-in`).catch(() => undefined)
  await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0)
  const words = await page.locator('body').innerText()
  assert.match(words, /Opening/)
  assert.match(words, /正在打开/)
  assert.equal(await page.locator('#main').count(), 0)
  const html = await (await fetch(`${platform.gateway}/`, { headers: { accept: 'text/html' } })).arrayBuffer()
  assert.ok(html.byteLength < 10_000, 'the page itself fits into the first answer of a slow line')
  release()
  await loads
  await page.locator('#main h1').waitFor()
  assert.equal(await page.locator('.first').count(), 0)
  await context.close()
})

test('a session that does not answer holds no page back, and a page on its way is not loaded anew', async () => {
  const context = await browser.newContext({ locale: 'en', serviceWorkers: 'block' })
  const { page } = await openPage(context)
  let release
  const released = new Promise((resolve) => { release = resolve })
  let asked = 0
  await context.route('**/api/v1/session', async (route) => {
    asked += 1
    if (asked === 1) await released
    await route.continue()
  })
  await page.goto(`${platform.gateway}/help`)
  await page.locator('#main [role=status]').waitFor()
  await page.evaluate(() => { window.isSamePage = true })
  const second = page.waitForResponse('**/api/v1/session')
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await second
  release()
  await page.getByRole('heading', { level: 1, name: 'Help' }).waitFor()
  assert.equal(await page.evaluate(() => window.isSamePage), true)
  await context.close()
})

const SAYS = { en: { none: 'This device has no network', later: 'Not here yet', again: 'Retry now' }, 'zh-CN': { none: '这台设备没有网络', later: '尚未到达', again: '立即重试' } }

for (const lang of PAGE_LANGUAGES) {
  const says = SAYS[lang]
  test(`without a network the shell opens in ${lang}, says so on every page, and shows no old answer as new`, async () => {
    const customer = await apiOf(platform, CUSTOMER)
    const title = `${JOB.title} ${lang}`
    const { order_id: order } = await customer.post('/orders', { ...JOB, title })
    const { context, page } = await openPortal('/sign-in', lang)
    await signIn(page)
    await page.goto(`${platform.gateway}/orders`)
    await isKept(page)
    await page.getByText(title).first().waitFor()
    await context.setOffline(true)
    // What was read stays while the page does.
    await page.getByText(says.none).waitFor()
    assert.ok(await page.getByText(title).first().isVisible())
    for (const path of ['/orders', `/orders/${order}`, '/inbox', '/profile', '/publish/1', '/sign-in', '/register/customer', '/help', '/terms', '/docs', '/track/N-7F3K60', '/nowhere']) {
      await page.goto(platform.gateway + path)
      await page.locator('#main').waitFor()
      await page.getByText(says.none).waitFor()
      await page.getByRole('button', { name: says.again }).first().waitFor()
      await settled(page)
      assert.equal(await page.getByText(title).count(), 0, path)
    }
    await page.goto(`${platform.gateway}/orders`)
    await page.locator('.empty').first().waitFor()
    await context.setOffline(false)
    await page.getByText(title).first().waitFor()
    await page.getByText(says.none).waitFor({ state: 'detached' })
    await context.close()
  })
}

test('no answer is ever kept, and a sign-out leaves only the files that are the same for everyone', async () => {
  const { context, page } = await openPortal('/sign-in')
  await signIn(page)
  await isKept(page)
  for (const path of ['/orders', '/profile', '/inbox']) {
    await page.goto(platform.gateway + path)
    await settled(page)
  }
  const kept = await pathsKept(page)
  assert.ok(kept.includes('/') && kept.length > 20)
  assert.deepEqual(kept.filter((path) => !isPublic(path)), [])

  // Even what another script of this origin may have put there goes.
  await page.evaluate(async () => {
    const [shell] = await caches.keys()
    for (const name of [shell, 'answers']) {
      const cache = await caches.open(name)
      await cache.put('/api/v1/users/me/profile', new Response('{"full_name":"Lin"}'))
    }
  })
  assert.equal((await pathsKept(page)).filter((path) => !isPublic(path)).length, 2)
  await page.locator('.who').click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL('**/sign-in*')
  await poll(async () => assert.deepEqual((await pathsKept(page)).filter((path) => !isPublic(path)), []))
  assert.ok((await pathsKept(page)).includes('/'), 'the shell still opens without a network')
  await context.close()
})

test('the operator\'s own terms are shown to anyone, and nothing in them runs', async () => {
  const { context, page, wrongs } = await openPortal('/sign-in')
  await page.getByRole('link', { name: 'Terms' }).click()
  await page.getByRole('heading', { level: 1, name: 'Our harbour\'s terms' }).waitFor()
  const words = await page.locator('article').innerText()
  for (const line of ['<script>window.ran = \'script\'</script>', '<img src=x onerror="window.ran = \'image\'">', '[Run](javascript:window.ran=\'link\')']) assert.ok(words.includes(line), line)
  assert.equal(await page.evaluate(() => window.ran ?? 'nothing'), 'nothing')
  assert.equal(await page.locator('article :is(script, img)').count(), 0)
  await page.locator('article').getByRole('link', { name: 'Help' }).click()
  await page.getByRole('heading', { level: 1, name: 'Help' }).waitFor()

  await page.goto(`${platform.gateway}/register/provider`)
  await page.getByRole('link', { name: 'Privacy' }).click()
  await page.getByRole('heading', { level: 1, name: 'Privacy' }).waitFor()
  await page.goto(`${platform.gateway}/sign-in`)
  await signIn(page)
  await page.locator('.who').click()
  await page.locator('.account').getByRole('link', { name: 'Terms' }).click()
  await page.getByRole('heading', { level: 1, name: 'Our harbour\'s terms' }).waitFor()
  assert.deepEqual(wrongs.filter((line) => !line.includes('Failed to load resource')), [])
  await context.close()

  // Written in English alone: a Chinese reader gets these terms, not the ones they replace.
  const reader = await openPortal('/terms', 'zh-CN')
  await reader.page.locator('article[lang=en]').getByText('at the quay').waitFor()
  await reader.page.getByText('此页面没有您所用语言的版本。').waitFor()
  await reader.page.getByRole('link', { name: '帮助' }).last().click()
  await reader.page.locator('article[lang=zh-CN]').waitFor()
  await reader.context.close()
})

test('after an update the old shell says so, and only the tab that asks is loaded anew', async () => {
  let change = (source) => source
  const answer = (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    if (pathname.startsWith('/api/')) return response.writeHead(401, { 'content-type': 'application/problem+json' }).end('{"code":"invalid_token"}')
    return sendFile(DIST, pathname, request, response, pathname === '/sw.js' ? (bytes) => change(String(bytes)) : undefined)
  }
  const server = createServer(answer)
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const address = `http://localhost:${server.address().port}`
  const context = await browser.newContext({ locale: 'en' })
  const { page } = await openPage(context)
  const { page: beside } = await openPage(context)
  await page.goto(`${address}/sign-in`)
  await isKept(page)
  await beside.goto(`${address}/register/customer`)
  await isKept(beside)
  await beside.fill('#username', 'half typed')

  change = (source) => source.replace(/holdfast-[0-9a-f]{16}/, 'holdfast-0000000000000000')
  await page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()).then(() => undefined))
  await page.getByText('A new version is here').waitFor()
  const useNow = { name: 'Use it now' }
  const turned = beside.evaluate(async () => {
    await new Promise((changed) => navigator.serviceWorker.addEventListener('controllerchange', changed, { once: true }))
    await new Promise(requestAnimationFrame)
  })
  const anew = page.waitForEvent('load')
  await page.getByRole('button', useNow).click()
  await anew
  await poll(async () => assert.deepEqual(await page.evaluate(() => caches.keys()), ['holdfast-0000000000000000']))
  await turned
  await poll(async () => assert.equal(await beside.getByRole('button', useNow).count(), 1))
  assert.equal(await beside.inputValue('#username'), 'half typed')
  const besideAnew = beside.waitForEvent('load')
  await beside.getByRole('button', useNow).click()
  await besideAnew
  await isKept(beside)
  await settled(beside)
  assert.equal(await beside.getByRole('button', useNow).count(), 0)
  await context.close()
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
})
