import { isBuiltin, SourceMap, type SourceMapPayload } from 'node:module';
import { relative, resolve } from 'node:path';
import { build, type Plugin } from 'vite';
import { root } from '../../scripts/steps.mjs';

const here = (name: string): string => resolve(root, 'e2e/kernels', name);

/** The script of a page that runs a test file. */
export const runnerScript = 'run.js';

export interface Bundle {
  /** Scripts by file name; `a/b.test.ts` is `a/b.test.js`. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Of a test file that needs Node: which of its built-ins, and who imports them. */
  readonly needsNode: ReadonlyMap<string, string>;
  /** A stack with the places in our own sources instead of those in the scripts, ours only. */
  readonly readStack: (stack: string) => string;
}

/** A test file as a page gets it: `vitest` and the opener of Dawn are the page's own, all else is what Node runs. */
const pageModules = (): Plugin => ({
  name: 'page-modules',
  enforce: 'pre',
  resolveId(source, importer) {
    if (source === 'vitest') return here('vitest-in-page.ts');
    if (/(^|\/)hosts\/node\.ts$/.test(source)) return here('gpu-in-page.ts');
    return importer !== undefined && isBuiltin(source) ? `\0needs-node:${source}` : undefined;
  },
  load: (id) => (id.startsWith('\0needs-node:') ? 'module.exports = {};' : undefined),
});

/** Bundles test files (paths from the root) for a page, each with its own script. */
export async function bundleTests(files: readonly string[]): Promise<Bundle> {
  const needsNode = new Map<string, string>();
  const findsNode: Plugin = {
    name: 'finds-node',
    generateBundle() {
      for (const file of files) {
        const seen = new Set<string>();
        const walk = (id: string, importer: string): void => {
          if (seen.has(id)) return;
          seen.add(id);
          if (id.startsWith('\0needs-node:'))
            needsNode.set(
              file,
              `${id.slice('\0needs-node:'.length)}, imported by ${relative(root, importer)}`,
            );
          for (const next of this.getModuleInfo(id)?.importedIds ?? []) walk(next, id);
        };
        walk(resolve(root, file), file);
      }
    },
  };
  const input = {
    [runnerScript.replace(/\.js$/, '')]: here('in-page.ts'),
    ...Object.fromEntries(files.map((file) => [file.replace(/\.ts$/, ''), resolve(root, file)])),
  };
  const output = await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [pageModules(), findsNode],
    build: {
      write: false,
      minify: false,
      sourcemap: 'hidden',
      target: 'es2023',
      modulePreload: false,
      rollupOptions: {
        input,
        preserveEntrySignatures: 'allow-extension',
        output: { entryFileNames: '[name].js', chunkFileNames: 'shared/[name]-[hash].js' },
      },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  if (first === undefined || !('output' in first)) throw new Error('vite built nothing');
  const scripts = new Map<string, string>();
  const maps = new Map<string, SourceMap>();
  for (const chunk of first.output) {
    if (chunk.type !== 'chunk') continue;
    scripts.set(chunk.fileName, chunk.code);
    if (chunk.map !== null) maps.set(chunk.fileName, new SourceMap(chunk.map as unknown as SourceMapPayload));
  }
  return { scripts, needsNode, readStack: (stack) => placesIn(stack, maps).join('\n') };
}

/** The places of a stack that lie in our sources, as `path:line`, innermost first. Chromium and Firefox write it differently. */
function placesIn(stack: string, maps: ReadonlyMap<string, SourceMap>): string[] {
  const places: string[] = [];
  for (const [, script, line, column] of stack.matchAll(/https?:\/\/[^/\s]+\/([^\s?#)]+\.js):(\d+):(\d+)/g)) {
    const entry = maps.get(script ?? '')?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) continue;
    const source = entry.originalSource.replace(/^(\.\.\/)+/, '');
    if (!source.includes('node_modules')) places.push(`${source}:${entry.originalLine + 1}`);
  }
  return places;
}
