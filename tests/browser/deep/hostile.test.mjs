// Hostile words of people, stored by a real platform in every field that others read, stay text on the pages that show them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { poll, settled } from '../browser.mjs'
import { apiOf } from '../platform.mjs'
import { openStage } from '../scenes.mjs'

/** Each field has its own, by its name: a page is held to the very words that were stored there. */
const hostile = (field) => `"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7 * 7 }} ${field}`
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const SKILL = '<img src=x onerror=alert(3)>'

let platform, play, close

before(async () => {
  ({ platform, play, close } = await openStage())
})

after(() => close?.())

async function profiles(customer, provider, admin) {
  const own = await poll(() => customer.get('/users/me/profile'))
  const known = await customer.put('/users/me/profile', { version: own.version, full_name: hostile('name'), phone_number: '+8613800138000', bio: hostile('bio') })
  await customer.post('/users/me/addresses', { version: known.version, detail: hostile('street'), recipient_name: hostile('who'), label: SKILL })
  const blank = await poll(() => provider.get('/users/me/profile'))
  const portfolio = [{ title: hostile('work'), description: hostile('story') }]
  const named = await provider.put('/users/me/profile', { version: blank.version, full_name: hostile('pro'), phone_number: '+8613800138001', bio: hostile('self'), skills: [SKILL], portfolio })
  const shown = await provider.upload(`/users/me/pictures?caption=${encodeURIComponent(hostile('caption'))}`, PICTURE, 'image/png')
  assert.ok(shown.version > named.version)
  const certificate = { name: hostile('paper'), number: SKILL, issuer: hostile('city') }
  const filed = await provider.put('/users/me/certifications', { version: shown.version, items: [certificate] })
  const waits = await provider.post('/users/me/verification')
  assert.ok(waits.version > filed.version)
  await admin.post(`/admin/providers/${blank.user_id}/verify`, { version: waits.version, reason: hostile('seen') })
  return blank.user_id
}

const form = (title) => ({ title: hostile(title), description: hostile('details'), service_type: 'cleaning_repair', price: '180.00', location: 'NORTH', address: hostile('door') })

/** A job with words in every place: rejected, or done, with a refund that was refused, a review, a reply and a report. */
async function jobs(customer, provider, admin) {
  const { order_id: rejected } = await customer.post('/orders', form('unwanted'))
  await admin.post(`/orders/${rejected}/reject`, { reason: hostile('no') })
  const { order_id: done } = await customer.post('/orders', form('job'))
  const { order_id: open } = await customer.post('/orders', form('open'))
  await admin.post(`/orders/${done}/approve`, {})
  // Auth hears of the verification by an event.
  await poll(() => provider.post(`/orders/${done}/accept`, {}))
  await poll(() => customer.post('/payments', { order_id: done, amount: '180.00' }))
  await poll(() => provider.post(`/orders/${done}/start`, {}))
  const refund = await poll(() => customer.post('/refunds', { order_id: done, amount: '1.00', reason: hostile('refund') }))
  await admin.post(`/admin/refunds/${refund.id}/refuse`, { reason: hostile('refused') })
  await provider.post(`/orders/${done}/complete`, {})
  const review = await poll(() => customer.post('/reviews', { order_id: done, rating: 3, comment: hostile('review') }))
  await provider.put(`/reviews/${review.id}/reply`, { text: hostile('reply') })
  await provider.post(`/reviews/${review.id}/report`, { reason: hostile('report') })
  const { version } = await admin.get(`/reviews/${review.id}`)
  await admin.post(`/reviews/${review.id}/restore`, { version, reason: hostile('fair') })
  return { rejected, done, open, review: review.id }
}

async function reads(page, path, ...fields) {
  await page.goto(platform.gateway + path)
  await shows(page, ...fields)
}

/** The page shows these words as they were typed, in its text or in its fields, and has made nothing of them. */
async function shows(page, ...fields) {
  const path = page.url()
  for (const field of fields) {
    const said = field === SKILL ? field : hostile(field)
    await page.waitForFunction((said) => {
      const typed = [...document.querySelectorAll('input, textarea')].map((field) => field.value)
      return document.querySelector('main')?.innerText.includes(said) || typed.some((value) => value.includes(said))
    }, said, { timeout: 20_000 }).catch((error) => { throw new Error(`${path} does not show ${said}`, { cause: error }) })
  }
  await settled(page)
  const made = await page.evaluate(() => [...document.querySelectorAll('img[src="x"], main script, header script, [onerror]')].map((node) => node.outerHTML))
  assert.deepEqual(made, [], path)
}

test('what people have stored anywhere stays text on every page that shows it', () => play(async ({ portal }) => {
  await platform.register('customer-hostile', 'customer')
  await platform.register('provider-hostile', 'provider')
  await platform.register('clerk-hostile', 'customer')
  const [customer, admin] = await Promise.all([apiOf(platform, 'customer-hostile'), apiOf(platform, 'admin')])
  const signed = await apiOf(platform, 'provider-hostile')
  const id = await profiles(customer, signed, admin)
  await poll(async () => assert.equal((await customer.get(`/providers/${id}/profile`)).verified, true))
  const { rejected, done, open } = await poll(async () => apiOf(platform, 'provider-hostile')).then((provider) => jobs(customer, provider, admin))
  const clerk = await poll(() => apiOf(platform, 'clerk-hostile').then((api) => api.get('/users/me/profile')))
  await admin.post(`/admin/users/${clerk.user_id}/revoke`, { reason: hostile('gone') })
  await admin.post('/admin/roles', { name: 'hostile-desk', description: hostile('desk'), permissions: ['read_people'], reason: hostile('why') })

  const [atHome, atWork, desk] = await Promise.all([portal('customer-hostile'), portal('provider-hostile'), portal('admin')])
  await reads(atHome, '/orders', 'job')
  await reads(atHome, `/orders/${done}`, 'job', 'details', 'door', 'pro', 'review', 'reply')
  await reads(atHome, `/orders/${rejected}`, 'unwanted', 'no')
  await reads(atHome, '/inbox', 'job')
  await reads(atHome, '/profile', 'name')
  await reads(atHome, '/profile?part=addresses', 'street', 'who', SKILL)
  await reads(atHome, `/orders/${done}`)
  await atHome.getByRole('link', { name: 'Reviews of this provider' }).click()
  await atHome.waitForURL(`**/providers/${id}/reviews`)
  await shows(atHome, 'review', 'reply')

  await reads(atWork, `/jobs/${done}`, 'job', 'details', 'review', 'reply')
  await reads(atWork, '/inbox', 'job')
  await reads(atWork, '/profile', 'pro')
  await reads(atWork, '/profile?part=work', 'caption')
  await reads(atWork, '/profile?part=certificates', 'paper', 'city', SKILL, 'seen')
  await reads(atWork, '/reviews', 'review', 'reply')

  await reads(desk, '/approvals', 'open')
  await reads(desk, '/orders', 'job')
  await reads(desk, `/orders/${open}`, 'open', 'details', 'door')
  await reads(desk, `/orders/${rejected}`, 'no')
  await reads(desk, `/providers/${id}?state=verified`, 'pro', 'paper', 'city', 'seen')
  await reads(desk, '/reviews?state=shown', 'review', 'reply', 'report', 'fair')
  await reads(desk, `/money?view=order&order=${done}`, 'refund')
  await reads(desk, `/people/${clerk.user_id}`, 'gone')
  await reads(desk, '/roles', 'desk')
}))
