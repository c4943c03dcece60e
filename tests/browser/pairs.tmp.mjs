import { startPortal } from './portal.mjs'
import { gateway, orderOf, PEOPLE, OFFERED } from './portal.answers.mjs'
import { launch } from './browser.mjs'
import { serve } from './serve.mjs'
import { readFileSync, existsSync } from 'node:fs'
const portal = await startPortal()
const mocks = await serve('/work/shared/screens')
const browser = await launch()
const ORDER = orderOf(60).id
const W = Number(process.argv[2] ?? 1280)
const H = W < 500 ? 844 : 900
const PAIRS = {
  approvals: ['admin', '/approvals', { orders: Array.from({ length: 20 }, (_, n) => orderOf(n)) }], calendar: ['provider', '/calendar'], conflicts: ['admin', '/conflicts/lost-1'], contact: ['customer', `/orders/${ORDER}/messages`],
  dispute: ['customer', `/orders/${ORDER}`], earnings: ['provider', '/earnings'], finance: ['admin', '/money'], forgot: ['', '/sign-in/forgot'], leave: ['customer', '/your-data'], order: ['customer', `/orders/${ORDER}`],
  overview: ['admin', '/overview'], person: ['admin', `/people/${PEOPLE.customer.user_id}`], publish: ['customer', '/publish/1'], 'second-factor': ['admin', '/account'], 'sign-in': ['', '/sign-in'], track: ['', '/track/N-7F3K60-8Q2M5T'], verification: ['admin', '/providers'], wallboard: ['admin', '/regions/wall'],
}
const only = process.argv.slice(3)
for (const [name, [role, path, more]] of Object.entries(PAIRS)) {
  if (only.length && !only.includes(name)) continue
  try {
    const c = await browser.newContext({ viewport: { width: W, height: H }, reducedMotion: 'reduce' })
    const m = await c.newPage()
    await m.goto(`${mocks.url}/portal/${name}.html`); await m.waitForTimeout(700)
    const mock = (await m.screenshot({ fullPage: true })).toString('base64')
    const opened = await portal.open(gateway({ role: role || null, ...more }), 'en')
    await opened.page.setViewportSize({ width: W, height: H })
    await opened.go(path); await opened.page.waitForTimeout(700)
    const built = (await opened.page.screenshot({ fullPage: true })).toString('base64')
    await opened.context.close()
    const p = await (await browser.newContext({ viewport: { width: W * 2 + 20, height: 600 }, deviceScaleFactor: W < 500 ? 1 : 0.62 })).newPage()
    await p.setContent(`<div style="display:flex;gap:20px;align-items:start;background:#f0f"><img src="data:image/png;base64,${mock}" style="width:${W}px"><img src="data:image/png;base64,${built}" style="width:${W}px"></div>`)
    await p.waitForTimeout(200)
    await p.screenshot({ path: `/tmp/pairs/${name}-${W}.png`, fullPage: true, clip: undefined })
    await c.close(); await p.context().close()
  } catch (e) { console.log(name, String(e).slice(0, 200)) }
}
process.exit(0)
