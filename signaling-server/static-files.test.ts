import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { policyInPage } from './content-policy.ts';
import { createSignalingServer, type SignalingServer } from './server.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function site(): Promise<SignalingServer> {
  const page = await mkdtemp(join(tmpdir(), 'starling-files-'));
  cleanups.push(() => rm(page, { recursive: true }));
  await writeFile(join(page, 'index.html'), 'the page');
  await writeFile(join(page, 'embed.html'), 'the frame');
  await mkdir(join(page, 'assets'));
  await writeFile(join(page, 'assets', 'index-AbC_12-9.js'), 'export {}');
  const server = await createSignalingServer({
    port: 0,
    host: '127.0.0.1',
    folders: { page, corpus: undefined },
  });
  cleanups.push(() => server.close());
  return server;
}

/** Directives by name. */
const directives = (policy: string): Record<string, string> =>
  Object.fromEntries(
    policy.split('; ').map((directive) => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources.join(' ')];
    }),
  );

test('every answer carries one policy without exceptions, and only the page for frames may be framed', async () => {
  const { url } = await site();
  const paths = [
    '/',
    '/index.html',
    '/assets/index-AbC_12-9.js',
    '/missing',
    '/healthz',
    '/embed',
    '/embed.html',
  ];
  for (const path of paths) {
    const { headers } = await fetch(url + path);
    const policy = headers.get('content-security-policy') ?? '';
    const { 'frame-ancestors': ancestors, ...rest } = directives(policy);
    expect(ancestors, path).toBe(path.startsWith('/embed') ? '*' : "'none'");
    expect(rest, path).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'worker-src': "'self'",
      'style-src': "'self'",
      'img-src': "'self'",
      'font-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
    });
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('referrer-policy'), path).toBe('no-referrer');
  }
});

test('the page in the head says what the header says, but for who may frame it', () => {
  expect(policyInPage).not.toMatch(/unsafe|data:|blob:|https?:|wss?:|\*|frame-ancestors/);
  expect(directives(policyInPage)['default-src']).toBe("'none'");
});

test('the page asks for four powers, and the page for frames for none', async () => {
  const { url } = await site();
  const powers = async (path: string): Promise<string[]> => {
    const header = (await fetch(url + path)).headers.get('permissions-policy') ?? '';
    return header.split(', ').filter((power) => !power.endsWith('=()'));
  };
  expect(await powers('/')).toEqual(
    ['clipboard-write', 'fullscreen', 'screen-wake-lock'].map((name) => `${name}=(self)`),
  );
  expect(await powers('/embed')).toEqual([]);
});

test('the page for frames has a short address', async () => {
  const { url } = await site();
  expect(await (await fetch(`${url}/embed?run=whales`)).text()).toBe('the frame');
  expect((await fetch(`${url}/embed/`)).status).toBe(404);
  expect((await fetch(`${url}/embed`)).headers.get('content-type')).toBe('text/html; charset=utf-8');
});
