import { contextWindow } from './chain-context.ts';
import { descends, nodeAt } from './ledger-walk.ts';
import { headContext, type Draft, type RoundEffect } from './round-state.ts';

/** Says what has become final, and forgets what finality has decided: other chains, their contributions, old confirms. */
export function settleFinal(draft: Draft, effects: RoundEffect[]): void {
  const context = headContext(draft);
  if (context === undefined) return;
  const { final, record: tip } = context;
  const before = draft.finalRound;
  if (final > before) {
    draft.finalRound = final;
    effects.push({ kind: 'final', round: final });
    settleOwn(draft, final, effects);
  }
  const root = nodeAt(draft, tip, final);
  const oldest = Math.max(Math.min(final, context.round - 2), context.round - contextWindow);
  const nodes = [...draft.nodes].filter(
    ([
      digest,
      {
        context: { round },
      },
    ]) => {
      if (draft.trail.get(round) === digest) return round >= oldest;
      return round > Math.max(final, oldest) && (root === undefined || descends(draft, digest, root));
    },
  );
  if (nodes.length !== draft.nodes.size) draft.nodes = new Map(nodes);
  const open = Math.max(final, context.round - contextWindow);
  if ([...draft.past.values()].some(({ round }) => round <= open))
    draft.past = new Map([...draft.past].filter(([, { round }]) => round > open));
  const ballots = [...draft.ballots].filter(([, given]) =>
    [...given.values()].some(({ round }) => round > open),
  );
  if (ballots.length !== draft.ballots.size) draft.ballots = new Map(ballots);
}

/** Our contributions to rounds that are final: counted, or to be given back. Each is told once. */
function settleOwn(draft: Draft, final: number, effects: RoundEffect[]): void {
  const settled = [...draft.own].filter(([round]) => round <= final);
  if (settled.length === 0) return;
  draft.own = new Map([...draft.own].filter(([round]) => round > final));
  for (const [round, digest] of settled) {
    const counted = draft.nodes.get(draft.trail.get(round) ?? digest)?.named?.includes(digest) === true;
    effects.push({ kind: 'settled', round, digest, counted });
  }
}
