import * as v from 'valibot';
import type { PresetName } from '../model/config.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

const item = 'starling-speeds';
const mostGpus = 8;
const mostCharacters = 4_000;

/** Where it is kept across visits; what comes back may be anything. */
export interface KeptSpeeds {
  recall(key: string): string | undefined;
  keep(key: string, text: string): void;
}

const ms = v.optional(v.pipe(v.number(), v.finite(), v.minValue(1e-6), v.maxValue(1e6)));
const schema = v.pipe(
  v.array(
    v.strictObject({
      gpu: v.pipe(v.string(), v.maxLength(200)),
      nano: ms,
      micro: ms,
      small: ms,
    }),
  ),
  v.maxLength(mostGpus),
);
type Kept = v.InferOutput<typeof schema>;

/** How long the GPU was busy for a token, ms, by size of the model: measured in runs, so that a new run can be estimated. */
export class MeasuredSpeeds {
  readonly #kept: KeptSpeeds;
  #all: Kept;

  constructor(kept: KeptSpeeds) {
    this.#kept = kept;
    this.#all = readSpeeds(kept.recall(item));
  }

  /** Of the GPU by this name. */
  of(gpu: string | undefined): Partial<Record<PresetName, number>> {
    const found = this.#all.find((one) => one.gpu === gpu);
    if (found === undefined) return {};
    const { nano, micro, small } = found;
    return Object.fromEntries(
      Object.entries({ nano, micro, small }).filter(([, known]) => known !== undefined),
    );
  }

  /** Keeps what a volunteer says of its GPU; it is written when it changed by a tenth, not every round. */
  saw(status: Pick<VolunteerStatus, 'adapter' | 'preset' | 'gpuMsPerToken'> | undefined): void {
    const { adapter, preset, gpuMsPerToken } = status ?? {};
    if (adapter === undefined || preset === undefined || gpuMsPerToken === undefined) return;
    if (!(gpuMsPerToken >= 1e-6 && gpuMsPerToken <= 1e6) || adapter.name.length > 200) return;
    const before = this.of(adapter.name)[preset];
    if (before !== undefined && Math.abs(gpuMsPerToken - before) <= before / 10) return;
    // Other tabs of this browser measure too.
    const now = readSpeeds(this.#kept.recall(item));
    const mine = now.find(({ gpu }) => gpu === adapter.name) ?? { gpu: adapter.name };
    const others = now.filter((one) => one !== mine);
    this.#all = [...others, { ...mine, [preset]: gpuMsPerToken }].slice(-mostGpus);
    this.#kept.keep(item, JSON.stringify(this.#all));
  }
}

function readSpeeds(text: string | undefined): Kept {
  if (text === undefined || text.length > mostCharacters) return [];
  try {
    const read = v.safeParse(schema, JSON.parse(text), { abortEarly: true });
    return read.success ? read.output : [];
  } catch {
    return [];
  }
}
