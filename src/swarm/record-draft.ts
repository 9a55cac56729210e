import type { Digest, PeerId } from '../base/ids.ts';
import { contextWindow, votersOf } from './chain-context.ts';
import { ancestryOf } from './ledger-walk.ts';
import type { Goodbye, RecordMessage } from './protocol.ts';
import { currentRound, headContext, type RecordDraft, type RoundState } from './round-state.ts';

/** A record on our head that changes nothing. */
export function emptyDraft(state: RoundState, parentState: string): RecordDraft {
  return {
    round: currentRound(state),
    parent: state.head?.digest ?? state.settings.run,
    leader: state.settings.self,
    parentState,
    ...{ authors: [], named: [], joins: [], joinKeys: [], goodbyes: [], absent: [] },
    ...{ certificate: undefined, snapshot: undefined, epochChange: false },
    members: state.members,
    certifiedContext: undefined,
  };
}

/** How these members leave: with their goodbye where our chain holds what they confirmed last, else as absent. */
export function partings(
  state: RoundState,
  leaving: readonly PeerId[],
): { readonly goodbyes: readonly Goodbye[]; readonly absent: readonly PeerId[] } {
  const goodbyes: Goodbye[] = [];
  const absent: PeerId[] = [];
  for (const peer of leaving) {
    const goodbye = validGoodbye(state, peer);
    if (goodbye === undefined) absent.push(peer);
    else goodbyes.push(goodbye);
  }
  return { goodbyes, absent };
}

/** The goodbye of a member, if our chain holds what it confirmed last. */
export function validGoodbye(state: RoundState, peer: PeerId): Goodbye | undefined {
  const goodbye = state.leaves.get(peer);
  const { head } = state;
  const context = headContext(state);
  if (goodbye === undefined || head === undefined || context === undefined) return undefined;
  const oldest = Math.max(context.final, head.round - contextWindow + 1);
  if (goodbye.round > head.round || goodbye.round < oldest) return undefined;
  const joined = state.members.find(({ id }) => id === peer)?.joinedRound;
  const there = ancestryOf(state, head.digest).digestAt(goodbye.round);
  return joined === goodbye.joined && there === goodbye.record ? goodbye : undefined;
}

/** The draft as it is signed: peers become indices into what its parent fixes. */
export function draftMessage(draft: RecordDraft, bodies: Digest | undefined): RecordMessage {
  const { members, certifiedContext, certificate, authors, joinKeys, goodbyes, absent } = draft;
  const voters = certifiedContext === undefined ? [] : votersOf(certifiedContext);
  return {
    kind: 'record',
    ...{ round: draft.round, parent: draft.parent, leader: draft.leader, parentState: draft.parentState },
    authors: members.flatMap(({ id }, index) => (authors.includes(id) ? [index] : [])),
    bodies,
    ...{ joinKeys, goodbyes, absent },
    certificate: certificate && {
      round: certificate.round,
      state: certificate.state,
      votes: certificate.votes.map(({ peer, clean, signature }) => ({
        voter: voters.findIndex(({ id }) => id === peer),
        clean,
        signature,
      })),
    },
    snapshot: draft.snapshot,
    epochChange: draft.epochChange,
  };
}
