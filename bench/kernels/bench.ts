import type { Bench } from './context.ts';
import type { Ours } from './libraries/ours.ts';
import { attentionSection } from './sections/attention.ts';
import { applySection, compressionSection } from './sections/compression.ts';
import { matmulSection } from './sections/matmul.ts';
import { stepSection } from './sections/step.ts';
import { roofline } from './sections/roofline.ts';
import type { Library, LibraryName, Measured, Request, Row } from './types.ts';

/** Runs the sections asked for, in a page or in Node alike. */
export async function measure(
  request: Request,
  ours: Ours,
  peers: readonly Library[],
  tell: (line: string) => void,
): Promise<Measured> {
  const { adapter } = ours.gpu;
  const libraries = [ours, ...peers];
  const versions = Object.fromEntries(libraries.map(({ name, version }) => [name, version])) as Partial<
    Record<LibraryName, string>
  >;
  tell(`adapter: ${adapter.name}${adapter.software ? ' (software)' : ''}`);
  const limits = await roofline(ours, request.runs);
  tell(`roofline: copy ${limits.copyGBs.toFixed(2)} GB/s, FMA ${limits.fmaGflops.toFixed(2)} GFLOP/s`);
  const errors: string[] = [];
  for (const { name, device } of libraries) {
    device.addEventListener('uncapturederror', ({ error }) => errors.push(`${name}: ${error.message}`));
  }
  const bench: Bench = {
    ours,
    libraries,
    runs: request.runs,
    roofline: limits,
    tell,
    checkErrors: () => {
      if (errors.length > 0) throw new Error(`WebGPU reports errors: ${errors.slice(0, 3).join('; ')}`);
    },
    tellRow: (row) => {
      tell(lineOf(row));
    },
  };
  const wants = new Set(request.sections);
  // First, while no library has buffers of earlier rows in its pools: the bytes are then those of the step.
  const step = wants.has('step') ? await stepSection(bench) : undefined;
  return {
    adapter: adapter.name,
    software: adapter.software,
    versions,
    roofline: limits,
    ...(wants.has('matmul') ? { matmul: await matmulSection(bench) } : {}),
    ...(wants.has('attention') ? { attention: await attentionSection(bench) } : {}),
    ...(wants.has('compression') ? { compression: await compressionSection(bench) } : {}),
    ...(wants.has('apply') ? { apply: await applySection(bench) } : {}),
    ...(step === undefined ? {} : { step }),
  };
}

function lineOf({ op, shape, ours, gflops, gbps, peers }: Row): string {
  const speed = gflops === undefined ? `${(gbps ?? 0).toFixed(2)} GB/s` : `${gflops.toFixed(2)} GFLOP/s`;
  const others = Object.entries(peers).map(
    ([name, { medianMs, ratio, runs }]) =>
      `${name} ${medianMs.toFixed(1)} ms (${ratio.toFixed(2)}x, ${runs} runs)`,
  );
  return [`${op} ${shape}: ${ours.medianMs.toFixed(1)} ms, ${speed}`, ...others].join(' | ');
}
