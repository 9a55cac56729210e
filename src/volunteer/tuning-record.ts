import { digestOf } from '../base/digest.ts';
import { optionalFeatures } from '../gpu/device.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { kernelsVersion } from '../kernels/kernels-version.ts';

/** What is kept of one adapter: the newest version only, which takes the place of those before. */
export interface TuningRecord {
  readonly version: string;
  /** `keptChoices`. */
  readonly choices: Readonly<Record<string, string>>;
  /** The time of day when it was measured, ms, where the store knows it. */
  readonly atMs?: number | undefined;
}

/** Where a host keeps what was measured, by adapter. Anything may come back: it is checked. */
export interface TuningStore {
  get(adapter: string): Promise<unknown>;
  put(adapter: string, record: TuningRecord): Promise<void>;
  /** ms that a visit may measure for; two seconds unless given. */
  readonly budgetMs?: number;
  /** The time of day, ms: where it is known, who comes back within minutes goes on with what was measured then. */
  readonly now?: () => number;
}

/** What was measured where: an adapter in its own words, and a version of what ran there. */
export interface Machine {
  readonly adapter: string;
  /** A hash of the kernels and of what the device was opened with. */
  readonly version: string;
}

export async function machineOf({ adapter, device, subgroupSize }: Gpu): Promise<Machine> {
  const { vendor, architecture, device: model, description } = adapter;
  const features = optionalFeatures.filter((feature) => device.features.has(feature));
  const words = [await kernelsVersion(), ...features, subgroupSize].join();
  return {
    adapter: [vendor, architecture, model, description].join('/'),
    version: await digestOf(new TextEncoder().encode(words)),
  };
}

/** A tab that is reloaded is waited for: what was measured less than this ago, ms, is not gone on with. */
const recentMs = 600_000;

/** Whether a record, which may be anything, is of this version and was measured within the last ten minutes of `nowMs`, a time of day. */
export const isRecent = (kept: unknown, { version }: Machine, nowMs: number | undefined): boolean => {
  if (!isOf(kept, version) || nowMs === undefined) return false;
  const { atMs } = kept as { readonly atMs?: unknown };
  return typeof atMs === 'number' && nowMs >= atMs && nowMs - atMs < recentMs;
};

/** The choices of a record, which may be anything; nothing where it is of another version. */
export const recordedChoices = (kept: unknown, { version }: Machine): unknown =>
  isOf(kept, version) ? kept.choices : undefined;

const isOf = (kept: unknown, version: string): kept is { readonly choices: unknown } =>
  typeof kept === 'object' &&
  kept !== null &&
  'choices' in kept &&
  'version' in kept &&
  kept.version === version;
