import { agreementOf } from '../agreement.ts';
import { presentVolunteer, roundOf } from '../derive.ts';
import { formatDuration } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { heartbeatOf, tracePoints } from '../swarm/heartbeat.ts';
import { text } from '../text.ts';
import { Panel } from './Panel.tsx';

const marks = { agree: '✓', differ: '✕', unknown: '·' } as const;
const words = text.replica;
const [traceWidth, traceHeight] = [300, 40] as const;

/** Whether all replicas hold the same words: the promise of the whole system, and its heartbeat. */
export function Agreement({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const { kind, title, detail, repaired, digest } = agreementOf(snapshot);
  return (
    <Panel title={words.title} area="agreement">
      <div className={`agreement is-${kind}`} data-testid="agreement" data-agreement={kind}>
        {/* A new element each round, so that its beat begins anew. */}
        <span className="agreement-mark" key={roundOf(snapshot)} aria-hidden="true">
          {marks[kind]}
        </span>
        <div>
          <p className="agreement-title">{title}</p>
          {detail !== '' && <p className="note">{detail}</p>}
        </div>
      </div>
      <Trace snapshot={snapshot} kind={kind} />
      {repaired !== '' && (
        <p className="repaired" data-testid="repaired">
          <span aria-hidden="true">✓</span> {repaired}
        </p>
      )}
      {digest !== undefined && (
        <p className="digest">
          <span className="note">{words.digest}</span>
          <code data-testid="digest" data-digest={digest}>
            {digest.match(/.{1,8}/g)?.join(' ')}
          </code>
        </p>
      )}
    </Panel>
  );
}

/** The last rounds as beats in time; only who takes part hears them. */
function Trace(props: { readonly snapshot: PageSnapshot; readonly kind: keyof typeof marks }) {
  const volunteer = presentVolunteer(props.snapshot);
  if (volunteer === undefined) return null;
  const heart = heartbeatOf(volunteer.timeline);
  const { beats, sinceMs } = heart;
  return (
    <div className={`heartbeat is-${props.kind}`} data-testid="heartbeat" data-beats={beats.length}>
      <svg
        viewBox={`0 0 ${traceWidth} ${traceHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={beats.length === 0 ? words.noBeat : words.beat(text.counts.rounds(beats.length))}
      >
        <polyline points={tracePoints(heart, traceWidth, traceHeight)} />
      </svg>
      <p className="note">{sinceMs === undefined ? words.noBeat : words.lastBeat(formatDuration(sinceMs))}</p>
    </div>
  );
}
