import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'

/** The policy that servers send with every page: a kept page has the one that it came with. */
const POLICY_SOURCE = new URL('../process/src/pages.rs', import.meta.url)

/** The icons and the web app manifest of every surface that can be installed. */
const PUBLIC = fileURLToPath(new URL('./public', import.meta.url))

/**
 * The Vite configuration that every surface shares; `root` is the folder of its `index.html`. Modules whose path matches
 * `firstView` are built into one file: many small ones pack worse, and a browser asks for each on its own.
 */
export function surface(root, more = {}) {
  const { plugins = [], build = {}, firstView, ...rest } = more
  const codeSplitting = firstView ? { groups: [{ name: 'firstView', test: firstView }], includeDependenciesRecursively: false } : true
  return {
    root,
    configFile: false,
    publicDir: PUBLIC,
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
      rolldownOptions: {
        checks: { pluginTimings: false },
        output: { codeSplitting },
      },
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

const CODE_TAGS = /^ *<(?:link rel="(?:stylesheet|modulepreload)"|script type="module")[^>]*>(?:<\/script>)?\n/gm

const LINKS_IN_HEAD = 'document.head.appendChild('

/** Moves scripts and sheets behind the words of `index.html`, which a browser can then paint before they have come. */
export function wordsFirst() {
  return {
    name: 'holdfast-words-first',
    apply: 'build',
    // The sheet of a page overrides the shared one, so it has to come after it.
    transform(code, id) {
      if (!id.includes('vite/preload-helper')) return null
      if (!code.includes(LINKS_IN_HEAD)) throw new Error('Vite loads the sheets of pages in another way than before')
      return { code: code.replaceAll(LINKS_IN_HEAD, 'document.body.appendChild('), map: null }
    },
    transformIndexHtml: {
      order: 'post',
      handler: (html) => {
        const tags = html.match(CODE_TAGS) ?? []
        if (tags.length === 0) throw new Error('index.html has no scripts to move')
        // No script runs before a sheet that stands above it has come.
        const sheets = tags.filter((tag) => tag.includes('rel="stylesheet"'))
        const scripts = tags.filter((tag) => !tag.includes('rel="stylesheet"'))
        return html.replace(CODE_TAGS, '').replace('</body>', `${[...sheets, ...scripts].join('')}</body>`)
      },
    },
  }
}

const APP_MANIFEST = 'manifest.webmanifest'

/** Writes the web app manifest with this name, so that the installed apps of one device can be told apart. */
export function named(name) {
  return {
    name: 'holdfast-named',
    apply: 'build',
    generateBundle() {
      const manifest = JSON.parse(readFileSync(join(PUBLIC, APP_MANIFEST), 'utf8'))
      this.emitFile({ type: 'asset', fileName: APP_MANIFEST, source: `${JSON.stringify({ ...manifest, name }, null, 2)}\n` })
    },
  }
}

/**
 * Writes `sw.js` with the list of all files and a version that follows from their content. Paths whose first part is one
 * of `programs` always go to the server. `part` is the file of a surface's own part of the worker.
 */
export function offline(programs = [], part = undefined) {
  let folder
  return {
    name: 'holdfast-offline',
    apply: 'build',
    enforce: 'post',
    configResolved: (config) => {
      folder = config.publicDir
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const contents = new Map(filesBelow(folder).map((path) => [relative(folder, path), readFileSync(path)]))
        // A built file replaces a public one of its name.
        for (const file of Object.values(bundle)) contents.set(file.fileName, file.code ?? file.source)
        const names = [...contents.keys()].filter((name) => !name.startsWith('.') && !name.endsWith('.map')).sort()
        const hash = createHash('sha256')
        for (const name of names) hash.update(name).update(contents.get(name))
        hash.update(readFileSync(POLICY_SOURCE))
        const files = names.map((name) => (name === 'index.html' ? '/' : `/${name}`))
        const source = readFileSync(new URL('./src/sw.js', import.meta.url), 'utf8')
          .replace('__VERSION__', hash.digest('hex').slice(0, 16))
          .replace('__PAGE_INTEGRITY__', integrityOf(contents.get('index.html')))
          .replace('= __FILES__', `= ${JSON.stringify(files)}`)
          .replace('...__PROGRAMS__', programs.map((path) => `'${path}'`).join(', '))
          .replace(/^\/\* global .*\n/m, '')
        const own = part ? `\n${readFileSync(part, 'utf8')}` : ''
        this.emitFile({ type: 'asset', fileName: 'sw.js', source: source + own })
      },
    },
  }
}

function integrityOf(bytes) {
  return `sha256-${createHash('sha256').update(bytes).digest('base64')}`
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
