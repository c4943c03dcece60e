// A whole platform of this workspace's programs, started as `cargo xtask up --ephemeral` does it.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const STACK = process.env.HOLDFAST_STACK ?? fileURLToPath(new URL('../../target/debug/holdfast-stack', import.meta.url))
/** Below the ports that the system hands out by itself. */
const PORT_BASE = { first: 20_000, last: 31_900, step: 100 }
const STARTS_MAX = 5

const LIMITS = ['OPEN_JOBS_MAX', 'ACCEPTANCES_A_DAY_MAX', 'WITHDRAWALS_A_DAY_MAX']
/** For a platform on which one provider does the work of many: nobody's share of it is limited. */
export const OF_FEW_PEOPLE = Object.fromEntries(['ORDER', 'EDGE'].flatMap((part) => LIMITS.map((limit) => [`HOLDFAST__${part}__${limit}`, '0'])))

/** The facts of the ready file, and the way to stop it. The environment may depend on the gateway's address. */
export async function startPlatform(environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-story-'))
  for (let start = 1; ; start += 1) {
    const file = join(folder, `ready-${start}.json`)
    const { child, isUp, said } = await run(file, folder, environment)
    if (isUp) return platform(child, JSON.parse(readFileSync(file, 'utf8')), folder)
    // Another program may listen on one of the ports.
    if (start === STARTS_MAX || !said.includes('port')) throw new Error(`the platform did not start:\n${said}`)
  }
}

async function run(file, folder, environment) {
  const slots = (PORT_BASE.last - PORT_BASE.first) / PORT_BASE.step
  const base = PORT_BASE.first + PORT_BASE.step * Math.floor(Math.random() * slots)
  const more = typeof environment === 'function' ? await environment(`http://127.0.0.1:${base}`) : environment
  const child = spawn(STACK, ['up', '--ephemeral', '--port-base', String(base), '--ready-file', file], {
    env: { ...process.env, ...more, HOLDFAST_CONTEXT_DIR: join(folder, 'context') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Promise((done, failed) => {
    let said = ''
    let printed = ''
    child.stderr.on('data', (part) => { said += part })
    child.stdout.on('data', (part) => {
      printed += part
      if (printed.includes('Holdfast is up')) done({ child, isUp: true, said })
    })
    child.on('error', (error) => failed(new Error(`cannot start ${STACK}, which \`cargo build --workspace\` makes: ${error.message}`)))
    child.on('close', () => done({ child, isUp: false, said }))
  })
}

function platform(child, ready, folder) {
  const interrupt = () => child.kill('SIGINT')
  process.once('exit', interrupt)
  const stop = async () => {
    const ended = new Promise((exited) => child.once('exit', exited))
    interrupt()
    await ended
    process.off('exit', interrupt)
    rmSync(folder, { recursive: true, force: true })
  }
  const newcomers = new Map()
  const passwordOf = (username) => newcomers.get(username) ?? ready.sign_ins.find((person) => person.username === username).password
  /** Makes an account of somebody who has done nothing yet. */
  const register = async (username, role) => {
    const password = `${username}-password`
    const body = JSON.stringify({ username, password, email: `${username}@example.com`, role })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${ready.gateway}/api/v1/auth/register`, { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(`${username} cannot register: ${answer.status} ${await answer.text()}`)
    newcomers.set(username, password)
  }
  return { gateway: ready.gateway, edges: ready.edges, data: ready.data, pids: ready.pids, passwordOf, register, stop }
}

/** Kills the program, and gives what starts it again as it was started. */
export function kill(pid) {
  const [command, ...rest] = linesOf(pid, 'cmdline')
  const env = Object.fromEntries(linesOf(pid, 'environ').map((line) => line.split(/=(.*)/s).slice(0, 2)))
  const cwd = readlinkSync(`/proc/${pid}/cwd`)
  process.kill(pid, 'SIGKILL')
  return () => {
    const again = spawn(command, rest, { cwd, env, stdio: 'ignore' })
    process.once('exit', () => again.kill('SIGKILL'))
    return again
  }
}

/** A file of /proc whose lines end with zeros. */
function linesOf(pid, name) {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean)
}

/** A person at the gateway's interface, without any page. */
export async function apiOf(platform, username, password = platform.passwordOf(username)) {
  const ask = async (path, body, token, method = body ? 'POST' : 'GET', type = 'application/json') => {
    const response = await fetch(`${platform.gateway}/api/v1${path}`, {
      method,
      headers: { 'content-type': type, ...(token ? { authorization: `Bearer ${token}` } : {}), ...(token && method !== 'GET' ? { 'idempotency-key': crypto.randomUUID() } : {}) },
      ...(body ? { body: type === 'application/json' ? JSON.stringify(body) : body } : {}),
    })
    const answer = response.status === 204 ? undefined : await response.json()
    if (!response.ok) throw new Error(`${path} answers ${response.status}: ${JSON.stringify(answer)}`)
    return answer
  }
  const { access_token: token } = await ask('/auth/login', { username, password })
  return {
    get: (path) => ask(path, undefined, token),
    /** The bytes of a file. */
    download: async (path) => {
      const response = await fetch(`${platform.gateway}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })
      if (!response.ok) throw new Error(`${path} answers ${response.status}`)
      return Buffer.from(await response.arrayBuffer())
    },
    post: (path, body) => ask(path, body, token, 'POST'),
    put: (path, body) => ask(path, body, token, 'PUT'),
    remove: (path) => ask(path, undefined, token, 'DELETE'),
    upload: (path, bytes, type, method = 'POST') => ask(path, bytes, token, method, type),
  }
}
