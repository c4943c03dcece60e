// What a tablet says of each command, and what the files at the hops say of it.
import assert from 'node:assert/strict'
import { commandsOnDisk } from './disk.mjs'

export const WORDS = { tablet: 'On this tablet', node: 'At the regional node', confirmed: 'Confirmed', needs: 'Needs you' }
export const RANK = { tablet: 0, node: 1, confirmed: 2, needs: 2 }
const ACTIONS = { accept_order: 'Request', withdraw_acceptance: 'Give back', start_order: 'Start', complete_order: 'Completion' }

export const nameOf = (item) => `${ACTIONS[item.body.type]} of ${item.job.title}`

/** The words of each row, and behind them the tablet's own disk. The screen is read first: it never runs ahead. */
export async function readScreen(page) {
  const screen = await page.evaluate(() => {
    // Rows beyond the window are not laid out, but they are there.
    const text = (node) => node?.textContent.replace(/\s+/g, ' ').trim() ?? ''
    const queued = [...document.querySelectorAll('.queue .item')].map((row) => ({ action: text(row.querySelector('h2')), title: text(row.querySelector('.line span:last-child')), word: text(row.querySelector('.truth')) }))
    const recorded = [...document.querySelectorAll('main ul.stack > li.apart')].map((row) => {
      const [, action, title] = /^(.+?) [A-Z]-\w+ (.+)$/.exec(text(row.querySelector('span'))) ?? []
      return { action, title, word: 'Confirmed' }
    })
    const jobs = [...document.querySelectorAll('main section:not([aria-labelledby=unread]) .jobs .job')].map((row) => ({ title: text(row.querySelector('h2, h3')), word: text(row.querySelector('.truth')) }))
    return { rows: [...queued, ...recorded], jobs }
  })
  const { me, items } = await page.evaluate(commandsOnDisk)
  return { me: hex(me), ...screen, items }
}

const hex = (id) => id.replaceAll('-', '')
const before = (item, items) => items.filter((each) => each.body.order_id === item.body.order_id && each.device_seq < item.device_seq)

/** Another has the job, or what this rests on came to nothing: the edge need not take it. */
function isDoomed(item, { items, me }, files) {
  const owner = files.taken[hex(item.body.order_id)]
  const hasFailed = (each) => files.decided[hex(each.id)] === false || each.state === 'refused'
  return (owner !== undefined && owner !== me) || before(item, items).some(hasFailed)
}

/** It stays on the tablet for its ten seconds, and so does what was done after it. */
function isKept(item, items) {
  if (item.state !== 'waiting') return false
  return item.leaves_at > Date.now() || before(item, items).some((each) => isKept(each, items))
}

/** How far it has come, by the files alone. */
export function placeOf(item, files) {
  const id = hex(item.id)
  if (files.told.includes(id)) return 'told'
  if (id in files.decided) return 'decided'
  const place = files.logged[id]
  if (!place) return 'tablet'
  return files.received.some(([epoch, seq]) => epoch === place[0] && seq === place[1]) ? 'hub' : 'edge'
}

/** The one true word for it. */
export function truthOf(item, screen, files) {
  const place = placeOf(item, files)
  if (place === 'told') return files.decided[hex(item.id)] ? 'confirmed' : 'needs'
  if (place !== 'tablet') return 'node'
  return isDoomed(item, screen, files) && !isKept(item, screen.items) ? 'needs' : 'tablet'
}

/** Fails where the screen says more than files that were read after it. */
export function checkNoMore(word, item, screen, files) {
  const [id, what] = [hex(item.id), nameOf(item)]
  const outcome = files.told.includes(id) ? files.decided[id] : undefined
  const isRefused = !(id in files.logged) && isDoomed(item, screen, files)
  if (word === 'node') assert.ok(id in files.logged, `${what} is not in the edge's file`)
  if (word === 'confirmed') assert.equal(outcome, true, `${what} is not confirmed`)
  if (word === 'needs') assert.ok(outcome === false || isRefused, `${what} has not come to nothing`)
}

/** The word that the screen says of each item; rows of no item are named, too. */
export function wordsOf({ rows, items }) {
  const words = Object.fromEntries(Object.entries(WORDS).map(([word, text]) => [text, word]))
  const left = [...rows]
  const said = new Map(items.map((item) => {
    const at = left.findIndex((row) => row.title === item.job.title && row.action === ACTIONS[item.body.type])
    const [row] = at < 0 ? [] : left.splice(at, 1)
    return [item.id, row ? words[row.word] : 'absent']
  }))
  return { said, strangers: left.map((row) => `${row.action} of ${row.title}`) }
}
