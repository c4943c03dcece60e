// Prints the size of every built file as it travels, and fails when a surface is over its budget.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const root = new URL('../../', import.meta.url)
const KB = 1000
/** What a surface may weigh, gzipped: all of its script, and what its first page needs. */
const BUDGETS = [
  { member: 'edge-node/app', all: 150 * KB, first: 90 * KB },
  { member: 'cloud/portal', first: 110 * KB },
]

function gzipped(file) {
  return gzipSync(readFileSync(file), { level: 9 }).length
}

/** The scripts that `index.html` names: what the browser fetches before any route. */
function shellOf(dist) {
  const page = readFileSync(new URL('index.html', dist), 'utf8')
  return [...page.matchAll(/(?:src|href)="[./]*(assets\/[^"]+\.js)"/g)].map((match) => match[1])
}

let isOver = false
for (const { member, all, first } of BUDGETS) {
  const dist = new URL(`${member}/dist/`, root)
  const files = readdirSync(new URL('assets/', dist)).filter((name) => name.endsWith('.js') || name.endsWith('.css'))
  const sizes = new Map(files.map((name) => [`assets/${name}`, gzipped(new URL(`assets/${name}`, dist))]))
  console.log(`\n${member}`)
  for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1])) console.log(`${(size / KB).toFixed(1).padStart(8)} kB  ${name}`)
  const scripts = [...sizes].filter(([name]) => name.endsWith('.js'))
  const shell = shellOf(dist).reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0)
  const whole = scripts.reduce((sum, [, size]) => sum + size, 0)
  for (const [what, size, budget] of [['all script', whole, all], ['shell', shell, first]]) {
    if (budget === undefined) continue
    const isTooLarge = size > budget
    isOver ||= isTooLarge
    console.log(`${what}: ${(size / KB).toFixed(1)} of ${budget / KB} kB gzip${isTooLarge ? ', too large' : ''}`)
  }
}
process.exitCode = isOver ? 1 : 0
