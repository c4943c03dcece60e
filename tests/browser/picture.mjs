// Small pictures for the README: a page drawn at two thirds of its size, in a few colours.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
const SCALE = 2 / 3
const COLOURS_MAX = 32
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Draws the upper part of what the window shows. */
export async function drawPicture(page, name, height) {
  const session = await page.context().newCDPSession(page)
  const clip = { x: 0, y: 0, width: page.viewportSize().width, height, scale: SCALE }
  const { data } = await session.send('Page.captureScreenshot', { format: 'png', clip })
  await session.detach()
  const path = `${FOLDER}${name}.png`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, withFewColours(decode(Buffer.from(data, 'base64'))))
}

/** Reads a PNG of eight bits a channel, as Chromium writes it. */
function decode(png) {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const channels = png[25] === 6 ? 4 : 3
  const packed = []
  for (let at = SIGNATURE.length; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') packed.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  const rows = inflateSync(Buffer.concat(packed))
  const stride = width * channels
  const pixels = Buffer.alloc(height * stride)
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (stride + 1)]
    for (let x = 0; x < stride; x += 1) {
      const here = y * stride + x
      const left = x < channels ? 0 : pixels[here - channels]
      const up = y === 0 ? 0 : pixels[here - stride]
      const corner = x < channels || y === 0 ? 0 : pixels[here - stride - channels]
      pixels[here] = rows[y * (stride + 1) + 1 + x] + predicted(filter, left, up, corner)
    }
  }
  return { width, height, channels, pixels }
}

function predicted(filter, left, up, corner) {
  if (filter === 4) {
    const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
    return a <= b && a <= c ? left : b <= c ? up : corner
  }
  return [0, left, up, (left + up) >> 1][filter]
}

/** The colours that are used most, each pixel in the nearest of them. */
function withFewColours({ width, height, channels, pixels }) {
  const counts = new Map()
  const colourAt = (at) => (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]
  for (let at = 0; at < pixels.length; at += channels) counts.set(colourAt(at), (counts.get(colourAt(at)) ?? 0) + 1)
  const palette = palettized([...counts].sort(([, a], [, b]) => b - a))
  const nearest = new Map([...counts.keys()].map((colour) => [colour, indexOfNearest(palette, colour)]))
  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = nearest.get(colourAt((y * width + x) * channels))
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3, 0, 0, 0], 8)
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', colours), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))])
}

/** Takes the colour that most pixels would gain by, again and again. */
function palettized(counted) {
  const palette = [counted[0][0]]
  const away = counted.map(([colour]) => distance(colour, palette[0]))
  while (palette.length < Math.min(COLOURS_MAX, counted.length)) {
    let best = 0
    for (let at = 1; at < counted.length; at += 1) if (away[at] * counted[at][1] > away[best] * counted[best][1]) best = at
    const [added] = counted[best]
    palette.push(added)
    counted.forEach(([colour], at) => { away[at] = Math.min(away[at], distance(colour, added)) })
  }
  return palette
}

function indexOfNearest(palette, colour) {
  let best = 0
  for (let at = 1; at < palette.length; at += 1) if (distance(palette[at], colour) < distance(palette[best], colour)) best = at
  return best
}

function distance(one, other) {
  return [16, 8, 0].reduce((sum, shift) => sum + (((one >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0)
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}
