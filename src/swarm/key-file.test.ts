import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import type { RunId } from '../base/ids.ts';
import { drawKeyMaterial, identityFromMaterial, verify } from './identity.ts';
import {
  maxKeyFileCharacters,
  maxKeyFileRuns,
  openKeyFile,
  readKeyContents,
  readKeyFile,
  sealKeyFile,
  writeKeyContents,
  writeKeyFile,
  type KeyContents,
} from './key-file.ts';

const password = 'whale song 27';
const runOf = (n: number) => n.toString(16).padStart(64, '0') as RunId;
const rounds = { contribution: 41, confirm: 40, record: -1, lock: 38 };

const contents = async (change: Partial<KeyContents> = {}): Promise<KeyContents> => ({
  ...(await drawKeyMaterial()),
  ...{ name: 'Ada Lovelace', moves: 1, signed: [[runOf(1), rounds]] },
  ...change,
});

const reason = (read: { readonly ok: boolean; readonly reason?: string }) => read.reason;

describe('a key in a file', () => {
  test('comes back whole with its password: the same volunteer, its name, and what it signed', async () => {
    const mine = await contents();
    const text = await sealKeyFile(mine, password);
    const opened = await openKeyFile(text, password);
    expect(opened).toEqual({ ok: true, value: mine });
    const [before, after] = [
      await identityFromMaterial(mine),
      opened.ok ? await identityFromMaterial(opened.value) : undefined,
    ];
    if (!before.ok || after?.ok !== true) throw new Error('no identity');
    expect(after.value.id).toBe(before.value.id);
    expect(after.value.keys.privateKey.extractable).toBe(false);
    const signature = await after.value.sign(utf8('x'));
    expect(await verify(before.value.publicKey, utf8('x'), signature)).toBe(true);
  });

  test('shows nothing of itself without its password, and no two files are alike', async () => {
    const mine = await contents();
    const [one, other] = [await sealKeyFile(mine, password), await sealKeyFile(mine, password)];
    expect(one).not.toBe(other);
    const { pkcs8 } = JSON.parse(writeKeyContents(mine)) as { pkcs8: string };
    for (const hidden of ['Ada', runOf(1), pkcs8]) expect(one).not.toContain(hidden);
    expect(reason(await openKeyFile(one, 'whale song 28'))).toBe('wrong password or damaged');
    expect(reason(await openKeyFile(one, ''))).toBe('wrong password or damaged');
  });

  test('opens with the same letters, however a keyboard writes them', async () => {
    const text = await sealKeyFile(await contents(), 'caf\u00e9 au lait');
    expect((await openKeyFile(text, 'cafe\u0301 au lait')).ok).toBe(true);
  });

  test('whatever is changed in it, it does not open', async () => {
    const text = await sealKeyFile(await contents(), password);
    const read = readKeyFile(text);
    if (!read.ok) throw new Error(read.reason);
    const flip = (bytes: Uint8Array<ArrayBuffer>) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    const { iterations, salt, iv, box } = read.value;
    for (const change of [
      { iterations: iterations + 1 },
      { salt: flip(salt) },
      { iv: flip(iv) },
      { box: flip(box) },
      { box: box.subarray(0, box.length - 1) },
    ])
      expect(reason(await openKeyFile(writeKeyFile({ ...read.value, ...change }), password))).toBe(
        'wrong password or damaged',
      );
  });

  test('says what it is not', () => {
    const good = { format: 'starling-key', version: 1, iterations: 600_000, salt: 'A'.repeat(22) };
    const said = (change: object) =>
      reason(readKeyFile(JSON.stringify({ ...good, iv: 'A'.repeat(16), box: 'A'.repeat(64), ...change })));
    expect(said({})).toBeUndefined();
    expect(said({ format: 'other' })).toBe('no key file');
    expect(said({ version: 2, box: [] })).toBe('key file of a newer page');
    expect(said({ version: 0 })).toBe('key file damaged');
    // Who opens a file should neither be led to a weak seal nor be kept busy for hours.
    expect(said({ iterations: 1_000 })).toBe('key file damaged');
    expect(said({ iterations: 1e12 })).toBe('key file damaged');
    expect(said({ salt: 'A'.repeat(21) })).toBe('key file damaged');
    expect(said({ box: 'A A' })).toBe('key file damaged');
    expect(said({ more: 1 })).toBe('key file damaged');
    expect(reason(readKeyFile('# Starling'))).toBe('key file is not JSON');
    expect(reason(readKeyFile('null'))).toBe('no key file');
    expect(reason(readKeyFile('9'.repeat(maxKeyFileCharacters + 1)))).toBe('key file too long');
  });

  test('a file of as many runs as it may hold is read, one of more or of one run twice is not', async () => {
    const of = (count: number) => Array.from({ length: count }, (_, n) => [runOf(n), rounds] as const);
    const full = await contents({ signed: of(maxKeyFileRuns) });
    expect((await sealKeyFile(full, password)).length).toBeLessThan(maxKeyFileCharacters / 2);
    expect(readKeyContents(writeKeyContents(full)).ok).toBe(true);
    for (const signed of [of(maxKeyFileRuns + 1), [...of(2), ...of(1)]])
      expect(reason(readKeyContents(writeKeyContents({ ...full, signed })))).toBe('key file damaged');
  });

  test('whatever is in a box, only well-formed contents are taken', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(reason(readKeyContents(text))).toMatch(/^key (file damaged|contents are not JSON)$/);
      }),
      { numRuns: 500, seed: 20261123 },
    );
  });
});

test('halves of two keys are no key', async () => {
  const [one, other] = [await drawKeyMaterial(), await drawKeyMaterial()];
  expect(reason(await identityFromMaterial({ ...one, publicKey: other.publicKey }))).toBe(
    'key-halves-differ',
  );
  expect(reason(await identityFromMaterial({ ...one, pkcs8: one.pkcs8.subarray(1) }))).toBe('key-unusable');
});
