import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import type { SwarmView } from '../swarm/swarm-api.ts';
import type { Checkpoints } from './checkpoints.ts';
import { Mender } from './mender.ts';
import type { Street } from './train-round.ts';

const [self, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(32) as PeerId);
const look = (with_: Partial<SwarmView>): SwarmView =>
  ({ members: [self, b, c], replicasAgree: true, differs: undefined, ...with_ }) as SwarmView;
const at = (round: number) => ({ round, state: '0'.repeat(32) });
const mender = (): Mender => new Mender({} as Street, {} as Checkpoints);

test('while the replicas agree, and until what members signed is applied, nothing is in doubt', () => {
  expect(mender().inDoubt(look({}), self, at(9))).toBe(undefined);
  const differs = { round: 10, state: '1'.repeat(32) };
  expect(mender().inDoubt(look({ differs }), self, at(9))).toBe(undefined);
  expect(mender().inDoubt(look({ differs }), self, at(11))).toBe(10);
});

test('one other member that says otherwise is enough where there are two; of more, a certificate decides for some rounds', () => {
  expect(mender().inDoubt(look({ members: [self, b], replicasAgree: false }), self, at(9))).toBe(9);
  const among = mender();
  const dispute = look({ replicasAgree: false });
  expect([9, 10, 11, 12].map((round) => among.inDoubt(dispute, self, at(round)))).toEqual([
    ...[undefined, undefined, undefined],
    12,
  ]);
  expect(among.inDoubt(look({}), self, at(13))).toBe(undefined);
  expect(among.inDoubt(dispute, self, at(14))).toBe(undefined);
});
