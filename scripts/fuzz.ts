import { parseArgs } from 'node:util';
import { fromHex, toHex } from '../src/base/bytes.ts';
import { campaign, mutantOf } from './fuzz/campaign.ts';
import { check } from './fuzz/check.ts';
import { failureText, shallow, table, totalsOf } from './fuzz/report.ts';
import type { FuzzTarget } from './fuzz/target.ts';
import { allTargets } from './fuzz/targets.ts';

const usage = `npm run fuzz -- [--count 10000000] [--seed 1] [--seconds n] [--target part-of-a-name] [--index n | --hex bytes]

Gives mutated valid inputs to every decoder and checks that none throws, takes too much memory or time, gives a reason that is
not a short phrase, or accepts what does not come back from its own encoding. --index makes one mutant again, --hex
gives bytes as they are: both want one target.`;

/** Whole numbers only: a mistyped count must not fuzz nothing. */
function whole(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${text} is not a whole number`);
  return value;
}

/** `npm run fuzz`. Exits with 1 when a decoder broke a promise or too few mutants got past its first guard. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await run(argv);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ count: text, seed: text, seconds: text, target: text, index: text, hex: text },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return;
  }
  const named = values.target ?? '';
  const exact = allTargets.filter(({ name }) => name === named);
  const targets = exact.length > 0 ? exact : allTargets.filter(({ name }) => name.includes(named));
  if (targets.length === 0)
    throw new TypeError(
      `no target has "${named}" in its name: ${allTargets.map(({ name }) => name).join(', ')}`,
    );
  const seed = whole(values.seed, 1);
  if (values.index !== undefined || values.hex !== undefined) {
    const [target] = targets;
    if (targets.length !== 1 || target === undefined)
      throw new TypeError('--index and --hex want one target');
    const bytes =
      values.hex === undefined ? mutantOf(target, seed, whole(values.index, 0)) : fromHex(values.hex);
    if (bytes === undefined) throw new TypeError('--hex wants lower-case hex digits');
    await one(target, bytes);
    return;
  }
  await attack(targets, whole(values.count, 10_000_000), seed, whole(values.seconds, Infinity));
}

async function one(target: FuzzTarget, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const { past, outcome, fault } = await check(target, bytes);
  console.log(toHex(bytes));
  console.log(`${target.name}: ${outcome}${past ? '' : ', before the first guard'}`);
  if (fault === undefined) return;
  console.log(`FAILED ${fault.kind}: ${fault.detail}`);
  process.exitCode = 1;
}

async function attack(
  targets: readonly FuzzTarget[],
  count: number,
  seed: number,
  seconds: number,
): Promise<void> {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  let [printed, tried] = [0, 0];
  const tallies = await campaign({
    targets,
    count,
    seed,
    enough: () => elapsed() >= seconds,
    onSlice(now) {
      tried = now;
      if (elapsed() < printed + 10) return;
      printed = elapsed();
      const left = ((count - tried) * printed) / tried;
      console.log(
        `${tried} of ${count} in ${printed.toFixed(0)} s, ${Math.round(tried / printed)} a second, ${left.toFixed(0)} s left`,
      );
    },
  });
  const failures = tallies.flatMap((tally) => tally.failures);
  const { tried: all, past, accepted } = totalsOf(tallies);
  console.log(table(tallies));
  console.log(
    `seed ${seed}: ${all} mutants in ${elapsed().toFixed(1)} s (${Math.round(all / elapsed())} a second), ` +
      `${past} past the first guard, ${accepted} accepted, ${failures.length} failures`,
  );
  for (const failure of failures) console.log(`\nFAILED ${failureText(failure)}`);
  const weak = shallow(tallies);
  for (const line of weak) console.log(`FAILED ${line}`);
  if (all === 0 || failures.length > 0 || weak.length > 0) process.exitCode = 1;
}
