// The wire between one browser and a platform, which a test may cut and heal: a proxy for plain HTTP.
import { createServer, request } from 'node:http'

export async function openWire() {
  let isCut = false
  let carried = 0
  const server = createServer((asked, answer) => {
    const { method, headers } = asked
    carried += 1
    const onward = request(asked.url, { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers)
      answered.on('error', () => answer.destroy()).pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => onward.destroy())
    asked.pipe(onward)
  })
  server.on('connection', (socket) => { if (isCut) socket.destroy() })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    proxy: { server: `http://127.0.0.1:${server.address().port}` },
    cut() {
      isCut = true
      server.closeAllConnections()
    },
    /** The requests so far. */
    carried: () => carried,
    heal: () => { isCut = false },
    close: () => new Promise((closed) => { server.closeAllConnections(); server.close(closed) }),
  }
}
