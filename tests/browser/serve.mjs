// Serves built files as gateway and edge do: their page policy, hashed names for ever, every other path the page itself.
import { createServer } from 'node:http'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'

const KINDS = { '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.json': 'application/json', '.png': 'image/png', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json' }

/** The policy of every page, as `protocol/process/src/pages.rs` has it. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; " +
  "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types vue holdfast"

/** What pages may ask of the device; the providers' app alone may ask for its position. */
export const PERMISSIONS = 'camera=(self), geolocation=(), microphone=(), payment=(), usb=()'
export const PERMISSIONS_OF_APP = 'camera=(self), geolocation=(self), microphone=(), payment=(), usb=()'

/** Serves that folder on a free port of this machine; a path that begins like one of `answers` is answered by that. */
export async function serve(folder, answers = {}) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname
    const begin = Object.keys(answers).find((one) => path.startsWith(one))
    return begin ? answers[begin](request, response) : sendFile(folder, path, request, response)
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return { url: `http://localhost:${server.address().port}`, close: () => new Promise((closed) => { server.closeAllConnections(); server.close(closed) }) }
}

/** Sends it packed where that copy stands beside it. `change` may make another text of it. */
export function sendFile(folder, path, request, response, change, permissions = PERMISSIONS) {
  const file = join(folder, path)
  const isFile = file.startsWith(folder) && existsSync(file) && statSync(file).isFile()
  const name = isFile ? file : join(folder, 'index.html')
  const isPacked = !change && /\bbr\b/.test(request.headers['accept-encoding'] ?? '') && existsSync(`${name}.br`)
  response.setHeader('content-security-policy', POLICY)
  response.setHeader('permissions-policy', permissions)
  response.setHeader('content-type', KINDS[extname(name)] ?? 'application/octet-stream')
  response.setHeader('cache-control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (isPacked) response.setHeader('content-encoding', 'br')
  const bytes = readFileSync(isPacked ? `${name}.br` : name)
  response.end(change ? change(bytes) : bytes)
}
