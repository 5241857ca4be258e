import { run } from '../tools/command.mjs'
import { demand } from '../tools/report.mjs'
import { tool } from '../tools/runtimes.mjs'

/** What linters for packages say of the tarball. */
export async function checkManifest(report, { tarball }) {
  await report.check('publint finds nothing', async () => {
    const { stdout } = await run(tool('publint'), ['run', tarball, '--strict'])
    demand(/All good/.test(stdout), stdout)
  })

  // The library is ESM alone: CommonJS reaches it by require(esm) or import(), which is no fault.
  await report.check('attw finds nothing, for ESM alone', async () => {
    const args = [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color']
    await run(tool('attw'), args)
  })
}
