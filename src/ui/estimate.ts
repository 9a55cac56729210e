import { estimateRun, type GpuSpeed, type RunEstimate } from '../volunteer/run-estimate.ts';
import { formatBytes, formatDuration, grouped } from './format.ts';
import type { PageSnapshot, PresetName } from './host.ts';
import { text } from './text.ts';

const words = text.start.estimate;

/** A line of what a run costs: a name, what is known, and how. */
export interface EstimateLine {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** How fast this GPU is with a size: measured in a run of it, or guessed from the first measurement; undefined: not known. */
export function speedHere(snapshot: PageSnapshot, preset: PresetName): GpuSpeed | undefined {
  const { volunteer, environment, speeds } = snapshot;
  const now = volunteer?.preset === preset ? volunteer.gpuMsPerToken : undefined;
  const msPerToken = now ?? speeds?.[preset];
  if (msPerToken !== undefined && msPerToken > 0) return { kind: 'measured', msPerToken };
  const gflops = environment.suggestedPreset?.gflops;
  return gflops !== undefined && gflops > 0 ? { kind: 'guessed', gflops } : undefined;
}

/**
 * What a run costs this tab, in lines. `others`: volunteers besides this one that are waited for. `fetched`: bytes that everyone
 * who joins fetches besides the model, 0 where there are none.
 */
export function estimateLines(of: {
  readonly snapshot: PageSnapshot;
  readonly preset: PresetName;
  readonly k: number;
  readonly rounds: number | undefined;
  readonly others: number;
  readonly fetched: { readonly text: number; readonly start: number };
}): readonly EstimateLine[] {
  const { snapshot, preset, k, rounds, others, fetched } = of;
  const once = fetched.text + fetched.start;
  const speed = speedHere(snapshot, preset);
  const share = snapshot.comfort?.settings.share ?? 1;
  const estimate = estimateRun({ preset, k, rounds, speed, share });
  return [
    { name: words.memory, value: words.upTo(formatBytes(estimate.gpuBytes)), note: words.memoryNote },
    timeLine(estimate, speed, share, rounds),
    {
      name: words.traffic,
      value: words.toEach(formatBytes(estimate.messageBytes)),
      note:
        others === 0
          ? words.trafficAlone(formatBytes(estimate.snapshotBytes))
          : words.trafficNote(
              formatBytes(others * estimate.messageBytes),
              others,
              formatBytes(estimate.snapshotBytes),
            ),
    },
    ...(once === 0
      ? []
      : [{ name: words.once, value: words.toWhoJoins(formatBytes(once)), note: onceNote(fetched) }]),
  ];
}

function onceNote({ text: ofText, start }: { readonly text: number; readonly start: number }): string {
  const parts = [
    ...(ofText === 0 ? [] : [words.ownText(formatBytes(ofText))]),
    ...(start === 0 ? [] : [words.startWeights(formatBytes(start))]),
  ];
  return words.onceNote(parts);
}

function timeLine(
  { roundMs, allMs }: RunEstimate,
  speed: GpuSpeed | undefined,
  share: number,
  rounds: number | undefined,
): EstimateLine {
  if (roundMs === undefined || speed === undefined)
    return { name: words.time, value: words.notMeasured, note: words.notMeasuredNote };
  const all =
    rounds === undefined
      ? words.noEnd
      : allMs === undefined
        ? ''
        : words.all(grouped(rounds), rangeOf(allMs));
  return {
    name: words.time,
    value: words.aRound(rangeOf(roundMs)),
    note: `${all} ${words.how[speed.kind]}${share < 1 ? ` ${words.atShare(Math.round(100 * share))}` : ''}`.trim(),
  };
}

const rangeOf = ([least, most]: readonly [number, number]): string => {
  const [from, to] = [formatDuration(least), formatDuration(most)];
  return from === to ? words.about(from) : words.fromTo(from, to);
};
