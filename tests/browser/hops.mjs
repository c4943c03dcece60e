// The hops between a tablet and the order service, each with a switch that holds it up, and the files at their ends.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { connect, createServer } from 'node:net'

/** A line between tablet and edge, or edge and cloud, which can be cut, or kept from bringing answers. */
export async function openLine(url) {
  const { port, hostname: host } = new URL(url)
  const pairs = new Set()
  let held
  const obey = (pair) => {
    if (held === 'cut') pair.forEach((end) => end.destroy())
    else if (held === 'answers') pair[1].pause()
    else pair[1].resume()
  }
  const server = createServer((tablet) => {
    if (held === 'cut') return tablet.destroy()
    const pair = [tablet, connect(Number(port), host)]
    const [, edge] = pair
    pairs.add(pair)
    const end = () => {
      pair.forEach((each) => each.destroy())
      pairs.delete(pair)
    }
    for (const each of pair) each.on('error', end).on('close', end)
    tablet.on('data', (bytes) => edge.write(bytes))
    edge.on('data', (bytes) => tablet.write(bytes))
    obey(pair)
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const hold = (how) => {
    held = how
    pairs.forEach(obey)
  }
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Nothing passes. */
    cut: () => hold('cut'),
    /** What the tablet says passes, and no answer. */
    holdAnswers: () => hold('answers'),
    heal: () => hold(undefined),
    close: () => { hold('cut'); server.close() },
  }
}

/** The orders of an edge's region as each file has them. Later hops are read first, so that nothing can be ahead of what it came from. */
const READER = `
import json, sqlite3, sys
data, name, region = sys.argv[1:]
def opened(path, mode):
    return sqlite3.connect(f"file:{data}/{path}?mode={mode}", uri=True, isolation_level=None, timeout=10, check_same_thread=False)
edge = opened(f"edges/{name}/db/edge.db", "ro")
hub, order, lock = opened("cloud/sync.db", "ro"), opened("cloud/order.db", "ro"), opened("cloud/order.db", "rw")
def rows(db, text, *values):
    return db.execute(text, values).fetchall()
def read():
    return {
        "told": [id for (id,) in rows(edge, "SELECT lower(hex(command_id)) FROM commands WHERE outcome IS NOT NULL")],
        "decided": {id: applied == 1 for (id, applied) in rows(order, "SELECT lower(hex(command_id)), applied FROM commands WHERE edge = ?", name)},
        "taken": {id: by for (id, by) in rows(order, "SELECT lower(hex(id)), lower(hex(provider_id)) FROM orders WHERE location = ? AND provider_id IS NOT NULL", region)},
        "received": [list(row) for row in rows(hub, "SELECT epoch, seq FROM ops WHERE edge = ?", name)],
        "logged": {id: [epoch, seq] for (id, epoch, seq) in rows(edge, "SELECT lower(hex(command_id)), epoch, seq FROM commands")},
    }
for line in sys.stdin:
    word, answer = line.strip(), None
    if word == "read":
        answer = read()
    elif word == "hold":
        lock.execute("BEGIN IMMEDIATE")
    elif word == "heal" and lock.in_transaction:
        lock.execute("ROLLBACK")
    print(json.dumps(answer), flush=True)
`

/**
 * The files of one edge, of the hub and of the order service. While decisions are held, the order service cannot write; it
 * waits as long as for any other writer, which is five seconds.
 */
export function openFiles(data, edge, region) {
  const child = spawn('python3', ['-c', READER, data, edge, region], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line)))
  child.on('exit', (code) => waiting.splice(0).forEach((done) => done(Promise.reject(new Error(`the reader of the files ended: ${code}`)))))
  const ask = (word) => new Promise((done) => {
    waiting.push(done)
    child.stdin.write(`${word}\n`)
  })
  return {
    read: () => ask('read'),
    holdDecisions: () => ask('hold'),
    healDecisions: () => ask('heal'),
    close: () => child.stdin.end(),
  }
}
