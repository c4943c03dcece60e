// The evidence of completed work, as it goes into the command.
import type { Signed } from '@holdfast/kit'
import type { WorkEvidence } from '@holdfast/kit/api.gen.ts'
import { type Photo, refOf } from './photo.ts'

type Stroke = [x: number, y: number][]

/** As many points as an edge takes. */
export const POINTS_MAX = 1000
const WIDTH = 520
const HEIGHT = 176

/** Absent where the form says nothing. */
export function evidenceOf(keys: readonly string[], done: Readonly<Record<string, boolean>>, signed: Signed, photos: readonly Photo[] = []): WorkEvidence | undefined {
  const isAnswered = keys.some((key) => done[key])
  const name = 'name' in signed ? signed.name.trim() : ''
  const strokes = 'strokes' in signed ? thinned(signed.strokes) : []
  if (!isAnswered && !name && strokes.length === 0 && photos.length === 0) return undefined
  return {
    ...(isAnswered ? { checklist: keys.map((key) => ({ key, done: done[key] ?? false })) } : {}),
    ...(name ? { signed_by: name } : {}),
    ...(strokes.length > 0 ? { strokes } : {}),
    ...(photos.length > 0 ? { photos: photos.map(refOf) } : {}),
  }
}

/** Leaves out points between the first and the last of each stroke until the signature fits. */
export function thinned(strokes: readonly Stroke[]): Stroke[] {
  const kept = strokes.filter((stroke) => stroke.length > 0)
  for (let step = 1; ; step += 1) {
    const thin = kept.map((stroke) => stroke.filter((_, at) => at % step === 0 || at === stroke.length - 1))
    const points = thin.reduce((sum, stroke) => sum + stroke.length, 0)
    if (points <= POINTS_MAX) return thin.map((stroke) => stroke.map(([x, y]) => [inside(x, WIDTH), inside(y, HEIGHT)]))
  }
}

const inside = (at: number, most: number) => Math.min(most, Math.max(0, Math.round(at)))
