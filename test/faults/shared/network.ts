import type { Engine, Stage } from './fault.ts'

/** The store does what it is asked, but its answers get lost, and later the connections are cut. */
export async function swallow({ proxy, world, random }: Stage<Engine>): Promise<void> {
  for (let time = 6; time > 0; time--) {
    await world.trouble(async () => {
      proxy.goDeaf()
      await Bun.sleep(random.between(200, 500))
      proxy.heal()
    })
    await Bun.sleep(random.between(100, 300))
  }
  if (proxy.swallowed === 0) throw new Error('no answer was swallowed')
}

/** Nothing arrives for three seconds, and no connection breaks. Then everything goes on, or is cut. */
export async function hole({ proxy, world, random }: Stage<Engine>): Promise<void> {
  await world.trouble(async () => {
    proxy.openHole()
    await Bun.sleep(3000)
    if (random.chance(0.5)) proxy.cut()
    proxy.heal()
  })
}
