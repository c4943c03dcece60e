import type { Review } from '@holdfast/kit/api.gen.ts'
import { expect, test } from 'vitest'
import { contentOf, draftOf, fieldOf } from '../src/logic/review.ts'

const REVIEW: Review = {
  id: 'r', provider_id: 'p', rating: 4, dimensions: { professionalism: 5, attitude: 4, punctuality: 4 }, comment: '很好', images: ['a'],
  helpful_count: 0, created_at: '2026-11-21T10:00:00.000Z', is_edited: false,
}

test('a review has stars, and a dimension that is left out follows them', () => {
  expect(contentOf(draftOf(undefined))).toBeUndefined()
  const draft = { ...draftOf(undefined), stars: 3, dimensions: { attitude: 5, punctuality: undefined }, comment: ' late \n' }
  expect(contentOf(draft)).toEqual({ rating: 3, dimensions: { attitude: 5 }, comment: 'late', images: [] })
})

test('a review that is changed begins as it stands, and its own list of pictures stays', () => {
  const draft = draftOf(REVIEW)
  expect(draft.dimensions).toEqual({ professionalism: 5 })
  draft.images.push('b')
  expect(REVIEW.images).toEqual(['a'])
  expect(contentOf(draft)).toEqual({ rating: 4, dimensions: { professionalism: 5 }, comment: '很好', images: ['a', 'b'] })
})

test('a mistake that the server names leads to its field', () => {
  expect(['rating', 'comment', 'dimensions.attitude', 'images', 'images[2]'].map(fieldOf)).toEqual([
    'review-rating', 'review-comment', 'review-attitude', 'review-images', 'review-images',
  ])
})
