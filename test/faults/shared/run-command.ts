/**
 * Runs a command to its end. The proxies of this process go on meanwhile.
 * @throws Error with what it printed, if it fails.
 */
export async function runCommand(...command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (status !== 0) throw new Error(`${command.join(' ')}: ${err}${out}`)
}
