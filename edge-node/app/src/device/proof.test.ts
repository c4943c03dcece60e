import { expect, it } from 'vitest'
import type { ProofNonce } from '@holdfast/kit/api.gen.ts'
import type { Answer } from './edge.ts'
import { newProofKey, publicKeyOf } from './keys.ts'
import { proofsWith } from './proof.ts'
import { refusal } from './samples.ts'

const bytesOf = (text: string) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))

function textOf(presented: Answer<string>): string {
  if (!('value' in presented)) throw new Error('not presented')
  return presented.value
}

async function isProven(text: string, publicKey: string): Promise<boolean> {
  const [token, nonce, signature] = text.split('~')
  const key = await crypto.subtle.importKey('raw', bytesOf(publicKey), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  const signed = new TextEncoder().encode(`holdfast device proof 1\n${nonce}\n${token}`)
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, bytesOf(signature!), signed)
}

it('signs nonce and token with a key that no script can export', async () => {
  const pair = await newProofKey()
  const publicKey = await publicKeyOf(pair)
  expect(publicKey).toMatch(/^B[A-P][A-Za-z0-9_-]{85}$/)
  await expect(crypto.subtle.exportKey('pkcs8', pair.privateKey)).rejects.toThrow()
  const proofs = proofsWith(() => pair, async () => ({ value: { nonce: 'n-1', expires_in: 900 } }), () => 0)
  const shown = textOf(await proofs.present('a.b.c'))
  expect(shown.split('~').slice(0, 2)).toEqual(['a.b.c', 'n-1'])
  expect(await isProven(shown, publicKey)).toBe(true)
  expect(await isProven(shown.replace('a.b.c', 'a.b.d'), publicKey)).toBe(false)
})

it('proves no token that is bound to no key', async () => {
  const pair = await newProofKey()
  const proofs = proofsWith((token) => (token === 'own' ? pair : undefined), async () => ({ value: { nonce: 'n-1', expires_in: 900 } }))
  expect(await proofs.present('of a visit')).toEqual({ value: 'of a visit' })
  expect(textOf(await proofs.present('own'))).toContain('own~n-1~')
})

it('asks for a nonce once for half its time, and again when the edge refused one', async () => {
  const pair = await newProofKey()
  let asked = 0
  let now = 0
  const proofs = proofsWith(() => pair, async () => ({ value: { nonce: `n-${(asked += 1)}`, expires_in: 900 } }), () => now)
  await Promise.all([proofs.present('a'), proofs.present('b')])
  expect(asked).toBe(1)
  now = 449_999
  const again = await proofs.present('a')
  expect(again).toEqual(await proofs.present('a'))
  expect(asked).toBe(1)
  now = 450_000
  expect(textOf(await proofs.present('a'))).toContain('~n-2~')
  proofs.forget()
  expect(textOf(await proofs.present('a'))).toContain('~n-3~')
})

it('shows the token alone without a key or at an earlier edge, and names silence or a refusal', async () => {
  const pair = await newProofKey()
  const without = proofsWith(() => undefined, async () => { throw new Error('not asked') })
  expect(await without.present('a')).toEqual({ value: 'a' })
  const earlier = proofsWith(() => pair, async () => refusal(404, 'not_found'))
  expect(await earlier.present('a')).toEqual({ value: 'a' })
  const away = proofsWith(() => pair, async () => ({ unreachable: true }))
  expect(await away.present('a')).toEqual({ unreachable: true })
  const answers: Answer<ProofNonce>[] = [refusal(503, 'unavailable'), { value: { nonce: 'n-1', expires_in: 900 } }]
  const busy = proofsWith(() => pair, async () => answers.shift()!)
  expect(await busy.present('a')).toEqual(refusal(503, 'unavailable'))
  expect(textOf(await busy.present('a'))).toContain('~n-1~')
})
