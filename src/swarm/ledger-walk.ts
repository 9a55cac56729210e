import type { Digest } from '../base/ids.ts';
import type { ChainContext } from './chain-context.ts';
import type { Ancestry } from './ledger-rules.ts';
import type { Node, RoundState } from './round-state.ts';

/** Walks up from a node. `trail` knows the rounds before the final one, which all branches share. */
export function ancestryOf(state: Pick<RoundState, 'nodes' | 'trail'>, tip: Digest): Ancestry {
  const contextAt = (round: number): ChainContext | undefined => {
    let node = state.nodes.get(tip);
    while (node !== undefined && node.context.round > round) node = state.nodes.get(node.context.parent);
    return node?.context.round === round ? node.context : undefined;
  };
  return {
    contextAt,
    digestAt: (round) =>
      contextAt(round)?.record ?? (round < oldestNode(state) ? state.trail.get(round) : undefined),
  };
}

function oldestNode({ nodes }: Pick<RoundState, 'nodes'>): number {
  let oldest = Infinity;
  for (const { context } of nodes.values()) oldest = Math.min(oldest, context.round);
  return oldest;
}

/** The record of `round` on the chain that ends in `tip`, or undefined. */
export function nodeAt(state: Pick<RoundState, 'nodes'>, tip: Digest, round: number): Node | undefined {
  let node = state.nodes.get(tip);
  while (node !== undefined && node.context.round > round) node = state.nodes.get(node.context.parent);
  return node?.context.round === round ? node : undefined;
}

/** Whether `descendant` is `ancestor` or follows from it. */
export const descends = (state: Pick<RoundState, 'nodes'>, descendant: Digest, ancestor: Node): boolean =>
  nodeAt(state, descendant, ancestor.context.round)?.context.record === ancestor.context.record;
