import type { Fault } from './fault.ts'
import { revive } from './kill.ts'

/** Opens the file as a backup or a look with a tool does, reads, and closes it. */
const VISIT = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=10)
print(database.execute('select count(*) from mac_credentials').fetchone()[0])
database.close()
`

/**
 * Another program, with a SQLite of its own and an older one, opens the file, reads and closes it.
 * Who closes last tidies up, and takes the log away: it must be able to tell that others are there.
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
    // Who went on with a log that was taken away has written to nowhere: it shows once all are gone.
    await Promise.all(world.up.map((server) => world.kill(server)))
    await revive(world)
    return { note: `${visits} visits`, felt: true }
  },
}
