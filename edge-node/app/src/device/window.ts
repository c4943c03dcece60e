// One window at a time: two pictures of one queue would part, and a command undone in the one would leave from the other.

const NAME = 'holdfast'
/** A page that is just being left gives the tablet free within this time. */
const WAIT_MS = 1_500

/**
 * True if this window has the tablet now; `isTaken` takes it from another one. `lost` runs when another window has taken
 * it from this one.
 */
export function haveTablet(lost: () => void, isTaken: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let isOurs = false
    const hold = () => {
      isOurs = true
      resolve(true)
      return new Promise<never>(() => {})
    }
    const waiting = new AbortController()
    const options = isTaken ? { steal: true } : { signal: waiting.signal }
    navigator.locks.request(NAME, options, hold).catch(() => (isOurs ? lost() : resolve(false)))
    const looking = setInterval(async () => {
      const { held = [] } = await navigator.locks.query()
      // A slow tablet may not have answered yet, though nobody has it.
      if (!held.some((lock) => lock.name === NAME)) return
      clearInterval(looking)
      waiting.abort()
    }, WAIT_MS)
  })
}
