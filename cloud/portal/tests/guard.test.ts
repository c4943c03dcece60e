import { describe, expect, it } from 'vitest'
import { firstOpened } from '../src/parts/permissions.ts'
import { guard, HOME, isFor, routes, safeBack } from '../src/router.ts'

describe('a page', () => {
  it('asks those who are not signed in to sign in, and remembers where they were', () => {
    expect(guard(['admin'], undefined, 'approvals', '/approvals?at=1')).toEqual({ path: '/sign-in', query: { back: '/approvals?at=1' } })
    expect(guard(undefined, undefined, 'sign-in', '/sign-in')).toBe(true)
    expect(guard(undefined, undefined, 'home', '/')).toBe('/sign-in')
    expect(guard(undefined, 'provider', 'home', '/')).toBe('/available')
  })

  it('is for its roles alone', () => {
    for (const route of routes) {
      const roles = route.meta?.roles
      for (const role of ['customer', 'provider', 'admin'] as const) expect(isFor(roles, role)).toBe(!roles || roles.includes(role))
      expect(isFor(roles, undefined)).toBe(!roles)
    }
  })

  it('comes first for an admin whose role opens it', () => {
    expect(firstOpened(undefined)).toBe(HOME.admin)
    expect(firstOpened(['read_desks', 'approve_orders', 'read_people'])).toBe(HOME.admin)
    expect(firstOpened(['approve_orders', 'read_people'])).toBe('/people')
    expect(firstOpened(['verify_providers'])).toBe('/providers')
    expect(firstOpened(['verify_providers', 'moderate_reviews'])).toBe(HOME.admin)
    expect(firstOpened([])).toBeUndefined()
  })

  it('of a role is its first place', () => {
    for (const [role, home] of Object.entries(HOME)) {
      const route = routes.find(one => one.path === home)
      expect(route?.meta?.roles).toContain(role)
    }
  })
})

it('goes back to a path of this portal only', () => {
  expect(safeBack('/orders/1?do=cancel')).toBe('/orders/1?do=cancel')
  for (const back of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/sign-in?back=/x', undefined, ['/a']]) {
    expect(safeBack(back)).toBeUndefined()
  }
})
