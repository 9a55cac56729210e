import { describe, expect, test } from 'vitest';
import { utf8, type Bytes } from '../../src/base/bytes.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { accepted, refused } from '../../src/base/verdict.ts';
import { fuzzRounds } from '../../src/testing/long.ts';
import { campaign, mutantOf, type Failure } from './campaign.ts';
import { check } from './check.ts';
import { drawBytes } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { failureText, shallow, table, totalsOf } from './report.ts';
import { fuzzTarget, type FuzzTarget } from './target.ts';
import { allTargets } from './targets.ts';

const seed = 1;

describe('every decoder', () => {
  test(`keeps its promises under 100,000 mutants, half of which get past its first guard (seed ${seed})`, async () => {
    const tallies = await campaign({ targets: allTargets, count: fuzzRounds(100_000), seed });
    console.log(table(tallies));
    const failures = tallies.flatMap((tally) => tally.failures);
    expect(failures.map(failureText)).toEqual([]);
    expect(shallow(tallies)).toEqual([]);
    const { tried, past } = totalsOf(tallies);
    expect(tried).toBeGreaterThanOrEqual(fuzzRounds(100_000));
    expect(past).toBeGreaterThan(tried / 2);
    // A decoder that refuses every mutant, or none, is not being tried.
    for (const { target, tried: all, accepted: taken } of tallies) {
      expect(taken, target.name).toBeGreaterThan(0);
      if (target.name !== 'page-options') expect(taken, target.name).toBeLessThan(all);
    }
  }, 300_000);

  test('has a name of its own', () => {
    expect(new Set(allTargets.map(({ name }) => name)).size).toBe(allTargets.length);
  });
});

const named = (name: string): FuzzTarget => {
  const found = allTargets.find((target) => target.name === name);
  if (found === undefined) throw new Error(`no target ${name}`);
  return found;
};

describe('what fuzzing has found stays mended', () => {
  test.each([
    [
      'corpus-manifest',
      utf8(`{"shards":[${'0,'.repeat(100_000)}0]}`),
      'a list of every problem in a manifest',
    ],
    ['run-config', utf8(`{"strategy":{"schedule":[${'0,'.repeat(7_000)}0]}}`), 'the same in a config'],
    [
      'message-want-record',
      new Uint8Array([0x49, ...Array<number>(150).fill(0x80), 1]),
      'a round that is no number',
    ],
    ['message-want-record', new Uint8Array([0x49, 0x85, 0x00]), 'a round of more bytes than it needs'],
  ])('%s: %#', async (name, bytes, what) => {
    const { outcome, fault } = await check(named(name), new Uint8Array(bytes));
    expect(fault, what).toBeUndefined();
    expect(outcome, what).not.toBe('accepted');
  });
});

/** Two bytes: a version that must be 7, and a value below 200. Each test plants one fault in it. */
function toy(fault: Partial<FuzzTarget<number, number>> = {}): FuzzTarget {
  return fuzzTarget<number, number>({
    name: 'toy',
    firstGuard: 'the version is 7',
    canonical: true,
    sample(random) {
      const value = random.u32() % 200;
      return { value, bytes: new Uint8Array([7, value]) };
    },
    mutate: (random, { bytes }, other) => mutateBytes(random, bytes, other.bytes, { head: 1, stride: 1 }),
    decode(bytes) {
      if (bytes[0] !== 7) return refused('wrong version');
      if (bytes.length !== 2) return refused('wrong length');
      const value = bytes[1] ?? 0;
      return value < 200 ? accepted(value) : refused('value too large');
    },
    isPast: (bytes) => bytes[0] === 7,
    encode: (value) => new Uint8Array([7, value]),
    ...fault,
  });
}

async function attack(target: FuzzTarget, count = 3_000): Promise<readonly Failure[]> {
  return (await campaign({ targets: [target], count, seed: 5 })).flatMap((tally) => tally.failures);
}

const held: Uint8Array[] = [];

const plants: readonly [string, Failure['kind'], Partial<FuzzTarget<number, number>>][] = [
  [
    'a decoder that throws on a rare byte',
    'threw',
    {
      decode(bytes) {
        if (bytes[1] === 0xff) throw new Error('oops');
        return toy().decode(bytes) as ReturnType<FuzzTarget<number, number>['decode']>;
      },
    },
  ],
  [
    'a decoder that rejects its promise',
    'threw',
    {
      decode: (bytes) =>
        bytes[1] === 0xff ? Promise.reject(new Error('oops')) : Promise.resolve(accepted(1)),
    },
  ],
  [
    'a decoder that takes what is too long',
    'not-canonical',
    {
      decode: (bytes) =>
        bytes[0] === 7 && bytes.length >= 2 ? accepted(bytes[1] ?? 0) : refused('too short'),
    },
  ],
  [
    'a decoder whose value does not come back',
    'other-value',
    { canonical: false, decode: (bytes) => accepted(bytes[1] === 0x80 ? NaN : 3) },
  ],
  [
    'a decoder that refuses its own encoding',
    'own-bytes-refused',
    { canonical: false, encode: () => new Uint8Array([9]) },
  ],
  [
    'a value that cannot be encoded',
    'no-encoding',
    {
      encode() {
        throw new Error('oops');
      },
    },
  ],
  ['a value out of range', 'broken-promise', { problem: (value) => (value > 150 ? 'too large' : undefined) }],
  [
    'a reason that repeats what was sent',
    'bad-reason',
    { decode: (bytes) => refused(`value <${bytes.join()}>`) },
  ],
  [
    'a decoder that writes to its input',
    'input-changed',
    {
      decode(bytes) {
        bytes[1] = 0;
        return refused('wrong version');
      },
    },
  ],
  [
    'a decoder that allocates what a byte says',
    'too-much-memory',
    {
      decode(bytes) {
        if (bytes[1] === 0xff) held.push(new Uint8Array(3 << 20));
        return refused('wrong version');
      },
    },
  ],
  [
    'a decoder that takes long',
    'too-slow',
    {
      decode(bytes) {
        const until = performance.now() + (bytes[1] === 0xff ? 150 : 0);
        while (performance.now() < until);
        return refused('wrong version');
      },
    },
  ],
  ['valid inputs that are none', 'valid-refused', { decode: () => refused('wrong version') }],
];

describe('fuzzing finds', () => {
  test.each(plants)('%s', async (_, kind, fault) => {
    const failures = await attack(toy(fault));
    held.length = 0;
    expect(failures.map((failure) => failure.kind)).toContain(kind);
  });

  test('nothing in a decoder that is right, and says how often each guard refused', async () => {
    const [tally] = await campaign({ targets: [toy()], count: 5_000, seed: 5 });
    expect(tally?.failures).toEqual([]);
    expect([...(tally?.reasons.keys() ?? [])].sort()).toEqual([
      'value too large',
      'wrong length',
      'wrong version',
    ]);
    expect(tally?.tried).toBe(5_000);
    expect(tally?.past).toBeGreaterThan(2_500);
    expect(table([tally].flatMap((one) => one ?? []))).toMatch(/^toy +5000 /m);
  });

  test('too few mutants past the first guard', async () => {
    const tallies = await campaign({ targets: [toy({ isPast: () => false })], count: 100, seed: 5 });
    expect(shallow(tallies)).toEqual(['toy: only 0% got past the first guard']);
  });

  test('the same mutant again from its seed and index, whatever came before it', async () => {
    const throwing = toy({
      decode(bytes) {
        if (bytes[1] === 0xff) throw new Error('oops');
        return refused('wrong version');
      },
    });
    const found = (await attack(throwing)).find(({ kind }) => kind === 'threw');
    expect(found && Array.from(mutantOf(throwing, 5, found.index))).toEqual(Array.from(found?.bytes ?? []));
    expect(found?.shrunk).toEqual(new Uint8Array([0, 0xff]));
    expect(found && failureText(found)).toContain(`--target toy --seed 5 --index ${found?.index}`);
  });
});

test('mutations never change the sample they start from, and usually change something (seed 3)', () => {
  const random = new SeededRandom(3);
  const sample: Bytes = drawBytes(random, 40);
  const [before, other] = [sample.slice(), drawBytes(random, 30)];
  let changed = 0;
  for (let i = 0; i < 2_000; i++) {
    const mutant = mutateBytes(random, sample, other, { head: 2, stride: 1 });
    expect(sample).toEqual(before);
    if (Buffer.compare(mutant, sample) !== 0) changed++;
  }
  expect(changed).toBeGreaterThan(1_700);
});
