import { expect, it } from 'vitest'
import { evidenceOf, POINTS_MAX, thinned } from './evidence.ts'

const line = (points: number): [number, number][] => Array.from({ length: points }, (_, at) => [at, at])

it('keeps the ends of every stroke and stays within what an edge takes', () => {
  const thin = thinned([line(4000), [], line(3), [[900, -4]]])
  expect(thin).toHaveLength(3)
  expect(thin.flat().length).toBeLessThanOrEqual(POINTS_MAX)
  expect(thin[0]?.[0]).toEqual([0, 0])
  expect(thin[0]?.at(-1)).toEqual([520, 176])
  expect(thin[2]).toEqual([[520, 0]])
})

it('says nothing where the form says nothing, and all answers once one is given', () => {
  const keys = ['place_clean', 'works_as_asked']
  expect(evidenceOf(keys, {}, { strokes: [] })).toBeUndefined()
  expect(evidenceOf(keys, {}, { name: ' ' })).toBeUndefined()
  expect(evidenceOf(keys, { place_clean: true }, { name: ' Chen ' })).toEqual({
    checklist: [{ key: 'place_clean', done: true }, { key: 'works_as_asked', done: false }],
    signed_by: 'Chen',
  })
  expect(evidenceOf(keys, {}, { strokes: [[[1, 2]]] })).toEqual({ strokes: [[[1, 2]]] })
})
