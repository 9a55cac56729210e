import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import type { RunId } from '../base/ids.ts';
import { verify } from '../swarm/identity.ts';
import { openNodeKey } from './node-key.ts';

const run = 'ab'.repeat(32) as RunId;
const otherRun = 'cd'.repeat(32) as RunId;
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'starling-key-'));
  file = join(folder, 'key.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a key file is made once, for its owner only, and gives the same volunteer at the next start', async () => {
  const first = await openNodeKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  first.release();
  const second = await openNodeKey(file);
  expect(second.identity.id).toBe(first.identity.id);
  expect(second.identity.keys.privateKey.extractable).toBe(false);
  const bytes = utf8('signed before, checked after');
  expect(await verify(second.identity.publicKey, bytes, await first.identity.sign(bytes))).toBe(true);
});

test('without a file the key and its log live in memory', async () => {
  const [a, b] = [await openNodeKey(undefined), await openNodeKey(undefined)];
  expect(a.identity.id).not.toBe(b.identity.id);
  expect((await a.openSigningLog(run)).claim('confirm', 1)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});

test('one process at a time holds a key file; one that died without a word does not keep it', async () => {
  const held = await openNodeKey(file);
  await expect(openNodeKey(file)).rejects.toMatchObject({ code: 'key-file' });
  await expect(openNodeKey(file)).rejects.toThrow(`process ${process.pid} trains with it`);
  held.release();
  // No process has this number: Linux counts to 2^22.
  writeFileSync(`${file}.lock`, `${2 ** 30}\n`);
  expect((await openNodeKey(file)).identity.id).toBe(held.identity.id);
});

test('a signed round is on the disk before the signature leaves, so no later start signs it again', async () => {
  const first = await openNodeKey(file);
  const log = await first.openSigningLog(run);
  await log.claim('contribution', 7);
  await Promise.all([log.claim('confirm', 6), log.claim('record', 7), log.claim('confirm', 7)]);
  first.release();
  const again = await (await openNodeKey(file)).openSigningLog(run);
  expect([again.highest('contribution'), again.highest('confirm'), again.highest('record')]).toEqual([
    7, 7, 7,
  ]);
  expect(() => again.claim('confirm', 7)).toThrow(/has signed a confirm of round 7/);
  const elsewhere = await first.openSigningLog(otherRun);
  expect(elsewhere.highest('contribution')).toBe(-1);
});

test('a claim that cannot be stored rejects, and says what to do', async () => {
  const key = await openNodeKey(file);
  const log = await key.openSigningLog(run);
  rmSync(folder, { recursive: true });
  await expect(log.claim('confirm', 1)).rejects.toMatchObject({ code: 'key-file' });
});

test.each([
  ['no JSON', '{'],
  ['no key', '{}'],
  ['a public key only', '{"kty":"OKP","crv":"Ed25519","x":"AAAA"}'],
  ['another curve', '{"kty":"OKP","crv":"X25519","x":"AAAA","d":"AAAA"}'],
])('a key file that holds %s is refused and left as it is', async (_name, text) => {
  writeFileSync(file, text);
  await expect(openNodeKey(file)).rejects.toMatchObject({ code: 'key-file' });
  expect(statSync(file).size).toBe(text.length);
  expect(readdirSync(folder)).toEqual(['key.json']);
});

test('a damaged log is refused: it cannot be known what was signed', async () => {
  const key = await openNodeKey(file);
  writeFileSync(`${file}.${run.slice(0, 16)}.signed`, '{"confirm":"x"}');
  await expect(key.openSigningLog(run)).rejects.toThrow(/damaged/);
});
