import type { Digest, PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { isTakeover, rankMembers } from './membership.ts';
import { nodeAt } from './ledger-walk.ts';
import { pooled } from './round-facts.ts';
import { isMember, turnBegins, type Node, type RoundState } from './round-state.ts';
import { mayTakeOver } from './round-takeover.ts';

export const onOurChain = (state: RoundState, { context }: Node): boolean =>
  state.trail.get(context.round) === context.record;

const isComplete = (state: RoundState, { record, named }: Node): boolean =>
  record === undefined || (named?.every((digest) => pooled(state, digest) !== undefined) ?? false);

/**
 * The tip our chain should have: of all chains whose records are complete and in their turn, the one with the newest
 * certificate; then the one that most members stand on; then, where they part, the lower leader rank, then the lower
 * digest (design section 4). Our own stays unless another is better.
 */
export function bestTip(state: RoundState, nowMs: number): Digest | undefined {
  const { head, nodes } = state;
  if (head === undefined) return undefined;
  const next = [...nodes.values()].filter(({ context }) => context.parent === head.digest);
  if (!state.forked && next.length === 0) return head.digest;
  const standing = standingOf(state);
  const children = childrenOf(nodes);
  const certified = betterCertified(state, head.digest);
  const walk = (digest: Digest): Digest => {
    const open = (children.get(digest) ?? []).filter(
      (node) =>
        onOurChain(state, node) ||
        (isComplete(state, node) &&
          (certified.has(node.context.record) || isEligible(state, node, standing, nowMs))),
    );
    const branches = open.map((child) => ({ child, tip: walk(child.context.record) }));
    const [first, ...others] = branches;
    if (first === undefined) return digest;
    return others.reduce((best, one) => (isBetter(state, standing, one, best) ? one : best), first).tip;
  };
  const root = state.forked ? rootOf(state) : head.digest;
  return walk(root);
}

/**
 * Records that lead to a certificate, newer than any on our chain, of a record off it: a quorum stood there, whoever is linked now.
 * One of a record on our chain proves no such thing: every leader could bring that out of turn.
 */
function betterCertified(state: RoundState, head: Digest): ReadonlySet<Digest> {
  const { nodes } = state;
  const newest = nodes.get(head)?.context.certified ?? -1;
  const leading = new Set<Digest>();
  for (const { context } of nodes.values()) {
    if (context.certified <= newest) continue;
    const certified = nodeAt(state, context.record, context.certified);
    if (certified === undefined || onOurChain(state, certified)) continue;
    let node: Node | undefined = nodes.get(context.record);
    while (node !== undefined && !leading.has(node.context.record)) {
      leading.add(node.context.record);
      node = nodes.get(node.context.parent);
    }
  }
  return leading;
}

function childrenOf(nodes: RoundState['nodes']): ReadonlyMap<Digest, readonly Node[]> {
  const children = new Map<Digest, Node[]>();
  for (const node of nodes.values()) {
    const list = children.get(node.context.parent);
    if (list === undefined) children.set(node.context.parent, [node]);
    else list.push(node);
  }
  return children;
}

/** The oldest record of our chain that is still a node. */
function rootOf({ nodes, head }: RoundState): Digest {
  invariant(head !== undefined, 'asked for with a head only');
  let root = head.digest;
  for (;;) {
    const parent = nodes.get(root)?.context.parent;
    if (parent === undefined || !nodes.has(parent)) return root;
    root = parent;
  }
}

/** For each record, the members that stand on it or on one that follows from it. Ourselves included. */
function standingOf(state: RoundState): ReadonlyMap<Digest, ReadonlySet<PeerId>> {
  const standing = new Map<Digest, Set<PeerId>>();
  const stand = (peer: PeerId, record: Digest): void => {
    let node = state.nodes.get(record);
    while (node !== undefined) {
      const { record: digest, parent } = node.context;
      const there = standing.get(digest);
      if (there?.has(peer) === true) return;
      if (there === undefined) standing.set(digest, new Set([peer]));
      else there.add(peer);
      node = state.nodes.get(parent);
    }
  };
  if (state.head !== undefined) stand(state.settings.self, state.head.digest);
  for (const [peer, { record }] of state.stands) if (peer !== state.settings.self) stand(peer, record);
  return standing;
}

type Standing = ReturnType<typeof standingOf>;

/** Of two chains that part in these children of one parent. */
function isBetter(
  state: RoundState,
  standing: Standing,
  a: { readonly child: Node; readonly tip: Digest },
  b: { readonly child: Node; readonly tip: Digest },
): boolean {
  const certified = ({ tip }: typeof a): number => state.nodes.get(tip)?.context.certified ?? -1;
  if (certified(a) !== certified(b)) return certified(a) > certified(b);
  const parent = state.nodes.get(a.child.context.parent)?.context;
  const members = new Set(parent?.members.map(({ id }) => id));
  const support = ({ child }: typeof a): number =>
    [...(standing.get(child.context.record) ?? [])].filter((peer) => members.has(peer)).length;
  if (support(a) !== support(b)) return support(a) > support(b);
  const order = parent === undefined ? [] : rankMembers(parent.record, parent.round + 1, parent.members);
  const rank = ({ child }: typeof a): number => {
    const leader = child.record?.leader;
    const at = leader === undefined ? -1 : order.indexOf(leader);
    return at < 0 ? order.length : at;
  };
  if (rank(a) !== rank(b)) return rank(a) < rank(b);
  return a.child.context.record < b.child.context.record;
}

/**
 * From when a record beside our chain may be stood on whatever its leader's rank: had it been waited for since it came, its turn
 * would have come too. Where a swarm parts in three, no side may be more than the liars there may be, and each would wait for
 * another for ever; while ours goes on, it has the newer certificate by then.
 */
export function forkBegins(state: RoundState, { context, record, sinceMs }: Node): number {
  const parent = state.nodes.get(context.parent)?.context;
  if (record === undefined || parent === undefined || isTakeover(parent.members, record)) return Infinity;
  const rank = rankMembers(parent.record, context.round, parent.members).indexOf(record.leader);
  const { deadlineMs, successionMs } = state.settings;
  return sinceMs + deadlineMs + rank * successionMs;
}

/**
 * Whether a record may be stood on. Of the round in progress: when its leader is in turn by our own view of links and
 * time. Whatever the turn: when others stand on it already, because refusing it would part us from them.
 */
function isEligible(state: RoundState, node: Node, standing: Standing, nowMs: number): boolean {
  const { record } = node;
  if (record === undefined || record.round === 0) return true;
  const parent = state.nodes.get(record.parent)?.context;
  if (parent === undefined) return false;
  const there = standing.get(record.digest);
  const { self, open } = state.settings;
  // Who sends a record stands on it, or on one that follows from it: that is how one who was away for some rounds sees it.
  const others = parent.members.filter(
    ({ id }) => id !== record.leader && id !== self && (there?.has(id) === true || node.shownBy.has(id)),
  );
  // More than the liars there may be, or one of them and a leader would close every round as they please.
  const shownByOthers = others.length > (open ? Math.floor((parent.members.length - 1) / 3) : 0);
  if (record.parent !== state.head?.digest) {
    const first = rankMembers(parent.record, parent.round + 1, parent.members)[0];
    return (
      record.leader === first || shownByOthers || record.leader === self || nowMs >= forkBegins(state, node)
    );
  }
  if (isTakeover(state.members, record)) return mayTakeOver(state, record, node.shownBy, nowMs);
  // Signed in an earlier life: our turn was then.
  if (record.leader === self) return true;
  if (shownByOthers && isMember(state, record.leader)) return true;
  return nowMs >= turnBegins(state, record.leader, nowMs);
}
