import type { Meter } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import type { createMac } from '../../src/index.ts'
import { listen } from './listen.ts'
import { authorization } from './sign.ts'

const DAY = 86_400

/**
 * Measures three accepted requests, a copy of the last one, two unsigned requests, a rotation and a cleanup
 * with OpenTelemetry.
 *
 * @param meterMac Registers the instruments with the meter.
 * @returns The metrics as text. A duration shows its count, and `seconds` if the sum can be one of seconds.
 *   A size shows its count and its sum.
 */
export async function metered(
  meterMac: (meter: Meter) => void,
  create: typeof createMac,
): Promise<string[]> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
  meterMac(provider.getMeter('withmac'))
  const begun = performance.now()
  await useMac(create)
  const elapsed = (performance.now() - begun) / 1000
  await provider.forceFlush()
  const metrics = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? []
  await provider.shutdown()
  return metrics
    .flatMap(({ descriptor: { name, unit }, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => {
        const named = [name, ...Object.values(attributes)].join(' ')
        if (typeof value === 'number') return `${named} ${value}`
        const { count, sum = 0 } = value
        const total = unit === 's' ? (sum > 0 && sum < elapsed ? 'seconds' : sum) : sum
        return `${named} ${count} with ${total}`
      }),
    )
    .sort()
}

async function useMac(create: typeof createMac): Promise<void> {
  let seconds = Math.floor(Date.now() / 1000)
  const mac = create({ database: 'sqlite::memory:', now: () => seconds })
  const ada = await mac.createCredential('ada')
  const server = await listen(mac.withMac(() => new Response()))
  const url = `http://127.0.0.1:${server.port}/`
  const send = async (headers: Record<string, string>) => (await fetch(url, { headers })).text()
  let signature = ''
  for (const _ of 'abc') {
    signature = authorization(ada, url)
    await send({ authorization: signature })
  }
  await send({ authorization: signature })
  for (const _ of 'ab') await send({})
  await server.close()
  await mac.rotateCredential(ada.id)
  seconds += DAY
  await mac.prune()
  await mac.close()
}
