// A real issuer of identities, the certified `oidc-provider`, on a port of its own. It asks for a name and believes it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

export const LABEL = 'Harbour ID'
const SECRET = 'a-secret-between-issuer-and-holdfast'
const CLAIMS = { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] }

/** For a Holdfast at that address. */
export async function startIssuer(gateway) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${server.address().port}`
  const returnTo = `${gateway}/sign-in/back`
  const provider = new Provider(address, {
    clients: [{ client_id: 'holdfast', client_secret: SECRET, redirect_uris: [returnTo], grant_types: ['authorization_code'], response_types: ['code'] }],
    claims: CLAIMS,
    cookies: { keys: ['of a test'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/enter/${interaction.uid}` },
    pkce: { required: () => true },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@harbour.example`, email_verified: true, preferred_username: sub }) }),
    loadExistingGrant: granted,
  })
  const answer = provider.callback()
  server.on('request', (request, response) => (request.url.startsWith('/enter/') ? enter(provider, request, response) : answer(request, response)))
  const environment = {
    HOLDFAST__AUTH__OIDC_RETURN: returnTo,
    HOLDFAST__AUTH__OIDC: `[{ name = "harbour", label = "${LABEL}", issuer = "${address}", client_id = "holdfast", client_secret = "${SECRET}" }]`,
  }
  const stop = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { address, environment, stop }
}

/** Nobody is asked whether Holdfast may know their name. */
async function granted({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
  grant.addOIDCScope('openid email profile')
  await grant.save()
  return grant
}

async function enter(provider, request, response) {
  if (request.method === 'GET') {
    const form = '<form method="post"><label>Name <input name="name" autofocus></label><button>Enter</button></form>'
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Harbour ID</title>${form}</html>`)
    return
  }
  let body = ''
  for await (const part of request) body += part
  const accountId = new URLSearchParams(body).get('name')
  await provider.interactionFinished(request, response, { login: { accountId } })
}
