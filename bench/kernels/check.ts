import type { Measured, PeerName } from './types.ts';

/** What must hold on the software adapter: at least so many times faster than each peer, in one run. */
const bounds: Readonly<Record<'matmul' | 'step', Readonly<Partial<Record<PeerName, number>>>>> = {
  matmul: { jax: 1.8, tfjs: 6, ort: 6 },
  step: { jax: 2.4, tfjs: 12 },
};

/** A tenth of what a naive DCT and top-32 of 64 blocks took on the software adapter: 0.4 + 1.0 s. */
const blocks64Ms = 140;

/** Each bound that was measured and not met, as a sentence. Sections and peers not measured are not judged. */
export function shortfalls({
  matmul,
  step,
  compression,
}: Pick<Measured, 'matmul' | 'step' | 'compression'>): string[] {
  const found: string[] = [];
  const judge = (
    what: string,
    least: Readonly<Partial<Record<PeerName, number>>>,
    ratios: Readonly<Partial<Record<PeerName, number>>> | undefined,
  ): void => {
    for (const [peer, ratio] of Object.entries(ratios ?? {})) {
      const bound = least[peer as PeerName];
      if (bound !== undefined && !(ratio >= bound))
        found.push(`${what}: ${ratio.toFixed(2)} times as fast as ${peer}, not ${bound}`);
    }
  };
  judge('matmul, geometric mean', bounds.matmul, matmul?.geomeanRatio);
  judge('training step', bounds.step, step?.ratio);
  const blocks = compression?.rows.find(({ shape }) => shape.startsWith('64 blocks'));
  if (blocks !== undefined && !(blocks.ours.medianMs <= blocks64Ms))
    found.push(`compression of 64 blocks: ${blocks.ours.medianMs.toFixed(0)} ms, not ${blocks64Ms}`);
  return found;
}
