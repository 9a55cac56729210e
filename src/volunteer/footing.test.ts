import { expect, test } from 'vitest';
import type { Bytes } from '../base/bytes.ts';
import { ManualClock } from '../base/clock.ts';
import { toyModel } from '../testing/toy-run.ts';
import type { Entry, SwarmView } from '../swarm/swarm-api.ts';
import { CatchingUp } from './catching-up.ts';
import { Footing, type FootingHost } from './footing.ts';
import type { Street } from './train-round.ts';

const drawn = 'd'.repeat(32);
const named = 'e'.repeat(32);
const later = 'f'.repeat(32);
const bytesOf = new Map<string, Bytes>([drawn, named, later].map((state, n) => [state, Uint8Array.of(n)]));
const stateOf = (bytes: Bytes): string => [...bytesOf.keys()][bytes[0] ?? 0] ?? '';

/** A volunteer of a run that starts from given weights, with a replica of one byte, and what it asks of the swarm in order. */
function world(wantsToTrain = true) {
  const said: string[] = [];
  const clock = new ManualClock();
  let holds = drawn;
  let view = { newestSeen: -1, isMember: false, active: [] as string[], catchUp: undefined as unknown };
  const listeners: (() => void)[] = [];
  let give: (bytes: Bytes) => void = () => undefined;
  let admit: (entry: Entry) => void = () => undefined;
  let enough: AbortSignal | undefined;
  const swarm = {
    view: () => view as unknown as SwarmView,
    onChange: (listener: () => void) => listeners.push(listener),
    setMembership: (wanted: boolean) => said.push(wanted ? 'join' : 'follow'),
    enter: (state: string) => {
      said.push(`enter ${state[0] ?? ''}`);
      return new Promise<Entry>((resolve) => {
        admit = resolve;
      });
    },
    confirm: () => Promise.resolve(),
    keep: () => Promise.resolve(),
  };
  const replica = {
    layout: { length: toyModel.width },
    snapshot: () => Promise.resolve(bytesOf.get(holds)),
    digest: () => Promise.resolve(holds),
    restore: (bytes: Bytes) => {
      holds = stateOf(bytes);
      said.push(`hold ${holds[0] ?? ''}`);
      return { ok: true };
    },
  };
  const start = {
    state: named,
    weights: (signal?: AbortSignal) => {
      enough = signal;
      return new Promise<Bytes>((resolve) => {
        give = resolve;
      });
    },
  };
  const board = { stateDigest: undefined as string | undefined, wentTo: () => undefined };
  const host = { board, catchingUp: new CatchingUp(clock), wantsToTrain: () => wantsToTrain };
  const footing = new Footing(
    { swarm, replica, start, clock } as unknown as Street,
    host as unknown as FootingHost,
  );
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  return {
    ...{ footing, said, settle },
    isAsked: () => enough?.aborted === false,
    see: (seen: Partial<typeof view>) => {
      view = { ...view, ...seen };
      for (const listener of listeners) listener();
      return settle();
    },
    give: () => {
      give(bytesOf.get(named) ?? new Uint8Array());
      return settle();
    },
    letIn: (entry: Entry) => {
      admit(entry);
      return settle();
    },
  };
}

const genesis: Entry = { kind: 'genesis', round: 0 };

test('who has not got the weights that a run starts from asks to be a member when it has them', async () => {
  const { footing, said, settle, give, letIn } = world();
  const standing = footing.begin();
  await settle();
  expect(said).toEqual(['follow']);
  await give();
  expect(said).toEqual(['follow', 'join', 'enter e']);
  await letIn(genesis);
  expect(await standing).toEqual({ round: 0, state: named });
  expect(said).toEqual(['follow', 'join', 'enter e', 'hold e', 'join']);
});

test('who comes when the others have gone on fetches no more of them, and asks to be a member where it stands', async () => {
  const { footing, said, see, isAsked, letIn, settle } = world();
  const standing = footing.begin();
  await settle();
  expect(isAsked()).toBe(true);
  await see({ newestSeen: 3 });
  expect(said).toEqual(['follow', 'enter e']);
  await see({ catchUp: { bytes: 0 } });
  expect(isAsked()).toBe(false);
  const bytes = bytesOf.get(later) ?? new Uint8Array();
  await letIn({ kind: 'snapshot', round: 3, record: 'r' as never, state: later, bytes });
  expect(await standing).toEqual({ round: 3, state: later });
  expect(said).toEqual(['follow', 'enter e', 'hold f', 'join']);
});

test('a word that the run has begun keeps nobody out of record 0: the weights come, and with them the wish to join', async () => {
  const { footing, said, see, give, settle } = world();
  void footing.begin();
  await settle();
  await see({ newestSeen: 900 });
  expect(said).toEqual(['follow', 'enter e']);
  await give();
  expect(said).toEqual(['follow', 'enter e', 'join']);
});

test('who paused meanwhile is asked for nothing', async () => {
  const { footing, said, give, letIn, settle } = world(false);
  const standing = footing.begin();
  await settle();
  await give();
  await letIn(genesis);
  expect(await standing).toEqual({ round: 0, state: named });
  expect(said).not.toContain('join');
});
