import { useEffect, useState } from 'react';
import type { RunView } from '../../volunteer/run-view.ts';
import { felt, noPulse, timelineOf } from '../embed-pulse.ts';
import { formatDuration, formatLoss, grouped, shortId } from '../format.ts';
import type { ShareLinks } from '../share-links.ts';
import { sparkOf, svgPoints } from '../sparkline.ts';
import { heartbeatOf, tracePoints } from '../swarm/heartbeat.ts';
import { text } from '../text.ts';
import { Logo } from './Murmuration.tsx';

const words = text.embed;
const [sparkWidth, sparkHeight] = [300, 80] as const;
const [traceWidth, traceHeight] = [300, 34] as const;

/** Whatever announces a room. */
export interface Watched {
  subscribe(listener: (view: RunView) => void): () => void;
}

/**
 * The page for a frame: one run, small. In a frame of another site it connects when it is asked to, because connecting shows
 * this browser's address to those who train; `isAsked` says that it was.
 */
export function Embed(props: {
  readonly links: ShareLinks;
  readonly isAsked: boolean;
  readonly open: () => Promise<Watched>;
}) {
  const { links, open } = props;
  const [isAsked, ask] = useState(props.isAsked);
  const [view, setView] = useState<RunView>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!isAsked) return;
    let stop = (): void => undefined;
    let isOver = false;
    open().then(
      (host) => {
        if (!isOver) stop = host.subscribe(setView);
      },
      () => setFailed(true),
    );
    return () => {
      isOver = true;
      stop();
    };
  }, [isAsked, open]);
  return (
    <main className="embed">
      <header className="embed-head">
        <Logo />
        <div>
          <h1>{links.room}</h1>
          <p className="note">{words.what}</p>
        </div>
      </header>
      {!isAsked ? (
        <div className="embed-ask">
          <button type="button" className="primary" onClick={() => ask(true)} data-testid="watch">
            {words.watch}
          </button>
          <p className="note">{words.consent}</p>
        </div>
      ) : view === undefined ? (
        <p className="embed-empty">{failed ? words.failed : words.opening}</p>
      ) : (
        <Live view={view} />
      )}
      <footer>
        {links.page !== undefined && (
          <a href={links.page} target="_blank" rel="noopener noreferrer" data-testid="whole-page">
            {words.wholePage}
          </a>
        )}
      </footer>
    </main>
  );
}

/** The clock, so that "3 s ago" stays true. */
function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs]);
  return now;
}

function Live({ view }: { readonly view: RunView }) {
  const now = useNow(1_000);
  const [pulse, setPulse] = useState(noPulse);
  const newPulse = felt(pulse, view.records, now);
  if (newPulse !== pulse) setPulse(newPulse);
  const members = view.presences.filter(({ member }) => member).length;
  const newest = view.records.at(-1);
  const last = view.curve.at(-1);
  if (newest === undefined && last === undefined)
    return <p className="embed-empty">{view.connected ? words.noRounds : words.looking}</p>;
  return (
    <>
      <Curve view={view} />
      <dl className="embed-facts">
        <Fact name={words.round} testId="round" value={grouped(newest?.round ?? last?.round ?? 0)} />
        <Fact name={words.loss} testId="train-loss" value={formatLoss(newest?.train ?? last?.train)} />
        <Fact name={words.volunteers} testId="members" value={grouped(members)} />
      </dl>
      <Heart heart={heartbeatOf(timelineOf(pulse, now))} state={newest?.state} members={members} />
    </>
  );
}

const Fact = (props: { readonly name: string; readonly value: string; readonly testId: string }) => (
  <div>
    <dt>{props.name}</dt>
    <dd data-testid={props.testId}>{props.value}</dd>
  </div>
);

function Curve({ view }: { readonly view: RunView }) {
  const spark = sparkOf(view.curve, sparkWidth, sparkHeight);
  if (spark === undefined) return null;
  const { first, last } = spark;
  const label = words.curve(
    formatLoss(first.train),
    formatLoss(last.train),
    text.counts.rounds(last.round - first.round + 1),
  );
  return (
    <svg
      className="embed-curve"
      viewBox={`0 -2 ${sparkWidth} ${sparkHeight + 4}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polyline points={svgPoints(spark)} />
    </svg>
  );
}

function Heart(props: {
  readonly heart: ReturnType<typeof heartbeatOf>;
  readonly state: string | undefined;
  readonly members: number;
}) {
  const { heart, state, members } = props;
  const { sinceMs } = heart;
  const newest = heart.beats.at(-1);
  return (
    <div className="embed-heart" data-testid="heartbeat" data-beats={heart.beats.length}>
      <svg
        viewBox={`0 0 ${traceWidth} ${traceHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words.beats(text.counts.rounds(heart.beats.length))}
      >
        <polyline points={tracePoints(heart, traceWidth, traceHeight)} />
      </svg>
      <p className="note">
        {newest === undefined || sinceMs === undefined
          ? members === 0
            ? words.nobody
            : words.noBeat
          : words.beat(grouped(newest.round), formatDuration(1_000 * Math.round(sinceMs / 1_000)))}{' '}
        {state !== undefined && (
          <span>
            {words.state} <code>{shortId(state, 8)}</code>
          </span>
        )}
      </p>
    </div>
  );
}
