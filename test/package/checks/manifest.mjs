import { run } from '../tools/command.mjs'
import { demand } from '../tools/report.mjs'
import { tool } from '../tools/runtimes.mjs'

/** Linters for packages find nothing wrong with the tarball. */
export async function checkManifest(report, { tarball }) {
  await report.check('publint finds nothing', async () => {
    const { stdout } = await run(tool('publint'), ['run', tarball, '--strict'])
    demand(/All good/.test(stdout), stdout)
  })

  // The library has only ESM. CommonJS can load it by require(esm) or import().
  await report.check('attw finds nothing, for ESM only', async () => {
    const args = [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color']
    await run(tool('attw'), args)
  })
}
