// Asks the browser for a passkey, or for a proof by one.

import type { NewPasskeyForm, NewPasskeyRequest, PasskeyProof, PasskeyRequest } from '@holdfast/kit/api.gen.ts'
import { creationOptions, type MadeKey, newPasskeyOf, type PageSurroundings, proofOf, proofOptions, type ProvedKey } from '../logic/passkeys.ts'

/** The person stopped, waited too long, or has no such key here. Browsers do not say which. */
export class PasskeyStopped extends Error {
  readonly why: 'stopped' | 'known'

  /** `known`: the authenticator has a passkey of this person already. */
  constructor(why: 'stopped' | 'known') {
    super(why)
    this.why = why
  }
}

export function pageSurroundings(): PageSurroundings {
  return { isSecure: isSecureContext, host: location.hostname, knowsPasskeys: 'PublicKeyCredential' in window }
}

export async function makePasskey(request: NewPasskeyRequest, label: string): Promise<NewPasskeyForm> {
  const made = await answered(() => navigator.credentials.create({ publicKey: creationOptions(request) }))
  return newPasskeyOf(made as unknown as MadeKey, label)
}

export async function provePasskey(request: PasskeyRequest): Promise<PasskeyProof> {
  const proved = await answered(() => navigator.credentials.get({ publicKey: proofOptions(request) }))
  return proofOf(proved as unknown as ProvedKey)
}

async function answered(ask: () => Promise<Credential | null>): Promise<Credential> {
  let credential: Credential | null
  try {
    credential = await ask()
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
    throw new PasskeyStopped(error.name === 'InvalidStateError' ? 'known' : 'stopped')
  }
  if (!credential) throw new PasskeyStopped('stopped')
  return credential
}
