import { readFileSync } from 'node:fs'

/** The files that the pages load. */
export type AssetName = 'style.css' | 'enhance.js' | 'icon.svg'

/**
 * Returns the text of a file that the pages load. `npm run build` replaces this module by one that holds the
 * texts, so that an application can be bundled into one file.
 */
export function readAsset(name: AssetName): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')
}
