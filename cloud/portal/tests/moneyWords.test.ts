import { describe, expect, it } from 'vitest'
import type { Order, RefundRequest, StatementLine } from '@holdfast/kit/api.gen.ts'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh-CN.json'
import { moneyWordsOf } from '../src/logic/moneyWords.ts'

// The journals of the books, as `cloud/payment/custody/src/books.rs` posts them: debit is positive.
type Postings = Readonly<Record<string, number>>
interface Booked { action: string; postings: Postings }
const PRICE = 420_00
const FEE = 42_00
const HALF = 210_00
const charge = (): Booked => ({ action: 'charge', postings: { adapter: PRICE, held: -PRICE } })
const extra = (): Booked => ({ action: 'charge', postings: { adapter: PRICE, suspense: -PRICE } })
const begin = (minor: number, from = 'held'): Booked => ({ action: 'refund', postings: { [from]: minor, refunding: -minor } })
const done = (minor: number): Booked => ({ action: 'refund_done', postings: { refunding: minor, adapter: -minor } })
const failed = (minor: number): Booked => ({ action: 'refund_back', postings: { refunding: minor, held: -minor } })
const release = (minor: number): Booked => ({ action: 'release', postings: { held: minor, provider: -minor * 0.9, fees: -minor * 0.1 } })
const fee = (minor: number): Booked => ({ action: 'cancel_fee', postings: { held: minor, provider: -minor } })
const chargeback = (minor: number, from: 'held' | 'loss'): Booked => ({ action: 'chargeback', postings: { [from]: minor, adapter: -minor } })

interface Scene { name: string; booked: Booked[]; granted?: number; isAsked?: boolean }
const SCENES: readonly Scene[] = [
  { name: 'paid', booked: [charge()] },
  { name: 'asked back', booked: [charge()], isAsked: true },
  { name: 'half granted, on its way', booked: [charge(), begin(HALF)], granted: HALF },
  { name: 'half granted, sent', booked: [charge(), begin(HALF), done(HALF)], granted: HALF },
  { name: 'whole granted, on its way', booked: [charge(), begin(PRICE)], granted: PRICE },
  { name: 'whole sent', booked: [charge(), begin(PRICE), done(PRICE)], granted: PRICE },
  { name: 'failed, then paid otherwise', booked: [charge(), begin(PRICE), failed(PRICE), { action: 'paid_otherwise', postings: { held: PRICE, bank: -PRICE } }], granted: PRICE },
  { name: 'came twice, one sent back', booked: [charge(), extra(), begin(PRICE, 'suspense'), done(PRICE)] },
  { name: 'released', booked: [charge(), release(PRICE)] },
  { name: 'half sent, rest released', booked: [charge(), begin(HALF), done(HALF), release(HALF)], granted: HALF },
  { name: 'released, then goodwill', booked: [charge(), release(PRICE), begin(HALF, 'loss'), done(HALF)] },
  { name: 'taken back by the bank', booked: [charge(), chargeback(PRICE, 'held')] },
  { name: 'half taken back by the bank', booked: [charge(), chargeback(HALF, 'held')] },
  { name: 'released, then taken back', booked: [charge(), release(PRICE), chargeback(PRICE, 'loss')] },
  { name: 'late cancel, rest on its way', booked: [charge(), fee(FEE), begin(PRICE - FEE)] },
  { name: 'late cancel, rest sent', booked: [charge(), fee(FEE), begin(PRICE - FEE), done(PRICE - FEE)] },
  { name: 'late cancel at the whole price', booked: [charge(), fee(PRICE)] },
]
const BEFORE_WORK = SCENES.filter(({ booked }) => !booked.some(({ action }) => action === 'release' || action === 'cancel_fee'))
const STATES = [
  ...(['accepted', 'in_progress'] as const).flatMap(status => BEFORE_WORK.map(scene => ({ status, scene }))),
  ...(['completed', 'reviewed'] as const).flatMap(status => SCENES.slice(0, 14).map(scene => ({ status, scene }))),
  ...SCENES.filter(({ booked }) => !booked.some(({ action }) => action === 'release')).map(scene => ({ status: 'cancelled' as const, scene })),
]

/** What `is_theirs` of the payment service lets a customer read. */
const READABLE = new Set(['charge adapter', 'refund_done adapter', 'chargeback adapter', 'reversal adapter', 'paid_otherwise bank', 'cancel_fee held', 'release held'])
const readable = (booked: readonly Booked[]): StatementLine[] => booked.flatMap(({ action, postings }) => Object.entries(postings)
  .filter(([account]) => READABLE.has(`${action} ${account}`))
  .map(([account, minor]) => ({ action: action as StatementLine['action'], account: account as StatementLine['account'], amount: (minor / 100).toFixed(2), currency: 'CNY', order_id: 'o', at: '2026-11-21T10:00:00Z', fee: null })))
const requestsOf = ({ granted, isAsked }: Scene) => [
  ...(granted === undefined ? [] : [{ status: 'granted', amount: '420.00', granted: (granted / 100).toFixed(2) }]),
  ...(isAsked ? [{ status: 'open', amount: '420.00', granted: null }] : []),
] as RefundRequest[]
const balanceOf = (booked: readonly Booked[], account: string) => booked.reduce((sum, { postings }) => sum + (postings[account] ?? 0), 0)
const movedBy = (booked: readonly Booked[], action: string, account: string) => booked.filter(one => one.action === action).reduce((sum, { postings }) => sum + Math.abs(postings[account] ?? 0), 0)

const wordsOf = (status: Order['status'], scene: Scene) => moneyWordsOf({ status, payment_status: 'held' }, readable(scene.booked), requestsOf(scene))

describe('a customer reads of the money what the books say', () => {
  it('in sixty states and more', () => expect(STATES.length).toBeGreaterThanOrEqual(60))

  it.each(STATES.map(({ status, scene }) => [status, scene.name, scene] as const))('%s, %s', (status, _, scene) => {
    const { booked } = scene
    const words = wordsOf(status, scene)
    const minorOf = (key: string) => words.sentences.find(sentence => sentence.key === key)?.minor
    // With the adapter's money of the order on one side, this stands on the other until it is gone.
    const held = 0 - balanceOf(booked, 'held') - balanceOf(booked, 'refunding') - balanceOf(booked, 'suspense')
    const back = movedBy(booked, 'refund_done', 'adapter') + movedBy(booked, 'paid_otherwise', 'bank')
    const late = movedBy(booked, 'cancel_fee', 'held')

    if (held > 0) expect([words.title === 'held' || words.title === 'coming', words.minor]).toEqual([true, held])
    else expect(['held', 'coming']).not.toContain(words.title)
    if (words.title === 'paid') expect(words.minor).toBe(movedBy(booked, 'release', 'held'))
    expect(words.title === 'back' ? words.minor : minorOf('back') ?? 0).toBe(back)
    expect(words.title === 'fee' ? words.minor : minorOf('fee') ?? 0).toBe(late)
    expect(words.title === 'takenBack' ? words.minor : minorOf('takenBack') ?? 0).toBe(movedBy(booked, 'chargeback', 'adapter'))
    for (const minor of [words.minor, ...words.sentences.map(sentence => sentence.minor)]) expect(minor).not.toBe(0)

    // Nothing goes to the provider of a cancelled order but the fee, and nothing whatever while it is asked back.
    const keys = words.sentences.map(({ key }) => key)
    const isPromised = keys.includes('later') || keys.includes('restLater')
    const isComing = words.title === 'coming'
    expect(isPromised).toBe(held > 0 && status !== 'cancelled' && !scene.isAsked && !isComing)
    for (const catalogue of [en, zh]) {
      expect(catalogue.pay.now[words.title]).toBeTruthy()
      for (const key of keys) expect(catalogue.pay.says[key as keyof typeof en.pay.says], key).toBeTruthy()
    }
  })

  it('of a cancel that is not booked yet without a promise to the provider', () => {
    expect(wordsOf('cancelled', SCENES[0]!)).toEqual({ title: 'coming', minor: PRICE, sentences: [{ key: 'cancelledLessFee' }] })
  })

  it('of a refund of 420 with the sum that came back', () => {
    expect(wordsOf('completed', SCENES[5]!)).toEqual({ title: 'back', minor: 420_00, sentences: [{ key: 'bank' }] })
  })

  it('of a release that the order shows first as paid, and not as held', () => {
    const words = moneyWordsOf({ status: 'completed', payment_status: 'paid' }, readable([charge()]), [])
    expect(words).toEqual({ title: 'paid', minor: PRICE, sentences: [{ key: 'released' }] })
  })

  it('without a sum while the statement is older than the order', () => {
    expect(moneyWordsOf({ status: 'accepted', payment_status: 'held' }, [], [])).toEqual({ title: 'held', sentences: [] })
  })
})
