import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'

/** The Vite configuration that every surface shares; `root` is the folder of its `index.html`. */
export function surface(root, more = {}) {
  const { plugins = [], build = {}, ...rest } = more
  return {
    root,
    configFile: false,
    logLevel: 'warn',
    define: {
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    plugins: [vue(), ...plugins, packed()],
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      // As old as `light-dark()`, which must stay as written.
      target: ['chrome123', 'safari17.5', 'firefox128'],
      // The page policy allows no inline script and no data address for one.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      // For `sizes.mjs`; no server hands out a file whose name begins with a dot.
      manifest: true,
      rolldownOptions: { checks: { pluginTimings: false } },
      ...build,
    },
    ...rest,
  }
}

const PACKED = /\.(css|html|js|json|svg|webmanifest)$/
/** Below this, a packed file saves no packet. */
const PACKED_BYTES_MIN = 1000

/** Writes each file packed beside it, for servers that hand out files as they are. */
function packed() {
  let folder
  return {
    name: 'holdfast-packed',
    apply: 'build',
    configResolved: (config) => {
      folder = resolve(config.root, config.build.outDir)
    },
    closeBundle: {
      order: 'post',
      handler() {
        for (const path of filesBelow(folder)) {
          const bytes = readFileSync(path)
          if (!PACKED.test(path) || bytes.length < PACKED_BYTES_MIN) continue
          writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
          writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }))
        }
      },
    },
  }
}

/** Writes `sw.js` with the list of all files and a version that follows from their content. */
export function offline(root) {
  return {
    name: 'holdfast-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const contents = new Map(Object.values(bundle).map((file) => [file.fileName, file.code ?? file.source]))
        for (const name of publicFiles(root)) contents.set(name, readFileSync(join(root, 'public', name)))
        const names = [...contents.keys()].filter((name) => !name.startsWith('.') && !name.endsWith('.map')).sort()
        const hash = createHash('sha256')
        for (const name of names) hash.update(name).update(contents.get(name))
        const files = names.map((name) => (name === 'index.html' ? '/' : `/${name}`))
        const source = readFileSync(new URL('./src/sw.js', import.meta.url), 'utf8')
          .replace('__VERSION__', hash.digest('hex').slice(0, 16))
          .replace('= __FILES__', `= ${JSON.stringify(files)}`)
          .replace(/^\/\* global .*\n/m, '')
        this.emitFile({ type: 'asset', fileName: 'sw.js', source })
      },
    },
  }
}

/** Files that Vite copies as they are. */
function publicFiles(root) {
  const at = join(root, 'public')
  return existsSync(at) ? filesBelow(at).map((path) => relative(at, path)) : []
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
