import { describe, expect, test } from 'vitest'
import en from '../src/locales/desk/en.json'
import zh from '../src/locales/desk/zh-CN.json'
import { changeKey, outcomeOf, startOfDay, thingOf } from '../src/logic/adminActs.ts'

/** A line for each route has its path, method, part, audience and permissions. */
const [routes = ''] = Object.values(import.meta.glob<string>('../../../tests/contract/golden/routes.txt', { eager: true, query: '?raw', import: 'default' }))

function recordedChanges() {
  const lines = routes.trim().split('\n').map(line => line.split(' '))
  const isRecorded = ([, method, , audience, permissions]: string[]) => method !== 'GET' && /^(admin|any|[a-z]+,admin)/.test(audience ?? '') && /^(all|any):/.test(permissions ?? '')
  return lines.filter(isRecorded).map(([route = '', method = '']) => ({ method, route }))
}

describe('the record of changes', () => {
  test('has words for each change of an admin, and for no other', () => {
    const changes = recordedChanges().map(changeKey).toSorted()
    expect(changes.length).toBeGreaterThan(45)
    expect(new Set(changes).size).toBe(changes.length)
    for (const words of [en, zh]) expect(Object.keys(words.acts.changes).toSorted()).toEqual(changes)
  })

  test('names the thing that a change was done to', () => {
    const at = (route: string, path: string) => thingOf({ route: `/api/v1${route}`, path: `/api/v1${path}` })
    expect(at('/orders/{id}/approve', '/orders/7/approve')).toEqual({ kind: 'order', id: '7' })
    expect(at('/admin/users/{id}/sessions/{session}', '/admin/users/7/sessions/8')).toEqual({ kind: 'person', id: '7' })
    expect(at('/admin/edges/{edge}/queue/{epoch}/{seq}/retry', '/admin/edges/north-1/queue/1/2/retry')).toEqual({ kind: 'edge', id: 'north-1' })
    expect(at('/admin/regions/{region}', '/admin/regions/MID')).toEqual({ kind: 'region', id: 'MID' })
    expect(at('/admin/cases/{id}/close', '/admin/cases/12/close')).toEqual({ kind: 'case', id: '12' })
    expect(at('/admin/letters/{name}/drop', '/admin/letters/order%20money/drop')).toEqual({ kind: 'other', id: 'order money' })
    expect(at('/admin/keys/rotate', '/admin/keys/rotate')).toBeUndefined()
  })

  test('tells a refusal from a fault and from silence', () => {
    expect([200, 201, 204, 304, 403, 409, 500, 503, null, undefined].map(outcomeOf)).toEqual(['done', 'done', 'done', 'done', 'refused', 'refused', 'failed', 'failed', 'unknown', 'unknown'])
  })

  test('takes whole days', () => {
    const first = startOfDay('2026-03-01')
    expect(Date.parse(startOfDay('2026-02-28', 1) ?? '')).toBe(Date.parse(first ?? ''))
    expect(startOfDay(undefined)).toBeUndefined()
    expect(startOfDay('no day')).toBeUndefined()
  })
})
