// Makes the API reference from the docstrings of all entries of the package.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application, CommentTag, Converter, ReflectionKind } from 'typedoc'
import { ROOT } from './pages.mjs'

/** The types that others use, but that users cannot import. */
const UNEXPORTED = 'not exported'

/** Returns the sources of the entries in `exports`. */
function sourcesOf(exports) {
  return Object.entries(exports)
    .filter(([path]) => !path.endsWith('.json'))
    .map(([path, { types }]) => {
      if (types === undefined) throw new Error(`exports: ${path} names no types`)
      return join(ROOT, types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts'))
    })
}

/**
 * Writes the reference into a folder.
 *
 * @throws Error if a docstring links to something that does not exist.
 */
export async function writeReference(folder) {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const app = await Application.bootstrapWithPlugins({
    entryPoints: sourcesOf(exports),
    tsconfig: join(import.meta.dirname, 'tsconfig.json'),
    plugin: ['typedoc-plugin-missing-exports', 'typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: folder }],
    logLevel: 'Warn',
    // npm run typecheck does that.
    skipErrorChecking: true,
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,
    excludeExternals: true,
    disableSources: true,
    readme: 'none',
    name: 'API reference',
    entryFileName: 'index',
    internalModule: UNEXPORTED,
    hidePageHeader: true,
    hideBreadcrumbs: false,
    useCodeBlocks: true,
    expandObjects: true,
    parametersFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: { hideModifiers: true, hideInherited: true, hideSources: true },
    pageTitleTemplates: { index: '{projectName}', member: '{name}', module: '{name}' },
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      if (module.name === 'index') module.name = name
      else if (module.name !== UNEXPORTED) module.name = `${name}/${module.name}`
    }
    // The functions of the default Mac are written as constants.
    for (const { type, comment } of project.getReflectionsByKind(ReflectionKind.Variable)) {
      if (type?.type !== 'indexedAccess' && type?.name !== 'CreateCredential') continue
      comment?.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: 'Functions' }]))
    }
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('The sources cannot be read')
  app.validate(project)
  await app.generateOutputs(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) {
    throw new Error('The reference has the faults above')
  }
}
