// A new job makes itself heard and felt, for a tablet that lies on a bench.
import type { BoardItem } from '@holdfast/kit/api.gen.ts'

const AT_MOST_EVERY_MS = 10_000
const VIBRATION_MS = [200, 100, 200]
const TONES_HZ = [660, 880]
const TONE_S = 0.18
/** Loud enough for a workshop, and still not a siren. */
const VOLUME = 0.2

/** The open jobs that the board before did not have, or that are offered to this person since. */
export function newJobs(before: BoardItem[], after: BoardItem[]): BoardItem[] {
  const known = new Map(before.map(({ id, offer }) => [id, offer?.to_you]))
  const isOfferedSince = ({ id, offer }: BoardItem) => offer?.to_you === true && known.get(id) !== true
  return after.filter((order) => order.status === 'pending' && (!known.has(order.id) || isOfferedSince(order)))
}

let lastAt = -Infinity

/** A burst of jobs is one call. A browser refuses sound and vibration until the page has been touched. */
export function callAttention(now = performance.now()): void {
  if (navigator.userActivation?.hasBeenActive === false || now - lastAt < AT_MOST_EVERY_MS) return
  lastAt = now
  navigator.vibrate?.(VIBRATION_MS)
  playTones()
}

function playTones(): void {
  try {
    const audio = new AudioContext()
    const volume = new GainNode(audio, { gain: VOLUME })
    volume.connect(audio.destination)
    TONES_HZ.forEach((frequency, at) => {
      const tone = new OscillatorNode(audio, { frequency })
      tone.connect(volume)
      tone.start(audio.currentTime + at * TONE_S)
      tone.stop(audio.currentTime + (at + 1) * TONE_S)
      if (at === TONES_HZ.length - 1) tone.onended = () => void audio.close()
    })
  } catch {
    // A device without sound still vibrates and shows it.
  }
}
