import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
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
    resolve: { alias: { 'vue-i18n': fileURLToPath(new URL('./src/i18n.ts', import.meta.url)) } },
    plugins: [vue(), ...plugins],
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

/** What Vite copies as it is. */
function publicFiles(root) {
  const at = join(root, 'public')
  if (!existsSync(at)) return []
  const files = readdirSync(at, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => relative(at, join(entry.parentPath, entry.name)))
}
