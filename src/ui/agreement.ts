import { compared, ownConfirmOf, presentVolunteer, roleOf } from './derive.ts';
import { plural, shortId } from './format.ts';
import type { PageSnapshot } from './host.ts';

export interface Agreement {
  readonly kind: 'agree' | 'differ' | 'unknown';
  readonly title: string;
  readonly detail: string;
  /** What became of earlier differences, one sentence; empty where there were none. */
  readonly repaired: string;
  /** The digest shown: this replica's, or the newest announced one. */
  readonly digest: string | undefined;
}

/** Whether the replicas hold the same words, in a sentence, and what became of it when they did not. */
export function agreementOf(snapshot: PageSnapshot): Agreement {
  const repairs = presentVolunteer(snapshot)?.repairs ?? 0;
  const repaired =
    repairs === 0
      ? ''
      : `Repaired ${plural(repairs, 'time')}: this copy differed, and was put right from the ledger.`;
  return { ...comparison(snapshot), repaired };
}

function comparison(snapshot: PageSnapshot): Omit<Agreement, 'repaired'> {
  const { view } = snapshot;
  const volunteer = presentVolunteer(snapshot);
  if (volunteer === undefined) {
    const newest = view.records.at(-1);
    return newest === undefined
      ? { kind: 'unknown', title: 'No round has been agreed yet', detail: '', digest: undefined }
      : {
          kind: 'unknown',
          title: `Round ${newest.round} was announced with this state`,
          detail:
            roleOf(snapshot) === 'guest'
              ? 'This tab holds no replica to compare with it. Join to check it yourself.'
              : 'This tab holds no replica to compare with it.',
          digest: newest.state,
        };
  }
  const digest = volunteer.stateDigest;
  const confirmed = volunteer.peers.filter((peer) => peer.state !== undefined);
  const ownConfirm = ownConfirmOf(volunteer);
  const differing = confirmed.filter((peer) => compared(peer.state, ownConfirm) === 'differs');
  if (volunteer.replicasAgree === undefined) {
    return {
      kind: 'unknown',
      title: 'Nothing to compare yet',
      detail: 'Replicas are compared after every round.',
      digest,
    };
  }
  if (!volunteer.replicasAgree) {
    const outnumbered = 2 * differing.length > confirmed.length;
    const who = differing.map((peer) => shortId(peer.id)).join(', ');
    return {
      kind: 'differ',
      title: 'Replicas differ',
      detail: outnumbered
        ? `After round ${volunteer.round} your copy is not the one most others hold. It is checked against the ledger and repaired. If this stays, leave and join again.`
        : `After round ${volunteer.round} another copy than yours is held by ${who === '' ? 'another volunteer' : who}. Each copy is checked against the ledger, and the wrong one repaired.`,
      digest,
    };
  }
  if (volunteer.members <= 1 && confirmed.length <= 1) {
    return {
      kind: 'unknown',
      title: 'Yours is the only replica',
      detail: 'There is no other copy to compare it with.',
      digest,
    };
  }
  return {
    kind: 'agree',
    title: 'All replicas agree',
    // Who paused confirms too, and is no member.
    detail: `${confirmed.length} of ${Math.max(volunteer.members, confirmed.length)} confirmed round ${volunteer.round}, bit for bit the same.`,
    digest,
  };
}
