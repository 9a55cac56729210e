import { useEffect, useId, useMemo, useState, type ReactNode } from 'react';
import { advanced, speeds, toggled, usualSpeed, type Playback } from '../../replay/playback.ts';
import type { Recording } from '../../replay/recording.ts';
import { Replay, type ReplayFrame } from '../../replay/replay.ts';
import { formatClock, grouped } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { text } from '../text.ts';
import { Agreement } from './Agreement.tsx';
import { CurvesPanel } from './CurvesPanel.tsx';
import { Ledger } from './Ledger.tsx';
import { Tag } from './Panel.tsx';
import { Peers } from './Peers.tsx';
import { Samples } from './Samples.tsx';
import { Vitals } from './Vitals.tsx';

const words = text.replay;
/** Often enough that rounds come one by one at the usual speeds. */
const stepMs = 250;

const prefersStill = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A recording with its controls, in the panels of the page. `title`: why it is shown. */
export function ReplayPlayer(props: {
  readonly recording: Recording;
  readonly title: string;
  readonly children: ReactNode;
}) {
  const { recording, title } = props;
  const replay = useMemo(() => new Replay(recording), [recording]);
  const { lengthMs } = replay;
  const [playback, setPlayback] = useState<Playback>(() => {
    const speed = usualSpeed(lengthMs);
    // Who does not want things to move sees how it ended, and can look at every moment.
    return prefersStill() ? { atMs: lengthMs, isPlaying: false, speed } : { atMs: 0, isPlaying: true, speed };
  });
  const { isPlaying } = playback;
  useEffect(() => {
    if (!isPlaying) return;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const elapsed = now - last;
      last = now;
      // Nobody watches a page that is hidden.
      if (!document.hidden) setPlayback((before) => advanced(before, elapsed, lengthMs));
    }, stepMs);
    return () => {
      clearInterval(timer);
    };
  }, [isPlaying, lengthMs]);
  const frame = replay.frameAt(playback.atMs);
  const snapshot = useMemo(() => snapshotOf(frame), [frame]);
  const { room, run, recordedOn, seenBy, rounds } = recording;
  return (
    <>
      <div className="replay-bar">
        <p className="replay-title">
          <Tag kind="warn">{words.label}</Tag> {title}
        </p>
        <p className="note">
          {words.about(room, run.preset, recordedOn, text.counts.rounds(rounds.length))}{' '}
          {words.seenBy[seenBy]}
        </p>
        <Controls {...{ replay, frame, playback, setPlayback }} />
        {props.children}
      </div>
      <div className="panels">
        <Vitals snapshot={snapshot} />
        <CurvesPanel snapshot={snapshot} />
        <Agreement snapshot={snapshot} />
        <Samples history={{ lines: frame.samples }} isQuiet />
        <Peers snapshot={snapshot} />
        <Ledger snapshot={snapshot} />
      </div>
    </>
  );
}

function Controls(props: {
  readonly replay: Replay;
  readonly frame: ReplayFrame;
  readonly playback: Playback;
  readonly setPlayback: (change: (before: Playback) => Playback) => void;
}) {
  const { replay, frame, playback, setPlayback } = props;
  const { lengthMs, recording } = replay;
  const scrub = useId();
  const isOver = playback.atMs >= lengthMs;
  const place = frame.rounds - 1;
  const round = recording.rounds[place]?.round ?? 0;
  const moment = words.moment(grouped(round), formatClock(playback.atMs), formatClock(lengthMs));
  return (
    <div className="replay-controls">
      <button
        type="button"
        className="primary"
        data-testid="replay-play"
        onClick={() => setPlayback((before) => toggled(before, lengthMs))}
      >
        {playback.isPlaying ? words.pause : isOver ? words.again : words.play}
      </button>
      <div className="replay-scrub">
        <label htmlFor={scrub}>{words.scrub}</label>
        <input
          id={scrub}
          type="range"
          min={0}
          max={recording.rounds.length - 1}
          step={1}
          value={place}
          aria-valuetext={moment}
          data-testid="replay-scrub"
          onChange={({ currentTarget }) => {
            const atMs = replay.momentOf(Number(currentTarget.value));
            setPlayback((before) => ({ ...before, atMs }));
          }}
        />
        <span className="note" data-testid="replay-moment">
          {moment}
        </span>
      </div>
      <div className="segmented" role="group" aria-label={words.speed}>
        {speeds.map((speed) => (
          <button
            key={speed}
            type="button"
            aria-pressed={playback.speed === speed}
            onClick={() => setPlayback((before) => ({ ...before, speed }))}
          >
            {words.times(speed)}
          </button>
        ))}
      </div>
    </div>
  );
}

/** What the panels are given: a page that only watches. */
const snapshotOf = ({ view, metrics }: ReplayFrame): PageSnapshot => ({
  view,
  volunteer: undefined,
  metrics,
  environment: { canTrain: false, reason: words.reason, fix: '', secureUrl: undefined },
});
