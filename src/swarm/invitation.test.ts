import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunId } from '../base/ids.ts';
import {
  admissionTo,
  drawInvitation,
  invitationCharacters,
  openInvitation,
  readInvitation,
  writeInvitation,
} from './invitation.ts';

const [key, other] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
const run = 'd'.repeat(64) as RunId;

test('a key in an address is read back, and anything else is none', () => {
  const drawn = drawInvitation();
  expect(writeInvitation(drawn)).toHaveLength(invitationCharacters);
  expect(readInvitation(writeInvitation(drawn))).toEqual(drawn);
  expect(readInvitation(writeInvitation(drawn).slice(1))).toBeUndefined();
  const keyText = fc.oneof(
    fc.string(),
    fc.string({ minLength: invitationCharacters, maxLength: invitationCharacters }),
    fc.string({ unit: fc.constantFrom(...'AZaz09-_'), minLength: 42, maxLength: 44 }),
  );
  fc.assert(
    fc.property(keyText, (text) => {
      const read = readInvitation(text);
      if (read !== undefined) expect(writeInvitation(read)).toBe(text);
    }),
    { seed: 3, numRuns: 3000 },
  );
});

test('the rooms of a key are always the same, and those of another key, name, run or purpose are others', async () => {
  const [mine, again, foreign] = await Promise.all([key, key, other].map(openInvitation));
  expect(await mine?.room('class')).toBe(await again?.room('class'));
  expect((await mine?.mesh(run))?.room).toBe((await again?.mesh(run))?.room);
  const rooms = [
    await mine?.room('class'),
    await mine?.room('class2'),
    await foreign?.room('class'),
    (await mine?.mesh(run))?.room,
    (await mine?.mesh('e'.repeat(64) as RunId))?.room,
    (await foreign?.mesh(run))?.room,
  ];
  expect(new Set(rooms).size).toBe(rooms.length);
  expect(rooms.join()).not.toContain(run);
  expect((await mine?.mesh(run))?.room).toMatch(/^[0-9a-f]{64}$/);
});

/** Fixed, so that a change of the derivation, which would part old pages from new ones, is seen. */
test('the derivation is HKDF-SHA-256 as written in the protocol', async () => {
  const { hkdfSync } = await import('node:crypto');
  const expected = (purpose: string, context: string) =>
    Buffer.from(hkdfSync('sha256', key, '', `starling invitation 1\n${purpose}\n${context}`, 32)).toString(
      'hex',
    );
  const invitation = await openInvitation(key);
  expect(await invitation.room('class')).toBe(`starling/invited/${expected('room', 'class')}`);
  expect((await invitation.mesh(run)).room).toBe(expected('mesh room', run));
});

test('what a holder shut is opened by holders, at its place, and by nobody else', async () => {
  const [mine, theirs, foreign] = [
    await openInvitation(key),
    await openInvitation(key),
    await openInvitation(other),
  ];
  const value = { type: 'announce', from: 'ü', list: [1, null, { deep: true }] };
  const shut = await mine.documentSeal.shut(value, 'a/room');
  expect(await theirs.documentSeal.open(shut, 'a/room')).toEqual({ ok: true, value });
  const refusal = { ok: false, reason: 'uninvited' };
  expect(await theirs.documentSeal.open(shut, 'another/room')).toEqual(refusal);
  expect(await foreign.documentSeal.open(shut, 'a/room')).toEqual(refusal);
  const { seal } = await mine.mesh(run);
  expect(await seal?.open(shut, 'a/room')).toEqual(refusal);
  expect(await mine.documentSeal.shut(value, 'a/room')).not.toBe(shut);
});

test('no value that was not shut with the key opens, and none throws', async () => {
  const { documentSeal } = await openInvitation(key);
  const shut = await documentSeal.shut({ kind: 'announce' }, 'here');
  const mutant = fc
    .tuple(fc.nat(shut.length - 1), fc.constantFrom(...'AZaz09-_=+\0'))
    .filter(([at, letter]) => shut[at] !== letter)
    .map(([at, letter]) => shut.slice(0, at) + letter + shut.slice(at + 1));
  const cut = fc.nat(shut.length - 1).map((length) => shut.slice(0, length));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.anything(), fc.string(), mutant, cut), async (sealed) => {
      expect(await documentSeal.open(sealed, 'here')).toEqual({ ok: false, reason: 'uninvited' });
    }),
    { seed: 5, numRuns: 2000 },
  );
});

test('a public run is open to whoever knows its id; a key that is no key opens nothing', async () => {
  expect(await admissionTo(run, undefined)).toEqual({ room: run, seal: undefined });
  const { room, seal } = await admissionTo(run, await openInvitation(key));
  expect(room).not.toBe(run);
  expect(seal).toBeDefined();
  await expect(openInvitation(new Uint8Array(31))).rejects.toMatchObject({ code: 'invitation-damaged' });
});
