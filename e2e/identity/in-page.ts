// Bundled by identity.spec.ts: the durable signing log in a real browser's IndexedDB.
import { StarlingError } from '../../src/base/errors.ts';
import type { PeerId, RunId } from '../../src/base/ids.ts';
import { openIdentityDatabase } from '../../src/hosts/identity-database.ts';
import { openSigningLog } from '../../src/hosts/signing-log.ts';
import type { SignedKind, SigningLog } from '../../src/swarm/signing-log.ts';

const peer = 'a'.repeat(32) as PeerId;
const runOf = (run: number) => run.toString(16).padStart(64, '0') as RunId;
const kinds: readonly SignedKind[] = ['contribution', 'confirm', 'record'];

const logs: SigningLog[] = [];

const codeOf = (thrown: unknown): string => (thrown instanceof StarlingError ? thrown.code : String(thrown));

/** Opens the log of a run; resolves with its number, or with the code of what went wrong. */
export const open = (run: number): Promise<number | string> =>
  openSigningLog(peer, runOf(run)).then((log) => logs.push(log) - 1, codeOf);

/** Contribution, confirm, record. */
export const highest = (log: number): (number | undefined)[] => kinds.map((kind) => logs[log]?.highest(kind));

/** "durable", or the code of the refusal. */
export async function claim(log: number, kind: SignedKind, round: number): Promise<string> {
  try {
    await logs[log]?.claim(kind, round);
    return 'durable';
  } catch (thrown) {
    return codeOf(thrown);
  }
}

/** Asks for a signature and goes without waiting: what a reload in the middle of a round does. */
export function claimAndReload(log: number, kind: SignedKind, round: number): void {
  void logs[log]?.claim(kind, round);
  location.reload();
}

/** Runs whose logs are kept, in order. */
export async function keptRuns(): Promise<number[]> {
  const database = await openIdentityDatabase();
  const keys = await database.getAllKeys('signed');
  database.close();
  return keys.map(([, run]) => parseInt(run, 16)).sort((a, b) => a - b);
}

export async function scribble(run: number, value: unknown): Promise<void> {
  const database = await openIdentityDatabase();
  await database.put('signed', value, [peer, runOf(run)]);
  database.close();
}

/** Milliseconds of each of `rounds` x 3 claims, ascending. */
export async function timeClaims(log: number, rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const since = performance.now();
      await logs[log]?.claim(kind, round);
      times.push(performance.now() - since);
    }
  }
  return times.sort((a, b) => a - b);
}
