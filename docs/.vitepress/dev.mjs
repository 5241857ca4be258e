// Serves the site while you write, and shows each change at once. The reference is made when it starts.
import { watch } from 'node:fs'
import { join } from 'node:path'
import { createServer } from 'vitepress'
import { ROOT, sources } from './stage/pages.mjs'
import { writeReference } from './stage/reference.mjs'
import { REFERENCE, STAGED, stage } from './stage/stage.mjs'

stage()
await writeReference(join(STAGED, REFERENCE))
const server = await createServer(join(import.meta.dirname, '..'))
await server.listen()
server.printUrls()
for (const source of sources()) watch(join(ROOT, source), update)

function update() {
  try {
    stage()
  } catch (error) {
    console.error(error.message)
  }
}
