import type { Fetching, JoinStage, SetUp, VolunteerStatus } from '../volunteer/status.ts';
import { formatBytes } from './format.ts';
import type { PageSnapshot } from './host.ts';
import { text } from './text.ts';

/** The way from the press of Join to the first step of one's own, in the order in which it is gone. */
export const stepNames = ['run', 'adapter', 'compile', 'data', 'peers', 'catching-up', 'first-step'] as const;
export type StepName = (typeof stepNames)[number];

export interface Stepper {
  readonly steps: readonly {
    readonly name: StepName;
    readonly standing: 'done' | 'present' | 'failed' | 'ahead';
  }[];
  readonly present: StepName;
  /** What is done now, one sentence. */
  readonly title: string;
  /** How far that is; empty where nothing can be counted. */
  readonly detail: string;
  /** 0 to 1; undefined where nothing can be counted. */
  readonly share: number | undefined;
}

type Now = Pick<Stepper, 'present' | 'title' | 'detail' | 'share'>;

/**
 * How far joining is; undefined for who does not join, or has trained. `isPressed`: the button was just pressed, and the host has
 * not said anything yet.
 */
export function stepperOf(
  { volunteer, joining, view }: PageSnapshot,
  isPressed: boolean,
): Stepper | undefined {
  const isThere = volunteer !== undefined && volunteer.state !== 'left';
  const stage = joining ?? (isPressed ? 'looking' : undefined);
  const now = isThere
    ? stepOf(volunteer)
    : stage === undefined
      ? undefined
      : beforeVolunteer(stage, view.signaling);
  if (now === undefined) return undefined;
  const at = stepNames.indexOf(now.present);
  const standing = isThere && volunteer.state === 'failed' ? 'failed' : 'present';
  const steps = stepNames.map(
    (name, index) => ({ name, standing: index < at ? 'done' : index === at ? standing : 'ahead' }) as const,
  );
  return { ...now, steps };
}

const uncounted = { detail: '', share: undefined };

const beforeVolunteer = (stage: JoinStage, isServerThere: boolean): Now => ({
  present: stage === 'opening' ? 'adapter' : 'run',
  title: stage === 'looking' && !isServerThere ? text.stepper.noServer : text.stepper.joining[stage],
  ...uncounted,
});

function stepOf(volunteer: VolunteerStatus): Now | undefined {
  const { setUp, state, catchUp, members, roundsTrained, fetching } = volunteer;
  if (setUp !== undefined)
    return setUp.step === 'data' && fetching !== undefined ? waitsFor('data', fetching) : settingUp(setUp);
  if (roundsTrained > 0) return undefined;
  if (state === 'waiting' && fetching?.what === 'start') return waitsFor('peers', fetching);
  if (catchUp !== undefined || state === 'catching-up')
    return { present: 'catching-up', title: volunteer.reason, ...uncounted };
  if (state === 'starting' || state === 'waiting')
    return { present: 'peers', title: volunteer.reason, ...uncounted };
  if (state !== 'training') return undefined;
  const title = members <= 1 ? text.stepper.alone : text.stepper.together(text.counts.others(members - 1));
  // The text of the first round may still be on its way.
  return fetching === undefined
    ? { present: 'first-step', title, ...uncounted }
    : { ...waitsFor('first-step', fetching), title };
}

/** How far what is waited for has come, and why nothing comes where nothing does. */
function waitsFor(present: StepName, { what, bytes, totalBytes, stuck }: Fetching): Now {
  const title = stuck === undefined ? text.stepper.fetching[what] : text.stepper.stuck[stuck];
  if (totalBytes === undefined || totalBytes === 0) return { present, title, ...uncounted };
  return {
    ...{ present, title, share: Math.min(1, bytes / totalBytes) },
    detail: text.stepper.fetched(formatBytes(bytes), formatBytes(totalBytes)),
  };
}

function settingUp({ step, doing, done, total }: SetUp): Now {
  const title = text.stepper.doing[doing];
  if (total === 0) return { present: step, title, ...uncounted };
  return { present: step, title, detail: text.stepper.compiled(done, total), share: done / total };
}
