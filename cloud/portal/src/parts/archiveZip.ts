// Packs an archive. The page loads this when an archive is made.

import { strToU8, Zip, ZipDeflate, ZipPassThrough } from 'fflate'
import type { ArchiveFile, TextFile } from '../logic/archive.ts'

/** Texts are packed in pieces, so that the page stays alive in between. */
const PIECE_CHARS = 1_000_000

/** Pictures and documents are packed already, so they are stored as they are. */
export async function zipOf(texts: readonly TextFile[], files: readonly ArchiveFile[], drawnAt: number, signal: AbortSignal): Promise<Blob> {
  const parts: Blob[] = []
  let failure: Error | undefined
  const zip = new Zip((error, bytes) => {
    if (error) failure = error
    // A blob may leave the memory of the page.
    else parts.push(new Blob([new Uint8Array(bytes)]))
  })
  for (const { path, text } of texts) {
    const entry = new ZipDeflate(path, { level: 6 })
    entry.mtime = drawnAt
    zip.add(entry)
    for (const [at, piece] of piecesOf(text).entries()) {
      if (at > 0) await pause(signal)
      entry.push(strToU8(piece))
    }
    entry.push(new Uint8Array(0), true)
    await pause(signal)
  }
  for (const { path, bytes } of files) {
    const entry = new ZipPassThrough(path)
    entry.mtime = drawnAt
    zip.add(entry)
    entry.push(new Uint8Array(await bytes.arrayBuffer()), true)
    await pause(signal)
  }
  zip.end()
  if (failure) throw failure
  return new Blob(parts, { type: 'application/zip' })
}

/** No piece ends between the two halves of a sign. */
export function piecesOf(text: string, most = PIECE_CHARS): string[] {
  const pieces: string[] = []
  for (let from = 0; from < text.length;) {
    const isHalf = /[\ud800-\udbff]/.test(text[from + most - 1] ?? '')
    const to = from + most - (isHalf ? 1 : 0)
    pieces.push(text.slice(from, to))
    from = to
  }
  return pieces
}

function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise(resolve => { setTimeout(resolve, 0) })
}
