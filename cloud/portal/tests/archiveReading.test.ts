import type { OrderPhotoView } from '@holdfast/kit/api.gen.ts'
import { expect, it } from 'vitest'
import { ARCHIVE_BOUNDS, type ArchiveBounds } from '../src/logic/archive.ts'
import { ArchiveReading, PartFailed } from '../src/logic/archiveReading.ts'
import { ADMIN, AT, context, CUSTOMER, order, page, picture, PROVIDER, provider, refused, review, source } from './archiveSamples.ts'

const photo = (hash: string, change: Partial<OrderPhotoView> = {}): OrderPhotoView => ({ command_id: 'c', hash, bytes: 7, taken: 'job', arrived_at: AT, ...change })
const bounds = (change: Partial<ArchiveBounds>) => ({ bounds: { ...ARCHIVE_BOUNDS, ...change } })

it('reads every page of a list by its cursor, and each order with all that belongs to it', async () => {
  const cursors: (string | undefined)[] = []
  const asked: string[] = []
  const noted = (name: string) => (id: string) => {
    asked.push(`${name} ${id}`)
    return Promise.resolve([])
  }
  const from = source({
    orders: cursor => {
      cursors.push(cursor)
      return Promise.resolve(cursor ? page([order(2)]) : page([order(1)], 'second'))
    },
    showings: noted('showings'), payments: noted('payments'), refunds: noted('refunds'), statement: noted('statement'),
  })
  const archive = await new ArchiveReading(from, CUSTOMER).read(context())
  expect(cursors).toEqual([undefined, 'second'])
  expect(archive.orders.map(({ code, timeline }) => [code, timeline?.length])).toEqual([['N-1', 1], ['N-2', 1]])
  expect(asked).toEqual(['order-1', 'order-2'].flatMap(id => ['showings', 'statement', 'payments', 'refunds'].map(name => `${name} ${id}`)))
  expect(archive.gaps).toEqual([])
})

it('asks each role only for what is theirs', async () => {
  const never = () => Promise.reject(refused(403))
  const list = () => Promise.resolve(page([order(1)]))
  const ofProvider = await new ArchiveReading(source({ orders: list, payments: never, refunds: never, methods: never, factor: never, profile: () => Promise.resolve(provider()) }), PROVIDER).read(context())
  expect(ofProvider.gaps).toEqual([])
  expect(ofProvider.orders[0]).not.toHaveProperty('payments')
  const ofCustomer = await new ArchiveReading(source({ earnings: never, lines: never, factor: never }), CUSTOMER).read(context())
  expect(ofCustomer.inbox).toEqual([])
  const ofAdmin = await new ArchiveReading(source({ inbox: never, earnings: never, lines: never, methods: never }), ADMIN).read(context())
  expect(ofAdmin.inbox).toBeUndefined()
  expect(ofAdmin.factor).toBeDefined()
})

it('says where a list was cut', async () => {
  let asked = 0
  const many = (cursor?: string) => {
    asked += 1
    return Promise.resolve(page([order(Number(cursor ?? 0)), order(Number(cursor ?? 0) + 1)], String(Number(cursor ?? 0) + 2)))
  }
  const archive = await new ArchiveReading(source({ orders: many }), CUSTOMER).read(context(bounds({ orders: 3 })))
  expect(archive.orders.map(({ code }) => code)).toEqual(['N-0', 'N-1', 'N-2'])
  expect(archive.gaps).toEqual([{ part: 'orders', why: 'newest', n: 3 }])
  expect(asked).toBe(2)
  const whole = await new ArchiveReading(source({ orders: () => Promise.resolve(page([order(1), order(2)])) }), CUSTOMER).read(context(bounds({ orders: 2 })))
  expect(whole.gaps).toEqual([])
})

it('a list whose pages never end is cut too', async () => {
  let asked = 0
  const endless = () => {
    asked += 1
    return Promise.resolve(page([], 'again'))
  }
  const archive = await new ArchiveReading(source({ reviews: endless }), CUSTOMER).read(context(bounds({ lines: 5 })))
  expect(archive.gaps).toEqual([{ part: 'reviews', why: 'newest', n: 0 }])
  expect(asked).toBeLessThan(10)
})

it('takes the files that fit, and counts the others', async () => {
  const photos = () => Promise.resolve(['a', 'b', 'c'].map(hash => photo(hash)))
  const read: string[] = []
  const orderPhoto = (_: string, hash: string) => {
    read.push(hash)
    return Promise.resolve(picture('seven b'))
  }
  const from = source({ orders: () => Promise.resolve(page([order(1)])), photos, orderPhoto })
  const small = await new ArchiveReading(from, CUSTOMER).read(context(bounds({ fileBytes: 10 })))
  expect(small.files.map(({ path }) => path)).toEqual(['photos/N-1/job-1.jpg'])
  expect(small.gaps).toEqual([{ part: 'files', why: 'room', n: 2 }])
  expect(read).toEqual(['a', 'b'])
  expect(small.orders[0]?.photos?.map(({ file }) => file)).toEqual(['photos/N-1/job-1.jpg', undefined, undefined])
  const few = await new ArchiveReading(from, CUSTOMER).read(context(bounds({ files: 1 })))
  expect(few.gaps).toEqual([{ part: 'files', why: 'room', n: 2 }])
})

it('names photos that have not arrived, and files that are gone', async () => {
  const photos = () => Promise.resolve([photo('a'), photo('b', { arrived_at: null }), photo('c', { arrived_at: null, refused: 'photo_damaged' }), photo('a', { taken: 'before' })])
  const orderPhoto = () => Promise.reject(refused(404))
  const archive = await new ArchiveReading(source({ orders: () => Promise.resolve(page([order(1)])), photos, orderPhoto }), CUSTOMER).read(context())
  expect(archive.gaps).toEqual([{ part: 'files', why: 'waiting', n: 1 }, { part: 'files', why: 'gone', n: 1 }])
  expect(archive.files).toEqual([])
})

it('an order that is theirs no more is said, not left out in silence', async () => {
  const archive = await new ArchiveReading(source({ orders: () => Promise.resolve(page([order(1)])), timeline: () => Promise.reject(refused(403)) }), PROVIDER).read(context())
  expect(archive.orders[0]?.timeline).toBeNull()
  expect(archive.gaps).toEqual([{ part: 'histories', why: 'gone', n: 1 }])
})

it('has what the two of an order wrote, and says where it may not be read any more', async () => {
  const message = { number: 1, id: 'm', from: 'customer', provider_id: 'wang', text: 'The key is with the neighbour.', sent_at: AT } as const
  const orders = () => Promise.resolve(page([order(1), order(2), order(3, { provider_id: null })]))
  const asked: string[] = []
  const messages = (id: string) => {
    asked.push(id)
    return id === 'order-1' ? Promise.resolve(page([message])) : Promise.reject(refused(404))
  }
  const archive = await new ArchiveReading(source({ orders, messages }), CUSTOMER).read(context())
  expect(archive.orders.map(one => one.messages)).toEqual([[message], null, []])
  expect(asked).toEqual(['order-1', 'order-2'])
  expect(archive.gaps).toEqual([{ part: 'histories', why: 'gone', n: 1 }])
})

it('has the photos of messages that have arrived, and names those on their way', async () => {
  const message = (number: number, more: object) => ({ number, id: `m${number}`, from: 'provider', provider_id: 'wang', text: '', sent_at: AT, photo: { hash: `h${number}`, bytes: 7, arrived_at: AT, ...more } }) as const
  const messages = () => Promise.resolve(page([message(3, {}), message(2, { arrived_at: null }), message(1, { arrived_at: null, refused: 'photo_damaged' })]))
  const read: number[] = []
  const messagePhoto = (_order: string, number: number) => {
    read.push(number)
    return Promise.resolve(picture())
  }
  const archive = await new ArchiveReading(source({ orders: () => Promise.resolve(page([order(1)])), messages, messagePhoto }), CUSTOMER).read(context())
  expect(read).toEqual([3])
  expect(archive.orders[0]?.messages?.map(({ file }) => file)).toEqual(['photos/N-1/message-3.jpg', undefined, undefined])
  expect(archive.gaps).toEqual([{ part: 'files', why: 'waiting', n: 1 }])
})

it('has the pictures of reviews that they wrote, and not of those about them', async () => {
  const reviews = () => Promise.resolve(page([review({ images: ['mine'] }), review({ id: 'other', customer_id: 'zhao', images: ['theirs'] })]))
  const archive = await new ArchiveReading(source({ reviews }), CUSTOMER).read(context())
  expect(archive.files.map(({ id, path }) => [id, path])).toEqual([['mine', 'files/review-1-1.jpg']])
})

it('waits as long as Holdfast asks for, and says so', async () => {
  let asked = 0
  const inbox = () => (++asked < 3 ? Promise.reject(refused(429, 17)) : Promise.resolve(page([])))
  const run = context()
  await new ArchiveReading(source({ inbox }), CUSTOMER).read(run)
  expect(run.slept).toEqual([17_000, 17_000])
  expect(run.told).toContainEqual({ part: 'inbox', waitsS: 17 })
})

it('names the part that fails, and another try reads only what is missing', async () => {
  let isAway = true
  const asked = new Map<string, number>()
  const count = (name: string) => asked.set(name, (asked.get(name) ?? 0) + 1)
  const from = source({
    orders: () => {
      count('orders')
      return Promise.resolve(page([order(1), order(2)]))
    },
    timeline: id => {
      count(id)
      return isAway && id === 'order-2' ? Promise.reject(refused(503)) : Promise.resolve([])
    },
  })
  const reading = new ArchiveReading(from, CUSTOMER)
  const failed = await reading.read(context()).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(PartFailed)
  expect((failed as PartFailed).part).toBe('histories')
  isAway = false
  const archive = await reading.read(context())
  expect(archive.orders).toHaveLength(2)
  expect(Object.fromEntries(asked)).toEqual({ orders: 1, 'order-1': 1, 'order-2': 4 })
})

it('a refusal is not tried again', async () => {
  let asked = 0
  const mail = () => {
    asked += 1
    return Promise.reject(refused(422))
  }
  await expect(new ArchiveReading(source({ mail }), CUSTOMER).read(context())).rejects.toMatchObject({ part: 'account' })
  expect(asked).toBe(1)
})

it('ends when the page is left', async () => {
  const leaving = new AbortController()
  let asked = 0
  const from = source({
    profile: () => {
      leaving.abort()
      return Promise.reject(refused(503))
    },
    addresses: () => {
      asked += 1
      return Promise.resolve({ items: [], version: 1 })
    },
  })
  const failed = await new ArchiveReading(from, CUSTOMER).read(context({ signal: leaving.signal })).catch((error: unknown) => error)
  expect(failed).toBe(leaving.signal.reason)
  expect(asked).toBe(0)
})
