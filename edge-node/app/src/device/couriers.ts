// Brings the commands and photos that other people have left on this tablet to the edge: over HTTP, where an answer is for the owner of the
// command's token, so that nobody at the tablet hears of it.
import type { Edge } from './edge.ts'
import type { QueueItem } from './item.ts'
import { photoSenderFor } from './photoSender.ts'
import { Sender } from './sender.ts'
import { openPerson, type Person } from './store.ts'

type Courier = { askAgain(): Promise<void>; end(): Promise<void> }

const couriers = new Map<string, Courier>()

/** Keeps one for each of these people with a good sign-in; the others end. */
export async function sendFor(people: readonly Person[], edge: Edge, edgeName: () => string | undefined): Promise<void> {
  const wanted = people.filter((person) => person.expires_at > Date.now())
  for (const [user, courier] of couriers) {
    if (wanted.some((person) => person.user_id === user)) continue
    couriers.delete(user)
    await courier.end()
  }
  for (const person of wanted.filter(({ user_id }) => !couriers.has(user_id))) {
    couriers.set(person.user_id, await started(person, edge, edgeName))
  }
}

/** Asks for decisions that may have been missed; a node that has lost a command takes it back by its receipt. */
export async function askForOthers(): Promise<void> {
  for (const courier of couriers.values()) await courier.askAgain()
}

async function started(person: Person, edge: Edge, edgeName: () => string | undefined): Promise<Courier> {
  const disk = await openPerson(person.user_id)
  let token: string | undefined = person.token
  const validToken = () => (person.expires_at > Date.now() ? token : undefined)
  let items: QueueItem[] = []
  const photos = photoSenderFor(disk, edge, { items: () => items, token: validToken, changed: () => {} })
  const sender = new Sender({
    now: () => Date.now(),
    disk,
    edge: edgeName,
    token: validToken,
    publish: () => false,
    post: edge.command,
    changed: (changed) => {
      items = changed
      void photos.step().catch(() => undefined)
    },
    decided: () => {},
    signInEnded: () => (token = undefined),
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
