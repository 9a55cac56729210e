import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { embedHeaders, pageHeaders } from './content-policy.ts';
import type { Metrics } from './metrics.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.wgsl': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** Names that carry a digest of their content: Vite's assets and the corpus shards. */
const namedByContent = /^\/(?:assets\/.+-[\w-]{8}\.\w+|corpus\/[0-9a-f]{64}\.bin)$/;

export interface StaticFolders {
  /** The built page. */
  readonly page: string;
  /** What /corpus/ serves; undefined: the page's own `corpus` folder. */
  readonly corpus: string | undefined;
}

export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain',
): void {
  response.writeHead(status, {
    ...pageHeaders,
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}

/** The decoded path of a request, or undefined when it is not plainly one: no dot segments, no hidden names, no NUL. */
export function requestPath(url: string | undefined): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent((url ?? '').split(/[?#]/, 1)[0] ?? '');
  } catch {
    return undefined;
  }
  // eslint-disable-next-line no-control-regex
  if (!path.startsWith('/') || /[\\\x00-\x1f]/.test(path)) return undefined;
  if (path.split('/').some((segment) => segment.startsWith('.'))) return undefined;
  return path;
}

/** The real path of a regular file inside `folder`, or undefined. A link that leads outside does not count. */
async function fileInside(
  folder: string,
  path: string,
): Promise<{ path: string; size: number; modifiedMs: number } | undefined> {
  try {
    const root = await realpath(folder);
    const real = await realpath(join(root, path));
    if (!real.startsWith(root + sep)) return undefined;
    const facts = await stat(real);
    return facts.isFile() ? { path: real, size: facts.size, modifiedMs: facts.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

/** The files that paths without a file's name stand for. */
const pages: Readonly<Record<string, string>> = { '/': 'index.html', '/embed': 'embed.html' };

/** Answers a request with a file: GET and HEAD, `/` and `/embed` are pages, anything missing is 404. Never throws. */
export async function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  folders: StaticFolders,
  metrics: Metrics,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    metrics.refuse('HTTP method');
    response.setHeader('Allow', 'GET, HEAD');
    answerText(response, 405, 'Only GET and HEAD are answered here.\n');
    return;
  }
  const path = requestPath(request.url);
  if (path === undefined) {
    metrics.refuse('HTTP path');
    answerText(response, 400, 'That is not a path of this site.\n');
    return;
  }
  const file =
    path.startsWith('/corpus/') && folders.corpus !== undefined
      ? await fileInside(folders.corpus, path.slice('/corpus/'.length))
      : await fileInside(folders.page, pages[path] ?? path.slice(1));
  if (file === undefined) {
    if (path === '/') answerText(response, 503, 'The page is not built. Run: npm start\n');
    else answerText(response, 404, 'Not found.\n');
    return;
  }
  const etag = `"${file.size.toString(16)}-${Math.round(file.modifiedMs).toString(16)}"`;
  const headers = {
    ...(path === '/embed' || path === '/embed.html' ? embedHeaders : pageHeaders),
    ETag: etag,
    'Cache-Control': namedByContent.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'Content-Type': contentTypes[extname(file.path).toLowerCase()] ?? 'application/octet-stream',
    'Content-Length': file.size,
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(createReadStream(file.path), response);
  } catch {
    // The reader went, or the file changed under us: the status line is out, so cutting is all that is left to say.
    metrics.refuse('socket broken');
    response.destroy();
  }
}
