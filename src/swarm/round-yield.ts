import type { PeerId } from '../base/ids.ts';
import {
  currentRound,
  headContext,
  isMember,
  type Draft,
  type Link,
  type RoundEffect,
} from './round-state.ts';

/** One of two chains that cannot be joined record by record: who is seen on it, and what they say of it. */
interface Side {
  readonly peers: readonly PeerId[];
  readonly epoch: number;
  readonly final: number;
  readonly head: number;
}

/**
 * Gives our chain up for a snapshot of another where the two cannot be joined: it contradicts what is final here, or has
 * gone on so far that the records between are no longer kept. Both sides judge by the same order, on what both have said, so that
 * one stays. A stranger's word must not end a run: only who was a member since what is final here counts, unless we are a mere follower that has lost
 * its members.
 */
export function yieldToAnotherChain(draft: Draft, effects: RoundEffect[]): boolean {
  const { head, settings } = draft;
  const context = headContext(draft);
  if (head === undefined || context === undefined) return false;
  const round = currentRound(draft);
  const linked = [...draft.links].filter(([, link]) => link.up && link.head >= 0);
  const elsewhere = linked.filter(([, link]) => link.foreign || (link.head >= round && link.oldest > round));
  if (elsewhere.length === 0) return false;
  const sources = linked.filter(([, link]) => !link.foreign && link.head >= round && link.oldest <= round);
  if (sources.length > 0 && elsewhere.every(([, link]) => !link.foreign)) return false;
  const lost =
    !isMember(draft, settings.self) && !draft.members.some(({ id }) => draft.links.get(id)?.up === true);
  const known = new Set(
    [...context.members, ...context.electorates.flatMap(({ voters }) => voters)].map(({ id }) => id),
  );
  const counted = elsewhere.filter(([peer]) => lost || known.has(peer));
  const theirs = sideOf(counted);
  if (theirs === undefined) return false;
  const here = draft.members.flatMap(({ id }) =>
    known.has(id) && draft.links.get(id)?.up === true && !theirs.peers.includes(id) ? [id] : [],
  );
  const ours = {
    peers: [...here, settings.self].sort(),
    ...{ epoch: context.epoch, final: draft.finalRound, head: head.round },
  };
  if (!lost && !outranks(theirs, ours)) return false;
  draft.mode = 'behind';
  const why = counted.some(([, link]) => link.foreign) ? 'fork' : 'gap';
  effects.push({ kind: 'behind', why, ask: theirs.peers });
  return true;
}

function sideOf(peers: readonly (readonly [PeerId, Link])[]): Side | undefined {
  if (peers.length === 0) return undefined;
  const links = peers.map(([, link]) => link);
  return {
    peers: peers.map(([peer]) => peer).sort(),
    epoch: Math.min(...links.map(({ epoch }) => epoch)),
    final: Math.max(...links.map(({ final }) => final)),
    head: Math.max(...links.map(({ head }) => head)),
  };
}

/** More peers, then fewer epoch changes, then the newer final round, then the newer record, then the lower id. */
function outranks(a: Side, b: Side): boolean {
  if (a.peers.length !== b.peers.length) return a.peers.length > b.peers.length;
  if (a.epoch !== b.epoch) return a.epoch < b.epoch;
  if (a.final !== b.final) return a.final > b.final;
  if (a.head !== b.head) return a.head > b.head;
  return (a.peers[0] ?? '') < (b.peers[0] ?? '');
}
