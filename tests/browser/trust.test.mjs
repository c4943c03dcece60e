// A real edge in a shop's network, whose certificate is of an authority that this test makes: the page in the clear with
// its check, green on a device that trusts the shop and only there, and the app at the shop's name.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { axe, CHROMIUM, COLOUR_RULES, keepPicture, PAGE_LANGUAGES, losses, poll, smallTargets, unseenStops, watch } from './browser.mjs'
import { freePorts, nameArguments, reach, startEdge, trustingEnvironment } from './shop.mjs'

const NAME = 'tablets.shop.test'
/** The name by which the edge announces itself. */
const OWN_NAME = 'north-1.local'
const TITLES = { en: { waiting: 'Not yet trusted', trusted: 'This device trusts this shop' }, 'zh-CN': { waiting: '尚未信任', trusted: '本设备已信任本店' } }

let shop

before(async () => { shop = await openShop() })
after(() => shop?.close())

async function openShop() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-trust-'))
  const authority = makeCertificates(folder)
  const [http, mqtt, ws, trust] = await freePorts(4)
  const set = {
    data: folder, gateway_url: 'http://127.0.0.1:9', enrolment_code: 'a-code', names: JSON.stringify([NAME]), http_bind: `0.0.0.0:${http}`,
    mqtt_bind: `127.0.0.1:${mqtt}`, ws_bind: `127.0.0.1:${ws}`, trust_bind: `127.0.0.1:${trust}`, operator_bind: '',
  }
  const edge = startEdge(folder, set)
  await Promise.race([edge.failed, poll(() => reach(trust))])
  const stopEdge = () => edge.end('SIGTERM')
  const close = async () => {
    await stopEdge()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...authority, folder, http, trust, page: `http://${NAME}:${trust}/trust`, app: `https://${NAME}:${http}/`, stopEdge, close }
}

/** An authority as the cloud's, and its certificate for the shop's name in the files where the edge looks for it. */
function makeCertificates(folder) {
  const openssl = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'shop-ca.pem', '-days', '30', '-subj', '/CN=Holdfast shops')
  openssl('req', ...key, '-keyout', 'certificate-key.pem', '-out', 'leaf.csr', '-subj', '/CN=north-1')
  writeFileSync(join(folder, 'leaf.cnf'), `subjectAltName=DNS:${NAME},DNS:${OWN_NAME}\n`)
  openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'shop-ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'leaf.cnf', '-out', 'certificate.pem')
  const fingerprint = String(openssl('x509', '-noout', '-fingerprint', '-sha256', '-in', 'shop-ca.pem')).trim().split('=')[1]
  const der = openssl('x509', '-outform', 'DER', '-in', 'shop-ca.pem')
  return { fingerprint, der, trusting: trustingEnvironment(folder, readFileSync(join(folder, 'shop-ca.pem'))) }
}

/** A device in the shop's network, which trusts the shop or does not. */
async function device(trusts, options = {}) {
  const args = ['--no-sandbox', ...nameArguments([NAME, OWN_NAME])]
  const browser = await chromium.launch({ executablePath: CHROMIUM, args, env: trusts ? shop.trusting : process.env })
  // Without transitions, so that no colour is judged on its way to another theme.
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const { page, wrongs } = await watch(await context.newPage())
  // The check of a device without trust fails, and the browser says so.
  const faults = () => wrongs.filter((wrong) => !wrong.includes('net::ERR_CERT_AUTHORITY_INVALID') && !wrong.includes('favicon'))
  return { browser, context, page, faults }
}

for (const lang of PAGE_LANGUAGES) {
  test(`a device that does not trust the shop sees how it would, in ${lang}`, async () => {
    const { browser, context, page, faults } = await device(false, { locale: lang })
    await page.goto(shop.page)
    assert.equal(await page.getAttribute('html', 'lang'), lang)
    await page.getByRole('heading', { name: TITLES[lang].waiting }).waitFor()
    assert.equal(await page.locator('[data-state="trusted"]').isVisible(), false)
    const shown = (await page.locator('.print span').allTextContents()).join(':')
    assert.equal(shown, shop.fingerprint)
    for (const kind of ['ios', 'android', 'windows', 'linux']) {
      await page.goto(`${shop.page}?lang=${lang}&device=${kind}`)
      await page.getByRole('heading', { name: TITLES[lang].waiting }).waitFor()
      for (const colorScheme of ['dark', 'light']) {
        await page.emulateMedia({ colorScheme })
        await keepPicture(page, `trust/${kind}-${lang}-${colorScheme}`)
        assert.deepEqual(await axe(context, page, colorScheme === 'dark' ? COLOUR_RULES : undefined), [])
      }
      assert.deepEqual(await smallTargets(page, 24), [])
      assert.deepEqual(await losses(page), [])
      assert.deepEqual(await unseenStops(page), [])
    }
    assert.deepEqual(faults(), [])
    await browser.close()
  })

  test(`a device that trusts the shop turns green and leads to the app, in ${lang}`, async () => {
    const { browser, context, page, faults } = await device(true, { locale: lang })
    await page.goto(shop.page)
    await page.getByRole('heading', { name: TITLES[lang].trusted }).waitFor()
    assert.equal(await page.locator('[data-state="trusted"] a').getAttribute('href'), shop.app)
    assert.equal(await page.locator('#steps').isVisible(), false, 'nothing is left to do')
    await keepPicture(page, `trust/trusted-${lang}`)
    assert.deepEqual(await axe(context, page), [])
    assert.deepEqual(await losses(page), [])
    assert.deepEqual(faults(), [])
    await browser.close()
  })
}

test('without script the page still has the steps, the certificate and the way to check by hand', async () => {
  const { browser, page } = await device(true, { javaScriptEnabled: false, locale: 'en' })
  await page.goto(`${shop.page}?device=android`)
  await page.getByRole('heading', { name: 'Does this device trust this shop?' }).waitFor()
  assert.equal(await page.locator('[data-state="waiting"]').isVisible(), false)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Certificate of this shop' }).click()])
  assert.equal(download.suggestedFilename(), 'holdfast-north-1.crt')
  assert.deepEqual(readFileSync(await download.path()), shop.der)
  await browser.close()
})

// Last: it stops the edge.
test('at the name of the shop the app is kept on the device, and starts there when the edge is away', async () => {
  const { browser, context, page } = await device(true, { locale: 'en' })
  await page.goto(shop.app)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  assert.equal(await page.evaluate(() => isSecureContext), true)
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  assert.deepEqual(await axe(context, page), [])
  await keepPicture(page, 'app/at-the-shop')
  await page.close()

  await shop.stopEdge()
  const later = await context.newPage()
  await later.goto(shop.app)
  await later.getByRole('button', { name: 'Sign in' }).waitFor()
  await browser.close()
})
