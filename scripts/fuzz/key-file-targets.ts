import { utf8 } from '../../src/base/bytes.ts';
import type { RunId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import {
  readKeyContents,
  readKeyFile,
  writeKeyContents,
  writeKeyFile,
  type KeyContents,
  type KeyFile,
} from '../../src/swarm/key-file.ts';
import { draw, drawBytes, drawCount, drawHex, drawList, oneIn, pick } from './draw.ts';
import { jsonTarget, textOf } from './json-target.ts';
import type { FuzzTarget } from './target.ts';

const file = (random: SeededRandom): KeyFile => ({
  iterations: 600_000 + draw(random, 4_400_001),
  salt: drawBytes(random, 16),
  iv: drawBytes(random, 12),
  box: drawBytes(random, 16 + draw(random, 400)),
});

const round = (random: SeededRandom): number => drawCount(random, 1e9) - 1;

const contents = (random: SeededRandom): KeyContents => ({
  pkcs8: drawBytes(random, 48),
  publicKey: drawBytes(random, 32),
  name: oneIn(random, 2) ? undefined : pick(random, ['Ada Lovelace', '鯨', 'x']),
  moves: draw(random, 9),
  signed: drawList(random, 5, () => {
    const rounds = {
      ...{ contribution: round(random), confirm: round(random) },
      ...{ record: round(random), lock: round(random) },
    };
    return [drawHex(random, 32) as RunId, rounds] as const;
  }),
});

/** Files of keys, which anyone may hand on, and what is in one, which anyone may write who knows its password. */
export const keyFileTargets: readonly FuzzTarget[] = [
  jsonTarget<unknown, KeyFile>('key-file', {
    generate: (random) => JSON.parse(writeKeyFile(file(random))) as unknown,
    decode: (bytes) => readKeyFile(textOf(bytes)),
    encode: (value) => utf8(writeKeyFile(value)),
    problem: ({ iterations }) => (iterations < 600_000 ? 'a seal that is too weak' : undefined),
    notJson: ['key file too long', 'key file is not JSON'],
  }),
  jsonTarget<unknown, KeyContents>('key-contents', {
    generate: (random) => JSON.parse(writeKeyContents(contents(random))) as unknown,
    decode: (bytes) => readKeyContents(textOf(bytes)),
    encode: (value) => utf8(writeKeyContents(value)),
    problem: ({ signed }) =>
      new Set(signed.map(([run]) => run)).size === signed.length ? undefined : 'a run twice',
    notJson: ['key contents are not JSON'],
  }),
];
