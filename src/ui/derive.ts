import { newestSample, stillPresent } from '../replay/standing-run.ts';
import type { RunView } from '../volunteer/run-view.ts';
import type {
  CurvePoint,
  PeerLink,
  PhaseMs,
  RecordSummary,
  VolunteerState,
  VolunteerStatus,
} from '../volunteer/status.ts';
import { isFinalityWaiting } from './finality.ts';
import type { PageSnapshot } from './host.ts';
import { text } from './text.ts';

const words = text.control;

/** What this tab is to the run, which decides what the page offers. */
export type Role = 'viewer' | 'guest' | 'volunteer';

/** viewer: cannot train here. guest: could, has not joined or has left. volunteer: in the run. */
export function roleOf({ volunteer, environment }: PageSnapshot): Role {
  if (volunteer !== undefined && volunteer.state !== 'left') return 'volunteer';
  return environment.canTrain ? 'guest' : 'viewer';
}

/** The volunteer as far as it still hears of the run. */
export const presentVolunteer = ({ volunteer }: PageSnapshot): VolunteerStatus | undefined =>
  stillPresent(volunteer);

/** Whether a volunteer has come to its run, and trains or could. */
export const isInRun = (volunteer: Pick<VolunteerStatus, 'state' | 'setUp'> | undefined): boolean =>
  volunteer?.setUp === undefined && ['training', 'paused', 'finished'].includes(volunteer?.state ?? '');

export const stateTitles: Readonly<Record<VolunteerState, string>> = words.states;

export interface PeerRow {
  readonly id: string;
  readonly self: boolean;
  readonly member: boolean;
  readonly leader: boolean;
  readonly connected: boolean;
  readonly adapter: string | undefined;
  readonly software: boolean;
  readonly tokensPerSecond: number | undefined;
  /** What it says it is doing, where it says so. */
  readonly doing: string | undefined;
  readonly replica: 'same' | 'differs' | 'unknown';
  /** The connection from this tab, where it has measured one. */
  readonly link: PeerLink | undefined;
}

/** Everyone known here: the volunteer's own view where there is one, completed by what the document announces. */
export function peerRows(snapshot: PageSnapshot): readonly PeerRow[] {
  const { view } = snapshot;
  const presences = new Map(view.presences.map((presence) => [presence.id, presence]));
  const volunteer = presentVolunteer(snapshot);
  const known = volunteer?.peers ?? [];
  const ownConfirm = ownConfirmOf(volunteer);
  const rows: PeerRow[] = known.map((peer) => {
    const presence = presences.get(peer.id);
    return {
      id: peer.id,
      self: peer.self,
      member: peer.member,
      leader: peer.leader,
      connected: peer.connected,
      adapter: peer.self ? (volunteer?.adapter?.name ?? peer.adapter) : (peer.adapter ?? presence?.adapter),
      software: peer.self ? volunteer?.adapter?.software === true : presence?.software === true,
      tokensPerSecond: peer.tokensPerSecond ?? presence?.tokensPerSecond,
      doing: peer.self ? volunteer?.state : presence?.state,
      replica: compared(peer.state, ownConfirm),
      link: peer.link,
    };
  });
  const listed = new Set(rows.map((row) => row.id));
  for (const presence of view.presences) {
    if (listed.has(presence.id)) continue;
    rows.push({
      id: presence.id,
      self: false,
      member: presence.member,
      leader: false,
      connected: volunteer === undefined,
      adapter: presence.adapter,
      software: presence.software,
      tokensPerSecond: presence.tokensPerSecond,
      doing: presence.state,
      replica: 'unknown',
      link: undefined,
    });
  }
  return rows.sort(
    (a, b) =>
      Number(b.self) - Number(a.self) || Number(b.member) - Number(a.member) || (a.id < b.id ? -1 : 1),
  );
}

/** What this replica confirmed for the newest record: the only state that others' confirms may be compared with. */
export const ownConfirmOf = (volunteer: VolunteerStatus | undefined): string | undefined =>
  volunteer?.peers.find((peer) => peer.self)?.state;

/** How a confirmed state compares with this replica's own. */
export const compared = (theirs: string | undefined, own: string | undefined): PeerRow['replica'] =>
  theirs === undefined || own === undefined ? 'unknown' : theirs === own ? 'same' : 'differs';

/** This volunteer's own curve, and before its first point the announced one: who came late sees the past too. */
export function curveOf(snapshot: PageSnapshot): readonly CurvePoint[] {
  const announced = snapshot.view.curve;
  const own = presentVolunteer(snapshot)?.curve ?? [];
  const first = own[0]?.round;
  if (first === undefined) return announced;
  const past = announced.filter(({ round }) => round < first);
  return past.length === 0 ? own : [...past, ...own];
}

export function recordsOf(snapshot: PageSnapshot): readonly RecordSummary[] {
  const own = presentVolunteer(snapshot)?.records ?? [];
  return own.length > 0 ? own : snapshot.view.records;
}

/** The newest text: this volunteer writes only after rounds that it led. */
export function sampleOf(
  snapshot: PageSnapshot,
): { readonly round: number; readonly text: string } | undefined {
  return newestSample(snapshot.view, presentVolunteer(snapshot));
}

export const roundOf = (snapshot: PageSnapshot): number | undefined =>
  presentVolunteer(snapshot)?.round ?? recordsOf(snapshot).at(-1)?.round;

/** The newest measured validation loss of a curve. */
export const lastValidation = (curve: readonly CurvePoint[]): number | undefined =>
  curve.findLast((point) => point.validation !== undefined)?.validation;

export const phaseNames = ['compute', 'exchange', 'agree', 'apply', 'other'] as const;

/** Each phase's share of the time spent in rounds; all zero before the first. */
export function phaseShares(
  phases: PhaseMs,
): readonly { readonly name: keyof PhaseMs; readonly ms: number; readonly share: number }[] {
  const total = phaseNames.reduce((sum, name) => sum + phases[name], 0);
  return phaseNames.map((name) => ({ name, ms: phases[name], share: total > 0 ? phases[name] / total : 0 }));
}

/** The part of the time in rounds that the GPU trains. */
export const computeShare = (phases: PhaseMs): number =>
  phaseShares(phases).find(({ name }) => name === 'compute')?.share ?? 0;

export const rejectionCount = (...counters: readonly Readonly<Record<string, number>>[]): number =>
  counters.flatMap((counter) => Object.values(counter)).reduce((sum, count) => sum + count, 0);

/** What a screen reader is told: changes of state, never every round. */
export function announcementOf(snapshot: PageSnapshot | undefined): string {
  if (snapshot === undefined) return '';
  const { volunteer, view, environment } = snapshot;
  if (volunteer === undefined) {
    if (!environment.canTrain) return words.spoken.viewer;
    return view.run === undefined ? words.spoken.noRun : words.spoken.guest;
  }
  const agreement = volunteer.replicasAgree === false ? ` ${words.spoken.differ}` : '';
  const waiting =
    volunteer.state === 'training' && isFinalityWaiting(volunteer) ? ` ${words.spoken.finalityWaits}` : '';
  const why =
    volunteer.state === 'failed'
      ? `${volunteer.reason} ${volunteer.fix ?? ''}`
      : volunteer.state === 'paused' && volunteer.heldBy !== undefined
        ? volunteer.reason
        : companyOf(volunteer);
  return `${stateTitles[volunteer.state]}. ${why}${agreement}${waiting}`;
}

/** Who trains along. */
export function companyOf(volunteer: Pick<VolunteerStatus, 'members' | 'state'>): string {
  if (volunteer.state !== 'training') return '';
  if (volunteer.members <= 1) return words.trainAlone;
  return words.trainWith(volunteer.members - 1);
}

/** Whom this tab is in touch with. */
export const connectionSentence = ({
  connected,
  signaling,
}: Pick<RunView, 'connected' | 'signaling'>): string =>
  connected
    ? signaling
      ? text.frame.connected
      : text.frame.serverAway
    : signaling
      ? text.frame.alone
      : text.frame.reaching;
