import { compared, ownConfirmOf, presentVolunteer, roleOf } from './derive.ts';
import { shortId } from './format.ts';
import type { PageSnapshot } from './host.ts';
import { text } from './text.ts';

const words = text.agreement;

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
  const repaired = repairs === 0 ? '' : words.repaired(repairs);
  return { ...comparison(snapshot), repaired };
}

function comparison(snapshot: PageSnapshot): Omit<Agreement, 'repaired'> {
  const { view } = snapshot;
  const volunteer = presentVolunteer(snapshot);
  if (volunteer === undefined) {
    const newest = view.records.at(-1);
    return newest === undefined
      ? { kind: 'unknown', title: words.none, detail: '', digest: undefined }
      : {
          kind: 'unknown',
          title: words.announced(newest.round),
          detail: roleOf(snapshot) === 'guest' ? words.joinToCheck : words.noReplica,
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
      title: words.nothing,
      detail: words.everyRound,
      digest,
    };
  }
  if (!volunteer.replicasAgree) {
    const outnumbered = 2 * differing.length > confirmed.length;
    const who = differing.map((peer) => shortId(peer.id)).join(', ');
    return {
      kind: 'differ',
      title: words.differ,
      detail: outnumbered
        ? words.oursDiffers(volunteer.round)
        : words.theirsDiffer(volunteer.round, who === '' ? words.someone : who),
      digest,
    };
  }
  if (volunteer.members <= 1 && confirmed.length <= 1) {
    return {
      kind: 'unknown',
      title: words.only,
      detail: words.noOther,
      digest,
    };
  }
  return {
    kind: 'agree',
    title: words.agree,
    // Who paused confirms too, and is no member.
    detail: words.confirmed(confirmed.length, Math.max(volunteer.members, confirmed.length), volunteer.round),
    digest,
  };
}
