import { expect } from 'vitest';
import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { fakeSigner } from './fake-crypto.ts';
import type { ChainContext } from '../swarm/chain-context.ts';
import type { Certificate, ChainRecord } from '../swarm/membership.ts';
import type { Goodbye } from '../swarm/protocol.ts';
import { tick } from '../swarm/round-machine.ts';
import {
  initialRoundState,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
  type SignedBefore,
} from '../swarm/round-state.ts';
import type { CountedContribution } from '../swarm/swarm-api.ts';

export const run = 'ab'.repeat(32) as Digest;
export const start = '0'.repeat(32);
const signers = Array.from({ length: 16 }, (_, n) => fakeSigner(n)).sort((a, b) => (a.id < b.id ? -1 : 1));
/** Sixteen peers, sorted. */
export const ids: readonly PeerId[] = signers.map(({ id }) => id);
export const id = (n: number): PeerId => ids[n] ?? ('' as PeerId);
export const key = (n: number): Bytes => signers[n]?.publicKey ?? new Uint8Array(32);
export const digest = (n: number): Digest => n.toString(16).padStart(64, '0') as Digest;
export const noSignature: Bytes = new Uint8Array(64);
export const numberOf = (peer: PeerId): number => ids.indexOf(peer);

const roots = new Map<string, Digest>();
/** Stands for the SHA-256 over these digests. */
export function rootOf(digests: readonly Digest[]): Digest {
  const name = digests.join();
  const root = roots.get(name) ?? digest(0xf00000 + roots.size);
  roots.set(name, root);
  return root;
}

export function counted(author: number, round: number, n = 0): CountedContribution {
  const name = digest(10_000 + 1_000 * round + 10 * author + n);
  return { author: id(author), digest: name, weight: 4, tokens: 256, loss: 5, validationLoss: undefined };
}

/** What a record says that counts these, sorted by author. */
export function counting(contributions: readonly CountedContribution[]): {
  readonly change: Pick<ChainRecord, 'authors' | 'bodies'>;
  readonly named: readonly Digest[];
} {
  const sorted = [...contributions].sort((a, b) => (a.author < b.author ? -1 : 1));
  const named = sorted.map((one) => one.digest);
  return {
    change: {
      authors: sorted.map(({ author }) => author),
      bodies: named.length === 0 ? undefined : rootOf(named),
    },
    named,
  };
}

/** A record that changes nothing. */
export const chainRecord = (
  round: number,
  parent: Digest,
  name: Digest,
  leader: number,
  change: Partial<ChainRecord> = {},
): ChainRecord => ({
  ...{ round, parent, digest: name, leader: id(leader), parentState: start },
  ...{ authors: [], bodies: undefined, joins: [], joinKeys: [], goodbyes: [], absent: [] },
  ...{ certificate: undefined, snapshot: undefined, epochChange: false, ...change },
});

/** Record 0 of a run that members 0 to count - 1 begin. */
export const genesisRecord = (count: number): ChainRecord =>
  chainRecord(0, run, digest(1), 0, {
    joins: ids.slice(0, count),
    joinKeys: ids.slice(0, count).map((_, n) => key(n)),
  });

export const goodbye = (author: number, change: Partial<Goodbye> = {}): Goodbye => ({
  ...{ author: id(author), joined: 0, round: 0, record: digest(1), signature: noSignature, ...change },
});

/** Confirms by these members, all clean unless given. */
export const certificate = (
  { round, record }: Pick<ChainContext, 'round' | 'record'>,
  voters: readonly number[],
  clean: (voter: number) => boolean = () => true,
): Certificate => ({
  ...{ round, record, state: start, of: voters.length },
  votes: voters.map((n) => ({ peer: id(n), clean: clean(n), signature: noSignature })),
});

/**
 * A machine driven by hand. Deep-freezes every state, so a change in place throws. Roots are resolved and confirms come
 * back signed, as the swarm's core does it.
 */
export class Driver {
  state: RoundState;
  now = 0;
  effects: RoundEffect[] = [];

  constructor(
    self: number,
    change: Partial<RoundState['settings']> = {},
    signed: SignedBefore = { confirm: -1, record: -1, lock: -1 },
  ) {
    this.state = initialRoundState(
      {
        self: id(self),
        publicKey: key(self),
        run,
        founder: id(0),
        open: true,
        epochAfter: 64,
        mayFound: true,
        minMembers: 1,
        deadlineMs: 1_000,
        successionMs: 200,
        graceMs: 100,
        vanishedMs: 500,
        pullDelayMs: 50,
        pullRetryMs: 100,
        ...change,
      },
      signed,
    );
  }

  get self(): number {
    return numberOf(this.state.settings.self);
  }

  take(event: RoundEvent): RoundEffect[] {
    const [state, effects] = tick(freeze(this.state), event, this.now);
    const [again, sameEffects] = tick(this.state, event, this.now);
    expect(again).toEqual(state);
    expect(sameEffects).toEqual(effects);
    this.state = state;
    this.effects.push(...effects);
    const all = [...effects];
    for (const effect of effects) {
      if (effect.kind === 'resolve' && rootOf(effect.digests) === effect.bodies)
        all.push(...this.take({ kind: 'named', record: effect.record, digests: effect.digests }));
      if (effect.kind === 'vote') {
        const { round, record, clean } = effect;
        const given = { round, record, state: effect.state, clean, signature: noSignature };
        all.push(...this.take({ kind: 'confirm', peer: id(this.self), ...given }));
      }
    }
    return all;
  }

  at(nowMs: number): RoundEffect[] {
    this.now = nowMs;
    return this.take({ kind: 'time' });
  }

  /** In the run with members 0 to count - 1, all linked, after record 0. */
  begin(count: number): this {
    this.take({ kind: 'enter', initialState: start });
    for (let n = 0; n < count; n++) if (n !== this.self) this.take({ kind: 'peer-up', peer: id(n) });
    this.take({ kind: 'record', from: id(0), record: genesisRecord(count) });
    expect(this.state.head?.round).toBe(0);
    this.effects = [];
    return this;
  }

  contribute(author: number, from = author, n = 0): RoundEffect[] {
    const round = (this.state.head?.round ?? -1) + 1;
    return this.take({ kind: 'contribution', from: id(from), round, counted: counted(author, round, n) });
  }

  /** A record on our head. */
  record(leader: number, change: Partial<ChainRecord> = {}): ChainRecord {
    const { head } = this.state;
    const round = (head?.round ?? -1) + 1;
    return chainRecord(round, head?.digest ?? run, digest(100 + 20 * round + leader), leader, change);
  }

  /** Takes a record from its leader. */
  hear(record: ChainRecord): RoundEffect[] {
    return this.take({ kind: 'record', from: record.leader, record });
  }

  /** Takes a record of the first in turn on our head, and applies it. */
  follow(change: Partial<ChainRecord> = {}, leader = this.ranked(0)): ChainRecord {
    const record = this.record(leader, change);
    this.hear(record);
    expect(this.state.head?.digest).toBe(record.digest);
    this.apply();
    return record;
  }

  /** The replica stands at our head. */
  apply(state = start): RoundEffect[] {
    return this.take({ kind: 'applied', round: this.state.head?.round ?? 0, state });
  }

  confirm(peer: number, { round, digest: record }: ChainRecord, clean = true, state = start): RoundEffect[] {
    return this.take({
      ...{ kind: 'confirm', peer: id(peer), round, record, state, clean, signature: noSignature },
    });
  }

  context(record: Digest): ChainContext {
    const context = this.state.nodes.get(record)?.context;
    if (context === undefined) throw new Error('the record is not in the tree');
    return context;
  }

  /** Our number in the list of ranks. */
  ranked(rank: number): number {
    return numberOf(this.state.ranks[rank] ?? id(0));
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value;
  if (value instanceof Map || value instanceof Set) {
    const refuse = (): never => {
      throw new Error('a state was changed in place');
    };
    Object.assign(value, { set: refuse, add: refuse, delete: refuse, clear: refuse });
    for (const item of value.values()) freeze(item);
  } else for (const item of Object.values(value)) freeze(item);
  return Object.freeze(value);
}

type EffectOf<K extends RoundEffect['kind']> = Extract<RoundEffect, { kind: K }>;
export const effectsOf = <K extends RoundEffect['kind']>(
  kind: K,
  effects: readonly RoundEffect[],
): EffectOf<K>[] => effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);
export const proposalIn = (effects: readonly RoundEffect[]) => effectsOf('propose', effects)[0]?.draft;
export const kinds = (effects: readonly RoundEffect[]): RoundEffect['kind'][] =>
  effects.map(({ kind }) => kind).filter((kind) => kind !== 'wake');
