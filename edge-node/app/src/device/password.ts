// Lets a person back in without the cloud: the tablet keeps a slow hash of the password and never the password.

export type Verifier = { salt: Uint8Array<ArrayBuffer>; rounds: number; hash: Uint8Array<ArrayBuffer> }

const ROUNDS = 300_000

export async function verifierOf(password: string): Promise<Verifier> {
  const salt = crypto.getRandomValues(new Uint8Array(16))
  return { salt, rounds: ROUNDS, hash: await hashed(password, salt, ROUNDS) }
}

export async function isPassword(password: string, { salt, rounds, hash }: Verifier): Promise<boolean> {
  const tried = await hashed(password, salt, rounds)
  return tried.reduce((same, byte, at) => same && byte === hash[at], tried.length === hash.length)
}

async function hashed(password: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(password), 'PBKDF2', false, ['deriveBits'])
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, key, 256))
}
