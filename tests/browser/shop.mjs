// An edge as a shop runs it, with TLS at a name of the shop's network, and what a browser needs to
// reach and trust it.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer as listen } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { poll } from './browser.mjs'
import { openLine } from './hops.mjs'
import { apiOf, STACK } from './platform.mjs'

const EDGE = join(dirname(STACK), 'holdfast-edge')
/** What the program writes, in the folder where it was started. */
const OUTPUT = 'output.txt'
const OUTPUT_SHOWN_CHARS = 2_000

/** Starts the program with these settings. `failed` rejects if it cannot start, and when it ends. */
export function startEdge(folder, settings, environment = {}) {
  const output = openSync(join(folder, OUTPUT), 'a')
  const words = Object.entries(settings).flatMap(([key, value]) => ['--set', `edge.${key}=${value}`])
  const edge = spawn(EDGE, words, { cwd: folder, env: { ...process.env, ...environment }, stdio: ['ignore', output, output] })
  closeSync(output)
  const killAtExit = () => edge.kill('SIGKILL')
  process.once('exit', killAtExit)
  const ended = new Promise((done) => edge.once('exit', done).once('error', done))
  const failed = ended.then((why) => Promise.reject(new Error(`holdfast-edge ended: ${why}`)))
  const end = async (signal) => {
    edge.kill(signal)
    await ended
    process.off('exit', killAtExit)
  }
  return { failed, end }
}

export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => listen())
  await Promise.all(servers.map((server) => new Promise((listening) => server.listen(0, '127.0.0.1', listening))))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

export function reach(port) {
  return new Promise((reached, failed) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); reached() })
    socket.once('error', failed)
  })
}

/** For a browser that finds this machine at those names. */
export const nameArguments = (names) => [`--host-resolver-rules=${names.map((name) => `MAP ${name} 127.0.0.1`).join(', ')}`]

/** The environment of a browser whose person has installed that authority, in the way of Chromium on Linux. */
export function trustingEnvironment(folder, authority) {
  const home = join(folder, 'home')
  const store = join(home, '.pki/nssdb')
  mkdirSync(store, { recursive: true })
  const certutil = (...words) => execFileSync('certutil', ['-d', `sql:${store}`, ...words], { input: authority })
  certutil('-N', '--empty-password')
  certutil('-A', '-a', '-n', 'The shop', '-t', 'C,,')
  return { ...process.env, HOME: home }
}

/** A shop's edge, enrolled at a real platform and with a certificate of its authority. */
export async function openShop(platform, { name, edge, region, environment }) {
  const admin = await apiOf(platform, 'admin')
  const { code } = await admin.post('/admin/edges', { edge, region })
  const { certificate: authority } = await admin.get('/edges/ca')
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-shop-'))
  const toCloud = await openLine(platform.gateway)
  const [http, mqtt, ws] = await freePorts(3)
  // Beyond loopback a listener speaks TLS.
  const settings = {
    name: edge, region, data: join(folder, 'data'), gateway_url: toCloud.url, portal_url: platform.gateway, enrolment_code: code, names: JSON.stringify([name]),
    announce: false, http_bind: `0.0.0.0:${http}`, mqtt_bind: `127.0.0.1:${mqtt}`, ws_bind: `127.0.0.1:${ws}`, operator_bind: '',
  }
  const standing = () => askTrusting({ name, port: http, authority }, '/standing')
  let running
  /** Does nothing if the edge runs. */
  const start = async () => {
    running ??= startEdge(folder, settings, environment)
    await Promise.race([running.failed, poll(standing)])
  }
  const kill = async () => {
    await running?.end('SIGKILL')
    running = undefined
  }
  /** Until the edge knows that it is connected to the cloud, or cut off from it. */
  const waitForLink = (isUp) => poll(async () => assert.equal((await standing()).link.up, isUp))
  const close = async () => {
    await kill()
    toCloud.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start()
    await waitForLink(true)
  } catch (error) {
    const output = readFileSync(join(folder, OUTPUT), 'utf8')
    await close()
    throw new Error(`the shop's edge is not ready:\n${output.slice(-OUTPUT_SHOWN_CHARS)}`, { cause: error })
  }
  const browser = { args: ['--no-sandbox', ...nameArguments([name])], env: trustingEnvironment(folder, authority) }
  return { url: `https://${name}:${http}`, browser, toCloud, standing, waitForLink, start, kill, close }
}

/** The answer of a server that the authority certified for this name. */
function askTrusting({ name, port, authority }, path) {
  return new Promise((done, failed) => {
    const asked = request({ host: '127.0.0.1', port, servername: name, ca: authority, path, headers: { host: `${name}:${port}` }, agent: false }, async (response) => {
      const parts = []
      for await (const part of response) parts.push(part)
      const text = Buffer.concat(parts).toString()
      if (response.statusCode === 200) done(JSON.parse(text))
      else failed(new Error(`${path} answers ${response.statusCode}: ${text}`))
    })
    asked.once('error', failed)
    asked.end()
  })
}
