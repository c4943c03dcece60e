// Builds every surface in one process.
import { build } from 'vite'

const root = new URL('../../', import.meta.url)
for (const member of ['edge-node/app', 'edge-node/app/kiosk', 'cloud/portal']) {
  const { default: config } = await import(new URL(`${member}/vite.config.mjs`, root).href)
  await build(config)
}
