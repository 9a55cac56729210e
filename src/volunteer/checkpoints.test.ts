import { expect, test } from 'vitest';
import type { Bytes } from '../base/bytes.ts';
import { accepted, refused } from '../base/verdict.ts';
import type { ParameterLayout } from '../model/parameters.ts';
import type { StoredState } from '../swarm/swarm-api.ts';
import { checkpointEvery, Checkpoints } from './checkpoints.ts';

/** A replica whose state is its first byte, over a shelf that a test fills. */
function bench() {
  const kept: StoredState[] = [];
  const stood: number[] = [];
  const failures: unknown[] = [];
  let shelf: StoredState[] = [];
  const replica = {
    layout: { length: 1, specs: [] } as ParameterLayout,
    holds: new Uint8Array([1]),
    snapshot: () => Promise.resolve(replica.holds),
    restore(bytes: Bytes) {
      if (bytes.length !== 1) return refused('wrong length');
      replica.holds = bytes;
      return accepted(undefined);
    },
    digest: () => Promise.resolve(String(replica.holds[0])),
  };
  const swarm = {
    keep: (stored: StoredState) => {
      kept.push(stored);
      return stored.round === 13 ? Promise.reject(new Error('no room')) : Promise.resolve();
    },
    stored: () => shelf.at(-1),
    standAt: (round: number) => stood.push(round),
  };
  const checkpoints = new Checkpoints(swarm, replica, (thrown) => failures.push(thrown));
  const put = (...states: StoredState[]): void => {
    shelf = states;
  };
  return { checkpoints, replica, kept, stood, failures, put };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('small replicas are kept every 8 rounds, large ones every 64', () => {
  expect(checkpointEvery(656_640)).toBe(8);
  expect(checkpointEvery(16 << 20)).toBe(64);
});

test('a state is kept as it was, unless the replica was put elsewhere while it was read', async () => {
  const { checkpoints, kept, failures } = bench();
  checkpoints.take({ round: 8, state: '1' });
  await turn();
  expect(kept.map(({ round }) => round)).toEqual([8]);
  checkpoints.take({ round: 16, state: '1' });
  checkpoints.moved();
  await turn();
  expect(kept.map(({ round }) => round)).toEqual([8]);
  checkpoints.take({ round: 13, state: '1' });
  await turn();
  expect(failures).toHaveLength(1);
});

test('going back restores the newest kept state; one that is not what it says is not stood on', async () => {
  const { checkpoints, replica, stood, put } = bench();
  expect(await checkpoints.goBack()).toBe(undefined);
  put({ round: 8, state: '7', bytes: new Uint8Array([7]) });
  expect(await checkpoints.goBack()).toEqual({ round: 8, state: '7' });
  expect(replica.holds[0]).toBe(7);
  put({ round: 16, state: '9', bytes: new Uint8Array([5]) });
  expect(await checkpoints.goBack()).toBe(undefined);
  expect(stood).toEqual([8]);
});

test('a chain that is cut back further meanwhile is gone back on further', async () => {
  const { checkpoints, replica, stood, put } = bench();
  const [older, newer] = [8, 16].map((round) => ({
    round,
    state: String(round),
    bytes: new Uint8Array([round]),
  }));
  put(older, newer);
  const { digest } = replica;
  replica.digest = () => {
    put(older);
    return digest();
  };
  expect(await checkpoints.goBack()).toEqual({ round: 8, state: '8' });
  expect(stood).toEqual([8]);
});
