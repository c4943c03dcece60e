// Prints the size of every built script and sheet as it travels, and fails when a surface is over its budget.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const root = new URL('../../', import.meta.url)
const KB = 1000
const LOCALES = ['../../protocol/web/src/locales/zh-CN.json', 'src/locales/zh-CN.json']
/** The gzipped limits of a surface: all of its script, the part for every page, and the part for its first page. */
const BUDGETS = [
  { member: 'edge-node/app', all: 150 * KB, first: 90 * KB, page: 'src/pages/Board.vue' },
  { member: 'edge-node/app/kiosk', dist: 'edge-node/app/dist/kiosk/', all: 110 * KB },
  { member: 'cloud/portal', shell: 110 * KB },
]

let isOver = false
for (const budget of BUDGETS) {
  const dist = new URL(budget.dist ?? `${budget.member}/dist/`, root)
  const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))
  const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
  const files = Object.values(manifest).flatMap((chunk) => [chunk.file, ...(chunk.css ?? [])])
  const sizes = new Map([...new Set(files)].filter((file) => /\.(js|css)$/.test(file)).map((file) => [file, size(file)]))
  const scripts = (names) => [...names].filter((file) => file.endsWith('.js')).reduce((sum, file) => sum + sizes.get(file), 0)

  console.log(`\n${budget.member}`)
  for (const [file, bytes] of [...sizes].sort((a, b) => b[1] - a[1])) {
    if (bytes >= KB) console.log(`${(bytes / KB).toFixed(1).padStart(8)} kB  ${file}`)
  }
  keep('all script', scripts(sizes.keys()), budget.all)
  if (budget.shell) keep('shell', scripts(needed(manifest, ['index.html', ...LOCALES])), budget.shell)
  if (budget.page) keep('first view', scripts(needed(manifest, ['index.html', budget.page, ...LOCALES])), budget.first)
}
process.exitCode = isOver ? 1 : 0

/** The files of these sources and of all that they import at once. */
function needed(manifest, sources) {
  const seen = new Set()
  const add = (source) => {
    if (seen.has(source)) return
    if (!manifest[source]) throw new Error(`${source} is not among the built files`)
    seen.add(source)
    manifest[source].imports?.forEach(add)
  }
  sources.forEach(add)
  return new Set([...seen].map((source) => manifest[source].file))
}

function keep(what, bytes, most) {
  const isTooLarge = most !== undefined && bytes > most
  isOver ||= isTooLarge
  console.log(`${what}: ${(bytes / KB).toFixed(1)}${most ? ` of ${most / KB}` : ''} kB gzip${isTooLarge ? ', too large' : ''}`)
}
