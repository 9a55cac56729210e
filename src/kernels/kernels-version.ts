import { digestOf } from '../base/digest.ts';
import { attentionFingerprint } from './attention.ts';
import { attentionVariants } from './attention-variants.ts';
import { packFingerprint } from './compress-pack.ts';
import { compressFingerprint } from './compress.ts';
import { matmulSource, matmulVariants } from './matmul-source.ts';

/** A product of no even size, and a large one of even sizes: together they take every way that a variant has. */
const sizes = [
  { m: 70, n: 90, k: 130 },
  { m: 512, n: 768, k: 1024 },
] as const;

/**
 * A hash of all that is measured when kernels are tuned, code and parameters: what was measured of another version says nothing
 * of this one.
 */
export function kernelsVersion(): Promise<string> {
  const products = matmulVariants.flatMap((variant) =>
    (['nn', 'nt', 'tn'] as const).flatMap((transpose) =>
      sizes.map((size) =>
        matmulSource({ ...size, transpose, epilogue: 'plain', accumulate: false }, variant),
      ),
    ),
  );
  const measured = [products, attentionVariants, attentionFingerprint, compressFingerprint, packFingerprint];
  return digestOf(new TextEncoder().encode(JSON.stringify(measured)));
}
