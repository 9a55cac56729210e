import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { Measured, Request } from './types.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** The bench's script and its chunks by file name: a peer that is not asked for is not loaded. */
async function bundle(): Promise<Map<string, string>> {
  const output = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      target: 'es2023',
      modulePreload: false,
      rollupOptions: {
        input: fileURLToPath(new URL('page.ts', import.meta.url)),
        output: { entryFileNames: 'page.js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  if (first === undefined || !('output' in first)) throw new Error('vite built nothing');
  return new Map(first.output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.code]] : [])));
}

export interface BenchServer {
  readonly url: string;
  /** Resolves with what the page measured; rejects with what went wrong in it. */
  readonly result: Promise<Measured>;
  readonly close: () => void;
}

/** Serves the bench's page on loopback, which is a secure context, and takes in what it says. */
export async function serveBench(
  task: Request & { readonly versions: Readonly<Record<string, string>> },
  tell: (line: string) => void,
): Promise<BenchServer> {
  const files = await bundle();
  const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  let succeed: (measured: Measured) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const result = new Promise<Measured>((resolve, reject) => {
    succeed = resolve;
    fail = reject;
  });
  result.catch(() => undefined); // it may fail before anyone waits
  const take: Readonly<Record<string, (body: string) => void>> = {
    '/line': tell,
    '/result': (body) => {
      succeed(JSON.parse(body) as Measured);
    },
    '/failure': (body) => {
      fail(new Error(`the page: ${body}`));
    },
  };
  const give = (path: string): { body: string | Buffer; type: string } | undefined => {
    if (path === '/')
      return {
        body: '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
        type: 'text/html',
      };
    if (path === '/task') return { body: JSON.stringify(task), type: 'application/json' };
    const type = contentTypes[extname(path)] ?? 'application/octet-stream';
    const chunk = files.get(path.slice(1));
    if (chunk !== undefined) return { body: chunk, type };
    const ortFile = /^\/ort\/([\w.-]+)$/.exec(path)?.[1];
    return ortFile === undefined ? undefined : { body: readFileSync(join(ort, ortFile)), type };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '/';
    // Isolated, so that the clock ticks in 5 microseconds and not in 100.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    if (request.method === 'POST') {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      take[path]?.(Buffer.concat(parts).toString());
      response.end();
      return;
    }
    const found = give(path);
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': found?.type ?? 'text/plain' });
    response.end(found?.body);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    result,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
