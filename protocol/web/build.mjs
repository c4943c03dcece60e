// Builds every surface in one process, and writes each file packed beside it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = new URL('../../', import.meta.url)
const PACKED = /\.(css|html|js|json|svg|webmanifest)$/
/** Below this, a packed file saves no packet. */
const PACKED_BYTES_MIN = 1000

for (const member of ['edge-node/app', 'cloud/portal']) {
  const { default: config } = await import(new URL(`${member}/vite.config.mjs`, root).href)
  await build(config)
  pack(fileURLToPath(new URL(`${member}/dist`, root)))
}

function pack(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`
    if (!entry.isFile() || !PACKED.test(path)) continue
    const bytes = readFileSync(path)
    if (bytes.length < PACKED_BYTES_MIN) continue
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }))
  }
}
