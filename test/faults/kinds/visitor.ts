import type { Fault } from './fault.ts'
import { revive } from './kill.ts'

/** Opens the file as a backup or a database tool does, reads, and closes it. */
const VISIT = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=10)
print(database.execute('select count(*) from mac_credentials').fetchone()[0])
database.close()
`

/**
 * Another program, with its own older SQLite, opens the file, reads and closes it. The last program that
 * closes the file removes the log. It must notice that others still use it.
 */
export const visitor: Fault = {
  name: 'visitor',
  async run(world) {
    const { random, settings } = world
    const visits = random.between(2, 3)
    for (let visit = 0; visit < visits; visit++) {
      await Bun.sleep(random.between(50, 300))
      const child = Bun.spawn(['python3', '-c', VISIT, settings.path], {
        stdout: 'pipe',
        stderr: 'pipe',
      })
      if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text())
      world.note('a visitor has closed the file')
    }
    // A process that goes on with a removed log loses its writes. This shows after all were killed.
    await Promise.all(world.up.map((server) => world.kill(server)))
    await revive(world)
    return { note: `${visits} visits`, felt: true }
  },
}
