// Passkeys, in the forms of the browser and of Holdfast, which sends bytes in base64url.

import type { NewPasskeyForm, NewPasskeyRequest, PasskeyProof, PasskeyRequest } from '@holdfast/kit/api.gen.ts'

/** As long as Holdfast waits for an answer. */
const PATIENCE_MS = 5 * 60_000
const ED25519 = -8
const ES256 = -7

/** Why this page cannot use passkeys: its address, or its browser. */
export type PasskeyObstacle = 'address' | 'browser'

export interface PageSurroundings {
  /** Served over https, or from this machine. */
  isSecure: boolean
  host: string
  /** The browser has `navigator.credentials` and public keys. */
  knowsPasskeys: boolean
}

/** `site` is the host name that Holdfast's passkeys belong to. */
export function passkeyObstacle(site: string, page: PageSurroundings): PasskeyObstacle | undefined {
  if (!page.isSecure || page.host !== site) return 'address'
  return page.knowsPasskeys ? undefined : 'browser'
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, character => character.charCodeAt(0))
}

export function textOf(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), byte => String.fromCharCode(byte)).join('')
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** A second factor after a password: the device verifies its person, and need not list the key for a sign-in without a name. */
export function creationOptions(request: NewPasskeyRequest): PublicKeyCredentialCreationOptions {
  const id = bytesOfId(request.user_handle)
  return {
    challenge: bytesOf(request.challenge),
    rp: { id: request.site, name: 'Holdfast' },
    user: { id, name: request.username, displayName: request.username },
    pubKeyCredParams: [ED25519, ES256].map(alg => ({ type: 'public-key', alg })),
    excludeCredentials: known(request.credentials),
    authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
    attestation: 'none',
    timeout: PATIENCE_MS,
  }
}

export function proofOptions(request: PasskeyRequest): PublicKeyCredentialRequestOptions {
  return {
    challenge: bytesOf(request.challenge),
    rpId: request.site,
    allowCredentials: known(request.credentials),
    userVerification: 'required',
    timeout: PATIENCE_MS,
  }
}

const known = (ids: readonly string[]): PublicKeyCredentialDescriptor[] => ids.map(id => ({ type: 'public-key', id: bytesOf(id) }))

function bytesOfId(uuid: string): Uint8Array<ArrayBuffer> {
  const pairs = uuid.replaceAll('-', '').match(/../g) ?? []
  return Uint8Array.from(pairs, pair => parseInt(pair, 16))
}

/** What the browser has answered, of which Holdfast gets the bytes. */
export interface MadeKey { response: { clientDataJSON: ArrayBuffer; attestationObject: ArrayBuffer } }
export interface ProvedKey { rawId: ArrayBuffer; response: { clientDataJSON: ArrayBuffer; authenticatorData: ArrayBuffer; signature: ArrayBuffer } }

export function newPasskeyOf(made: MadeKey, label: string): NewPasskeyForm {
  return { label, client_data: textOf(made.response.clientDataJSON), attestation: textOf(made.response.attestationObject) }
}

export function proofOf(proved: ProvedKey): PasskeyProof {
  const { clientDataJSON, authenticatorData, signature } = proved.response
  return { credential_id: textOf(proved.rawId), client_data: textOf(clientDataJSON), authenticator_data: textOf(authenticatorData), signature: textOf(signature) }
}
