import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { attentionKey } from '../kernels/attention-variants.ts';
import { caseKey } from '../kernels/matmul.ts';
import { openTimedGpu, type TimedWork } from '../testing/timed-gpu.ts';
import type { ModelConfig } from './config.ts';
import { attentionShape, productShapes, widestProducts } from './product-shapes.ts';
import { Replica } from './replica.ts';

const model: ModelConfig = { vocabulary: 448, width: 128, blocks: 2, heads: 4, hidden: 128, context: 64 };

/** The key by which a dispatch of the pass chose its variant. */
function keyOf({ label, sizes, types }: TimedWork): string | undefined {
  const transpose = /^matmul-(nn|nt|tn)/.exec(label)?.[1] as 'nn' | 'nt' | 'tn' | undefined;
  const type = (name: string) => types[name] as 'f32' | 'f16';
  if (transpose !== undefined)
    return caseKey({
      ...{ m: sizes['M'], n: sizes['N'], k: sizes['K'], transpose },
      stored: { a: type('InA'), b: type('InB'), out: type('Out') },
    });
  const pass = /^attention(-backward)?/.exec(label);
  if (pass === null) return undefined;
  const [batch, sequence, heads, headSize] = ['BATCH', 'SEQUENCE', 'HEADS', 'HEAD_SIZE'].map(
    (name) => sizes[name],
  );
  const shape = { batch, sequence, heads, headSize, stored: type('RowElement') };
  return attentionKey(shape, pass[1] === undefined ? 'forward' : 'backward');
}

describe('the products that are tuned', () => {
  // All at once; the logits of 128 rows and then of 64; the head in parts of 384 and 64, each with 64 rows at a time.
  const layouts = [
    { most: undefined, head: ['192x448'] },
    { most: 57_344, head: ['128x448', '64x448'] },
    { most: 50_000, head: ['64x384', '64x64'] },
  ];
  for (const precision of ['f32', 'mixed'] as const) {
    for (const { most, head } of layouts) {
      for (const checkpoint of [false, true]) {
        const how = `${precision}, ${most ?? 'all'} elements in a binding${checkpoint ? ', computed twice' : ''}`;
        it(`are those that a pass dispatches: ${how}`, async () => {
          const clock = new ManualClock();
          const { gpu, done } = await openTimedGpu(clock, () => 0, ['shader-f16']);
          const size = { batch: 3, sequence: 64, precision, ...(most !== undefined && { most }) };
          const replica = Replica.create(gpu, model, { seed: 1, ...size, checkpoint });
          const ids = new Uint32Array(192);
          done.length = 0;
          gpu.submit(replica.prepared({ ids, targets: ids }));
          const dispatched = new Set(done.map(keyOf).filter((key) => key !== undefined));
          const products = productShapes(model, size).map(caseKey);
          const shape = attentionShape(model, size);
          const passes = [attentionKey(shape, 'forward'), attentionKey(shape, 'backward')];
          expect(new Set([...products, ...passes])).toEqual(dispatched);
          for (const one of head)
            expect(products).toContainEqual(expect.stringMatching(`^matmul-nt/${one}x128`));
          for (const product of widestProducts(model, size)) expect(dispatched).toContain(caseKey(product));
        });
      }
    }
  }
});
