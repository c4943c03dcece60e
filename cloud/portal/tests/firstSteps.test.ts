import type { EdgeStatus, MailAddress, Order, OwnProvider } from '@holdfast/kit/api.gen.ts'
import { expect, it } from 'vitest'
import { draftOfExample, firstOpenStep, lacking } from '../src/logic/draft.ts'
import { EXAMPLES, firstStepsOf, missingSetUp, nextStep, SET_UP_PLACES, stagesOf, STEP_PLACES } from '../src/logic/firstSteps.ts'
import { routes } from '../src/router.ts'
import { AT, order, provider } from './archiveSamples.ts'

const NOW = Date.parse(AT)
const CONFIRMED: MailAddress = { email: 'wang@example.org', is_confirmed: true, pending: null }
const PAPER = { name: 'Electrician', number: '1', issuer: 'The city' }
const newcomer = (change: Partial<OwnProvider> = {}) => provider({ skills: ['taps'], service_areas: ['NORTH'], certifications: [PAPER], verification: { state: 'none', asks_more: false, steps: [] }, ...change })
const waiting: Partial<OwnProvider> = { verification: { state: 'waiting', asks_more: false, submitted_at: AT, steps: [{ act: 'submitted', at: AT, by: 'wang' }] } }
const stepsOf = (change: Partial<OwnProvider>, mail?: MailAddress) => firstStepsOf(newcomer(change), mail, NOW)
const statesOf = (change: Partial<OwnProvider>, mail?: MailAddress) => stepsOf(change, mail).map(step => `${step.name} ${step.state}`)
const nextOf = (change: Partial<OwnProvider>, mail?: MailAddress) => nextStep(stepsOf(change, mail))?.name
const find = (name: string, change: Partial<OwnProvider>, mail?: MailAddress) => stepsOf(change, mail).find(step => step.name === name)

it('a new provider fills in the profile first, and reads what it lacks', () => {
  const blank = { full_name: '', phone_number: '', skills: [], service_areas: [], certifications: [] }
  expect(statesOf(blank, { ...CONFIRMED, is_confirmed: false })).toEqual(['profile open', 'mail open', 'paper open', 'verified open', 'hours open'])
  expect(nextOf(blank)).toBe('profile')
  expect(find('profile', blank)).toMatchObject({ gaps: ['name', 'phone', 'skills', 'areas'] })
  expect(find('profile', { skills: [] })).toMatchObject({ state: 'open', gaps: ['skills'] })
  expect(find('profile', {})).toMatchObject({ state: 'done', gaps: [] })
})

it('an address is confirmed only where mail is sent', () => {
  expect(stepsOf({}).map(step => step.name)).not.toContain('mail')
  expect(find('mail', {}, CONFIRMED)).toMatchObject({ state: 'done' })
  expect(find('mail', {}, { ...CONFIRMED, is_confirmed: false })).toMatchObject({ state: 'open', waitingFor: 'wang@example.org' })
  expect(find('mail', {}, { email: null, is_confirmed: false, pending: null })).toMatchObject({ state: 'open', waitingFor: null })
  expect(nextOf({}, { ...CONFIRMED, is_confirmed: false })).toBe('mail')
})

it('a certificate is added, is still valid, and is handed in', () => {
  expect(find('paper', { certifications: [] })).toMatchObject({ state: 'open', gap: 'missing' })
  expect(find('paper', { certifications: [PAPER, { ...PAPER, valid_until: '2026-11-20' }] })).toMatchObject({ state: 'open', gap: 'ended' })
  expect(find('paper', { certifications: [{ ...PAPER, valid_until: '2026-11-21' }] })).toMatchObject({ state: 'open', gap: 'handIn' })
  expect(find('paper', waiting)).toMatchObject({ state: 'done', gap: undefined })
  expect(nextOf({})).toBe('paper')
})

it('who waits for an admin is told since when, and may set hours meanwhile', () => {
  expect(find('verified', waiting)).toMatchObject({ state: 'waits', since: AT, reason: undefined })
  expect(nextOf(waiting)).toBe('hours')
  expect(nextOf({ ...waiting, availability: { monday: [] } })).toBe('hours')
  expect(nextOf({ ...waiting, availability: { monday: ['09:00-12:00'] } })).toBeUndefined()
  expect(nextOf({ ...waiting, skills: [] })).toBe('profile')
})

it('who was not verified reads what was asked for last, and corrects it', () => {
  const rejected = (by: string, reason: string) => ({ act: 'rejected', at: AT, by, reason } as const)
  const verification = { state: 'rejected', asks_more: false, submitted_at: AT, steps: [rejected('chen', 'A wrong date.'), { act: 'submitted', at: AT, by: 'wang' }, rejected('chen', 'An unreadable picture.')] } as const
  const change = { verification: { ...verification, steps: [...verification.steps] } }
  expect(find('verified', change)).toMatchObject({ state: 'needs', since: undefined, reason: 'An unreadable picture.' })
  expect(find('paper', change)).toMatchObject({ state: 'done' })
  expect(nextOf(change)).toBe('verified')
})

it('each step leads to a page of the portal', () => {
  const paths = routes.map(route => route.path.replace(/\/:.*$/, ''))
  for (const place of [...Object.values(STEP_PLACES), ...Object.values(SET_UP_PLACES)]) expect(paths, place).toContain(place.replace(/\?.*$/, ''))
})

const stageOf = (change: Partial<Order>, isPaidAfterwards: boolean | undefined = false) => stagesOf(order(1, change), isPaidAfterwards)?.current
const unpaid = { payment_status: 'unpaid' } as const

it('an order goes from approval to its review', () => {
  expect(stageOf({ ...unpaid, status: 'pending_review' })).toBe('approval')
  expect(stageOf({ ...unpaid, status: 'pending' })).toBe('acceptance')
  expect(stageOf({ ...unpaid, status: 'accepted' })).toBe('payment')
  expect(stageOf({ ...unpaid, status: 'in_progress' })).toBe('payment')
  expect(stageOf({ payment_status: 'held', status: 'accepted' })).toBe('work')
  expect(stageOf({ payment_status: 'held', status: 'in_progress' })).toBe('work')
  expect(stageOf({ ...unpaid, status: 'completed' })).toBe('payment')
  expect(stageOf({ payment_status: 'paid', status: 'completed' })).toBe('review')
})

it('work that is paid afterwards comes before its payment', () => {
  expect(stagesOf(order(1, { ...unpaid, status: 'accepted' }), true)).toEqual({ stages: ['approval', 'acceptance', 'work', 'payment', 'review'], current: 'work' })
  expect(stageOf({ ...unpaid, status: 'completed' }, true)).toBe('payment')
  expect(stagesOf(order(1, { ...unpaid, status: 'accepted' }), false)?.stages).toEqual(['approval', 'acceptance', 'payment', 'work', 'review'])
})

it('an order has no stage when it is over, when its money went back, and until the rule of payment is known', () => {
  for (const status of ['reviewed', 'cancelled', 'rejected'] as const) expect(stageOf({ status })).toBeUndefined()
  expect(stageOf({ payment_status: 'refunded', status: 'accepted' })).toBeUndefined()
  expect(stagesOf(order(1, { ...unpaid, status: 'accepted' }), undefined)).toBeUndefined()
  expect(stagesOf(order(1, { payment_status: 'held', status: 'accepted' }), undefined)?.current).toBe('work')
})

it('an example fills the form but for the place and the time', () => {
  for (const example of EXAMPLES) {
    const draft = draftOfExample(example, { title: 'A title', details: 'Details' }, 'id')
    expect(draft).toMatchObject({ title: 'A title', details: 'Details', service: example.service, price: example.price, commandId: 'id', street: '', day: '' })
    expect(lacking(draft, 1, NOW)).toEqual({})
    expect(lacking(draft, 3, NOW)).toEqual({})
    expect(firstOpenStep(draft, NOW)).toBe(2)
  }
})

const edge = (link: EdgeStatus['link']) => ({ link }) as EdgeStatus

it('an admin sets up nodes, fee and second factor, each while it is missing', () => {
  const regions = [{ region: 'NORTH', edges: [edge('never'), edge('down')] }, { region: 'SOUTH', edges: [edge('never')] }, { region: 'EAST', edges: [] }] as const
  const facts = { regions: regions.map(one => ({ ...one, edges: [...one.edges] })), fees: [{ set_by: null }], hasFactor: false }
  expect(missingSetUp(facts)).toEqual([{ name: 'nodes', regions: ['SOUTH', 'EAST'] }, { name: 'fees' }, { name: 'factor' }])
  expect(missingSetUp({ regions: facts.regions.slice(0, 1), fees: [{ set_by: 'chen' }, { set_by: null }], hasFactor: true })).toEqual([])
  expect(missingSetUp({}), 'what was not read is not missing').toEqual([])
  expect(missingSetUp({ regions: undefined, fees: undefined, hasFactor: undefined })).toEqual([])
})
