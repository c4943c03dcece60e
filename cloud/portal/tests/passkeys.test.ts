import { expect, it } from 'vitest'
import { Problem } from '../src/api/problem.ts'
import { bytesOf, creationOptions, newPasskeyOf, passkeyObstacle, proofOf, proofOptions, textOf } from '../src/logic/passkeys.ts'
import { waitingSignIn } from '../src/parts/factor.ts'

const buffer = (...bytes: number[]) => Uint8Array.from(bytes).buffer

it('bytes of every value go to base64url and back', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  for (const length of [0, 1, 2, 3, 255, 256]) {
    const text = textOf(all.slice(256 - length).buffer)
    expect(text).toMatch(/^[A-Za-z0-9_-]*$/)
    expect(bytesOf(text)).toEqual(all.slice(256 - length))
  }
  expect(textOf(buffer(0xfb, 0xff, 0xfe))).toBe('-__-')
})

it('a page can use passkeys at their own site alone, over https, in a browser that has them', () => {
  const page = { isSecure: true, host: 'portal.example.org', knowsPasskeys: true }
  expect(passkeyObstacle('portal.example.org', page)).toBeUndefined()
  expect(passkeyObstacle('example.org', page)).toBe('address')
  expect(passkeyObstacle('', page)).toBe('address')
  expect(passkeyObstacle('portal.example.org', { ...page, isSecure: false })).toBe('address')
  expect(passkeyObstacle('portal.example.org', { ...page, knowsPasskeys: false })).toBe('browser')
})

it('a new passkey is asked for with verification, without attestation, and not twice on one device', () => {
  const options = creationOptions({ challenge: 'AQID', site: 'localhost', user_handle: '01020304-0506-0708-090a-0b0c0d0e0f10', username: 'chenyu', credentials: ['BAU'], expires_at: '2026-11-21T10:35:00Z' })
  expect(options.user.id).toEqual(Uint8Array.from({ length: 16 }, (_, n) => n + 1))
  expect(options.challenge).toEqual(Uint8Array.of(1, 2, 3))
  expect(options.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-8, -7])
  expect(options.excludeCredentials).toEqual([{ type: 'public-key', id: Uint8Array.of(4, 5) }])
  expect(options.authenticatorSelection).toMatchObject({ userVerification: 'required' })
  expect(options.attestation).toBe('none')
})

it('a proof is asked of the passkeys of the person, and its bytes go to Holdfast', () => {
  const options = proofOptions({ challenge: 'AQID', site: 'localhost', credentials: ['BAU'], expires_at: '2026-11-21T10:35:00Z' })
  expect(options).toMatchObject({ rpId: 'localhost', userVerification: 'required', allowCredentials: [{ id: Uint8Array.of(4, 5) }] })
  const proof = proofOf({ rawId: buffer(4, 5), response: { clientDataJSON: buffer(1), authenticatorData: buffer(2), signature: buffer(3) } })
  expect(proof).toEqual({ credential_id: 'BAU', client_data: 'AQ', authenticator_data: 'Ag', signature: 'Aw' })
  const made = newPasskeyOf({ response: { clientDataJSON: buffer(1), attestationObject: buffer(2) } }, 'Laptop')
  expect(made).toEqual({ label: 'Laptop', client_data: 'AQ', attestation: 'Ag' })
})

it('a refused sign-in tells its ticket and the ways that the person has', () => {
  const refused = (body: Record<string, unknown>) => waitingSignIn(new Problem(body, 401))
  const ticket = 'a-ticket'
  expect(refused({ code: 'second_factor_required', ticket, ways: ['recovery_code', 'passkey', 'by_pigeon'], passkey_site: 'localhost' }))
    .toEqual({ ticket, setUp: false, ways: ['passkey', 'recovery_code'], site: 'localhost' })
  expect(refused({ code: 'second_factor_setup_required', ticket })).toEqual({ ticket, setUp: true, ways: [], site: '' })
  expect(refused({ code: 'second_factor_required' })).toBeUndefined()
  expect(refused({ code: 'invalid_credentials', ticket })).toBeUndefined()
  expect(waitingSignIn(new Error('away'))).toBeUndefined()
})
