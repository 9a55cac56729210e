import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/**
 * The script that makes what `entry` (a path from this folder) exports the global `name` of a page. Give it to
 * `page.evaluate`: the page's content policy rightly refuses a script element.
 */
export async function bundleForPage(entry: string, name: string): Promise<string> {
  // What another test imported through vite in this process may have left it in development mode.
  process.env['NODE_ENV'] = 'production';
  const output = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: { entry: fileURLToPath(new URL(entry, import.meta.url)), formats: ['iife'], name },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  if (first === undefined || !('output' in first)) throw new Error('vite built nothing');
  return `${first.output[0].code}; globalThis.${name} = ${name}; undefined`;
}
