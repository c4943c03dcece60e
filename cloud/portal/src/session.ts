// The person who is signed in. The token stays in an HttpOnly cookie; this page knows only whose it is, and the CSRF
// token that proves that a change comes from this page.

import { computed, reactive, readonly } from 'vue'
import { request } from './api/client.ts'
import { Problem } from './api/problem.ts'
import { leavePush } from './push.ts'
import type { NewPasskeyForm, PasskeyProof, Region, Role } from '@holdfast/kit/api.gen.ts'
import type { Homecoming } from './visit.ts'

export interface Person {
  user_id: string
  role: Role
  username: string | null
  region: Region | null
  /** Milliseconds since 1970. */
  expires_at: number
  csrf_token: string
  /** Told once, at the sign-in. */
  wrong_passwords?: { count: number; places: number }
  /** Shown once, where the sign-in set up a second factor. */
  recovery_codes?: string[]
}

interface State {
  /** `unknown` until the gateway was asked; `expired` where a session ended under the person's hands. */
  is: 'unknown' | 'in' | 'out' | 'expired'
  person: Person | undefined
}

const state = reactive<State>({ is: 'unknown', person: undefined })

export const session = readonly(state)
export const role = computed<Role | undefined>(() => state.person?.role)

const PATH = '/api/v1/session'

/** Asks the gateway for the session. A gateway that is out of reach leaves it unknown. */
export async function restore(): Promise<void> {
  try {
    enter(await request<Person>(PATH))
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error
    if (state.is === 'in') leave('expired')
    else if (state.is === 'unknown') leave('out')
  }
}

export async function signIn(username: string, password: string): Promise<Person> {
  const person = await request<Person>(PATH, { method: 'POST', body: { username, password } })
  enter(person)
  return person
}

/** Signs in with what another service has answered. */
export async function signInBack(home: Homecoming): Promise<Person> {
  const person = await request<Person>(`${PATH}/oidc`, { method: 'POST', body: home })
  enter(person)
  return person
}

/** A code, a passkey's answer, or the passkey that the sign-in sets up. */
export type FactorAnswer = { code: string } | { passkey: PasskeyProof } | { new_passkey: NewPasskeyForm }

/** Ends a sign-in that waits for the second factor. */
export async function signInByFactor(ticket: string, answer: FactorAnswer): Promise<Person> {
  const { recovery_codes, ...person } = await request<Person>(`${PATH}/second-factor`, { method: 'POST', body: { ticket, ...answer } })
  enter(person)
  return recovery_codes ? { ...person, recovery_codes } : person
}

/** Signs in by the code that a phone was sent. */
export async function signInByCode(phone: string, code: string): Promise<Person> {
  const person = await request<Person>(`${PATH}/code`, { method: 'POST', body: { phone, code } })
  enter(person)
  return person
}

export async function signOut(): Promise<void> {
  await leavePush()
  await request(PATH, { method: 'DELETE' })
  leave('out')
}

/** The gateway refused the session in mid-work. */
export function expire(): void {
  if (state.is === 'in') leave('expired')
}

export function csrf(): string | undefined {
  return state.person?.csrf_token
}

function enter(person: Person): void {
  state.person = person
  state.is = 'in'
}

function leave(is: 'out' | 'expired'): void {
  state.person = undefined
  state.is = is
}
