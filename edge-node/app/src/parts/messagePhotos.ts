// The pictures of a job's messages, for as long as its page is open: from this tablet, or from the edge.
import { onBeforeUnmount, reactive } from 'vue'
import type { LinePhoto } from '../device/messages.ts'
import { loadMessagePhoto } from '../device/actions.ts'
import { tablet } from '../device/tabletState.ts'

/** A picture that could not be had is asked for again with the next look at the edge. */
const AGAIN_AFTER_MS = 15_000

/** Returns the source of a line's picture; undefined while there is none. */
export function useMessagePhotos(job: string) {
  const sources = reactive(new Map<string, string>())
  const asked = new Map<string, number>()
  let isOver = false
  onBeforeUnmount(() => {
    isOver = true
    for (const source of sources.values()) URL.revokeObjectURL(source)
  })

  function keep(hash: string, picture: Blob): void {
    if (!isOver && !sources.has(hash)) sources.set(hash, URL.createObjectURL(picture))
  }

  async function load(hash: string, number: number): Promise<void> {
    const picture = await loadMessagePhoto(job, number)
    if (picture) keep(hash, picture)
  }

  function bring({ hash, state, number }: LinePhoto): void {
    if (sources.has(hash)) return
    const own = tablet.photos.find((photo) => photo.job === job && photo.hash === hash && photo.content.byteLength > 0)
    if (own) return keep(hash, new Blob([own.content], { type: 'image/jpeg' }))
    const isSoon = tablet.now - (asked.get(hash) ?? -Infinity) < AGAIN_AFTER_MS
    if (state !== 'here' || number === undefined || isSoon) return
    asked.set(hash, tablet.now)
    void load(hash, number)
  }

  return { bring, sourceOf: (hash: string) => sources.get(hash) }
}
