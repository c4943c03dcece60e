// Lays lines of one race out on one clock: where each was tapped, kept and decided.

export type RaceTimes = { tapped?: number; node?: number; decided: number }
export type RaceFrame = {
  left: number
  right: number
  /** Points of one line that are closer than this are drawn apart, in their order. */
  apart: number
}
export type RacePoints = { tapped?: number; node?: number; decided: number }
export type RaceLayout = { x: (at: number) => number; lines: RacePoints[]; ticks: number[]; step: number }

const STEPS_MS = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 12e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5]
const STATIONS = ['tapped', 'node', 'decided'] as const

/** `others` are times that must lie in the picture as well. */
export function layoutRace(lines: readonly RaceTimes[], others: readonly number[], frame: RaceFrame): RaceLayout {
  const all = [...lines.flatMap((line) => [line.tapped, line.node, line.decided]), ...others].filter((at) => at !== undefined)
  const from = Math.min(...all)
  const to = Math.max(...all)
  const length = Math.max(1, to - from)
  const x = (at: number) => frame.left + ((at - from) / length) * (frame.right - frame.left)
  const { step, ticks } = ticksOf(from, to)
  return { x, ticks, step, lines: lines.map((line) => spread(line, x, frame)) }
}

/** Keeps the points of one line readable: they stand in their order, apart, and inside the frame. */
function spread(line: RaceTimes, x: (at: number) => number, frame: RaceFrame): RacePoints {
  const stations = STATIONS.filter((station) => line[station] !== undefined)
  const places = stations.map((station) => x(line[station] ?? 0))
  for (let i = 1; i < places.length; i += 1) places[i] = Math.max(places[i] ?? 0, (places[i - 1] ?? 0) + frame.apart)
  // A point pushed out on the right pushes the others back.
  for (let i = places.length - 1; i >= 0; i -= 1) places[i] = Math.min(places[i] ?? 0, frame.right - (places.length - 1 - i) * frame.apart)
  return Object.fromEntries(stations.map((station, i) => [station, places[i]])) as RacePoints
}

/** Round times of the clock, at most seven of them. */
function ticksOf(from: number, to: number): { step: number; ticks: number[] } {
  const step = STEPS_MS.find((ms) => (to - from) / ms <= 6) ?? 864e5
  const ticks: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to && ticks.length < 8; at += step) ticks.push(at)
  return { step, ticks }
}
