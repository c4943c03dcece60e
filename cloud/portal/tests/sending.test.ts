import { expect, it } from 'vitest'
import { useSending } from '../src/parts/sending.ts'

const fails = (error: unknown) => () => Promise.reject(error)
const works = () => Promise.resolve()

/** An answer that comes when the test says so. */
function openAnswer() {
  let resolve = () => {}
  let reject: (error: unknown) => void = () => {}
  const answer = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { answer, resolve, reject }
}

it('does one thing at a time', async () => {
  const { busy, attempt } = useSending()
  const server = openAnswer()
  const done: string[] = []
  const first = attempt(async () => {
    await server.answer
    done.push('first')
  })
  expect(busy.value).toBe(true)
  await attempt(async () => { done.push('second') })
  expect(done).toEqual([])
  expect(busy.value).toBe(true)

  server.resolve()
  await first
  expect(busy.value).toBe(false)
  await attempt(async () => { done.push('third') })
  expect(done).toEqual(['first', 'third'])
})

it('keeps an error until the next attempt begins', async () => {
  const { busy, problem, attempt } = useSending()
  const error = new Error('refused')
  await attempt(fails(error))
  expect(problem.value).toBe(error)
  expect(busy.value).toBe(false)

  await attempt(async () => { expect(problem.value).toBeUndefined() })
  expect(problem.value).toBeUndefined()
})

it('keeps the error of the last work when a second press is ignored', async () => {
  const { problem, attempt } = useSending()
  const server = openAnswer()
  const error = new Error('refused')
  const first = attempt(() => server.answer)
  await attempt(works)
  server.reject(error)
  await first
  expect(problem.value).toBe(error)
})

it('leaves an error to the caller that takes it', async () => {
  const { busy, problem, attempt } = useSending()
  const error = new Error('wrong field')
  const seen: unknown[] = []
  await attempt(fails(error), refusal => { seen.push(refusal, busy.value) })
  expect(seen).toEqual([error, true])
  expect(problem.value).toBeUndefined()
  expect(busy.value).toBe(false)

  await attempt(works, refusal => { seen.push(refusal) })
  expect(seen).toHaveLength(2)
})

it('is free again when the caller fails to deal with the error', async () => {
  const { busy, attempt } = useSending()
  await expect(attempt(fails(new Error('first')), () => { throw new Error('second') })).rejects.toThrow('second')
  expect(busy.value).toBe(false)
})
