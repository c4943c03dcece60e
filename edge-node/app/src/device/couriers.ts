// Brings the commands and photos that other people have left on this tablet to the edge: over HTTP, where an answer is for the owner of the
// command's token, so that nobody at the tablet hears of it.
import type { Edge } from './edge.ts'
import type { QueueItem } from './item.ts'
import { photoSenderFor } from './photoSender.ts'
import { Sender } from './sender.ts'
import type { Sendable } from './people.ts'
import { openPerson } from './store.ts'

export type CourierWorld = {
  /** The edge spoken to; unknown until it was heard of once. */
  edge(): string | undefined
  /** The edge no longer takes this person's sign-in. */
  ended(user: string, code: string): void
}

type Courier = { askAgain(): Promise<void>; end(): Promise<void> }

const couriers = new Map<string, Courier>()

/** Keeps one for each of these people with a good sign-in; the others end. */
export async function sendFor(people: readonly Sendable[], device: CryptoKey, edge: Edge, world: CourierWorld): Promise<void> {
  const wanted = people.filter((person) => person.expires_at > Date.now())
  for (const [user, courier] of couriers) {
    if (wanted.some((person) => person.user_id === user)) continue
    couriers.delete(user)
    await courier.end()
  }
  for (const person of wanted.filter(({ user_id }) => !couriers.has(user_id))) {
    couriers.set(person.user_id, await started(person, device, edge, world))
  }
}

/** Asks for decisions that may have been missed; a node that has lost a command takes it back by its receipt. */
export async function askForOthers(): Promise<void> {
  for (const courier of couriers.values()) await courier.askAgain()
}

/** With the device's key alone: it opens what leaves, and nothing else of the person. */
async function started(person: Sendable, device: CryptoKey, edge: Edge, world: CourierWorld): Promise<Courier> {
  const disk = await openPerson(person.user_id, { device })
  let token: string | undefined = person.token
  const validToken = () => (person.expires_at > Date.now() ? token : undefined)
  let items: QueueItem[] = []
  const photos = photoSenderFor(disk, edge, { items: () => items, token: validToken, changed: () => {} })
  const sender = new Sender({
    now: () => Date.now(),
    disk,
    edge: world.edge,
    token: validToken,
    proofs: edge.proofs,
    publish: () => false,
    post: edge.command,
    changed: (changed) => {
      items = changed
      void photos.step().catch(() => undefined)
    },
    decided: () => {},
    signInEnded: (code) => {
      token = undefined
      world.ended(person.user_id, code)
    },
    reached: () => {},
    later: (run, ms) => setTimeout(run, ms),
    never: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout> | undefined),
  })
  await sender.open()
  await photos.open()
  return {
    askAgain: () => sender.askAgain(),
    async end() {
      await Promise.all([sender.stop(), photos.stop()])
      disk.close()
    },
  }
}
