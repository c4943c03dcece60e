// What the stories of `deep/storyboards.test.mjs` share: texts by key in the reader's language, numbered pictures, and
// the people around a story, who act without pages.
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepPicture, poll } from './browser.mjs'
import { apiOf } from './platform.mjs'
import { wordsOf } from './portal.mjs'

/** The texts of a member's pages, by key and with values, as the pages write them. `n` chooses the plural form. */
export function textsOf(member, lang) {
  const texts = merge(wordsOf('protocol/web', lang), wordsOf(member, lang))
  return (key, values = {}) => {
    const text = key.split('.').reduce((part, name) => part?.[name], texts)
    if (typeof text !== 'string') throw new Error(`${member} has no text ${key} in ${lang}`)
    return formOf(text, values.n).replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]))
  }
}

function merge(one, other) {
  const both = { ...one }
  for (const [key, value] of Object.entries(other)) both[key] = typeof value === 'object' && key in one ? merge(one[key], value) : value
  return both
}

function formOf(text, n) {
  const forms = text.split(' | ')
  if (forms.length === 1 || n === undefined) return forms[0]
  if (forms.length === 2) return forms[n === 1 ? 0 : 1]
  return forms[Math.min(n, 2)]
}

/** The beginning of a text, up to its first value: what a page shows of it, whatever the value is. */
export const beginningOf = (text) => text.split('undefined')[0].trim()

/** Ends each step of a person's story with something that is seen, and with a picture. */
export function storyboardOf(person, lang) {
  let step = 0
  return async (page, name, shown) => {
    step += 1
    await shown.first().waitFor()
    await shown.first().scrollIntoViewIfNeeded()
    await keepPicture(page, `storyboards/${lang}/${person}-${String(step).padStart(2, '0')}-${name}`)
  }
}

/** The controls of a page, by the names that a reader sees. */
export function handsOn(page) {
  const inside = () => page.locator('dialog[open]')
  return {
    press: (name) => page.getByRole('button', { name }).first().click(),
    follow: (name) => page.getByRole('main').getByRole('link', { name }).first().click(),
    goTo: (place) => page.getByRole('navigation').getByRole('link', { name: place }).first().click(),
    choose: (name) => page.getByRole('radio', { name }).first().check(),
    fill: async (fields) => {
      for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).first().fill(text)
    },
    /** Answers the open dialog with a reason. */
    confirm: async (name, reason) => {
      if (reason) await inside().getByRole('textbox').first().fill(reason)
      await inside().getByRole('button', { name, exact: true }).click()
      await inside().waitFor({ state: 'detached' })
    },
    seen: (text) => page.getByText(text),
    titled: (name) => page.getByRole('heading', { name }),
  }
}

/** The newest code that was mailed to an address, out of the files of the platform's mails. */
export function mailedCode(folder, address) {
  return poll(() => {
    const mails = readdirSync(folder).filter((name) => name.endsWith('.json')).sort()
    const texts = mails.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))).filter(({ to }) => to === address).map(({ text }) => text)
    const code = texts.at(-1)?.match(/\w{4}-\w{4}-\w{4}-\w{4}/)?.[0]
    if (!code) throw new Error(`no code for ${address}`)
    return code
  })
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const STEP_MS = 30_000

/** What an authenticator app shows now for a secret. */
export function appCode(secret) {
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** The people of a platform who act beside a story, at its interface. */
export function othersOn(platform) {
  const admin = () => apiOf(platform, 'admin')
  const publishJob = async (customer, title) => {
    const form = { title, description: `${title}.`, service_type: 'cleaning_repair', price: '180.00', location: 'NORTH', address: '7 Harbour Road' }
    return (await customer.post('/orders', form)).order_id
  }
  const approveJob = async (id) => (await admin()).post(`/orders/${id}/approve`, {})
  const payJob = async (customer, id) => {
    const paid = { order_id: id, amount: '180.00', currency: 'CNY', payment_method: 'simulated' }
    await customer.post('/payments', paid)
    await poll(async () => {
      const { payment_status: status } = await customer.get(`/orders/${id}`)
      if (status !== 'held') throw new Error(`the payment is ${status}`)
    })
  }
  /** Cuts NORTH off, or heals it. */
  const setNorth = async (gate) => (await admin()).put('/admin/regions/NORTH', { gate })
  const doJob = async (provider, id) => {
    await poll(() => provider.post(`/orders/${id}/start`, {}))
    await provider.post(`/orders/${id}/complete`, {})
  }
  const newcomer = async (username, role) => {
    await platform.register(username, role)
    const api = await apiOf(platform, username)
    // The profile follows the account by an event.
    await poll(() => api.get('/users/me/profile'))
    return api
  }
  return { admin, publishJob, approveJob, payJob, setNorth, doJob, newcomer }
}
