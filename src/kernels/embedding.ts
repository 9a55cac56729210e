import code from '../../shaders/embedding.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';

/**
 * out[n] = table[ids[n]]: ids u32 [N], table f32 [V, d], out f32 [N, d]; the exact bits of the table. An id >= V gives
 * zeros. Throws if a shape or dtype does not fit.
 */
export function embedding(
  gpu: Gpu,
  { ids, table, out }: { readonly ids: Tensor; readonly table: Tensor; readonly out: Tensor },
): Dispatch {
  const sizes = embeddingSizes('embedding', ids, table, out);
  return gpu.kernels.bind(
    {
      name: 'embedding',
      code,
      entry: 'embed',
      bindings: ['read', 'read', 'write'],
      uniforms: false,
      sizes,
      promise: { kind: 'bitwise' },
    },
    [ids, table, out],
    foldGroups(Math.ceil(out.length / 64)),
  );
}

/**
 * dTable[v] += sum of dOut[n] over the rows n with ids[n] = v, in order of n and without atomics, so a device repeats
 * itself exactly. ids u32 [N], dOut f32 [N, d], dTable f32 [V, d]. Ids >= V are skipped. Relative L2 to float64 <= 1e-6.
 * Throws if a shape or dtype does not fit.
 */
export function embeddingBackward(
  gpu: Gpu,
  { ids, dOut, dTable }: { readonly ids: Tensor; readonly dOut: Tensor; readonly dTable: Tensor },
): Dispatch {
  const sizes = embeddingSizes('embedding-backward', ids, dTable, dOut);
  return gpu.kernels.bind(
    {
      name: 'embedding-backward',
      code,
      entry: 'gradient',
      bindings: ['read', 'read', 'write'],
      uniforms: false,
      sizes,
      promise: { kind: 'close', relativeL2: 1e-6 },
    },
    [ids, dOut, dTable],
    foldGroups(Math.ceil((sizes.ROWS * Math.ceil(sizes.WIDTH / 4)) / 64)),
  );
}

/** ROWS, VOCABULARY and WIDTH, from ids [N], a table [V, d] and rows [N, d]. */
function embeddingSizes(name: string, ids: Tensor, table: Tensor, rows: Tensor) {
  const width = rows.length / ids.length;
  const vocabulary = table.length / width;
  invariant(
    ids.dtype === 'u32' && table.dtype === 'f32' && rows.dtype === 'f32',
    `${name}: u32 ids and f32 rows`,
  );
  invariant(
    Number.isInteger(width) && Number.isInteger(vocabulary) && width >= 1 && vocabulary >= 1,
    `${name}: ${ids.length} ids, ${rows.length} row elements, ${table.length} table elements`,
  );
  return { ROWS: ids.length, VOCABULARY: vocabulary, WIDTH: width };
}
