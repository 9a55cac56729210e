import code from '../../shaders/embedding.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { valueCode } from './element-wise.ts';
import { bitsOf, storedCode } from './stored.ts';

/**
 * out[n] = table[ids[n]]: ids u32 [N], table [V, d], out [N, d], each f32 or f16; the exact values where `out` can hold them. An id >= V gives
 * zeros. With `first`, the table holds the rows of ids from `first` on: a part after the first leaves the rows of `out`
 * whose id it does not hold as they are. Throws if a shape or dtype does not fit.
 */
export function embedding(
  gpu: Gpu,
  tensors: { readonly ids: Tensor; readonly table: Tensor; readonly out: Tensor; readonly first?: number },
): Dispatch {
  const { ids, table, out, first = 0 } = tensors;
  const { groups, ...source } = arrange('embedding', ids, table, out, first, {
    Source: table,
    Destination: out,
  });
  return gpu.kernels.bind(
    {
      ...source,
      name: 'embedding',
      entry: 'embed',
      bindings: ['read', 'read', 'write'],
      promise: { kind: 'bitwise' },
    },
    [ids, table, out],
    groups,
  );
}

/**
 * dTable[v] += sum of dOut[n] over the rows n with ids[n] = v, in order of n and without atomics, so a device repeats
 * itself exactly; `scale` times the sum. ids u32 [N], dOut f32 or f16 [N, d], dTable f32 [V, d]; `order` u32 [N] is
 * `rowsById(ids)`. Ids >= V are skipped. With `first`, dTable holds the rows of ids from `first` on. Relative L2 to float64 <= 1e-6. Throws if a shape or dtype
 * does not fit.
 */
export function embeddingBackward(
  gpu: Gpu,
  tensors: {
    readonly ids: Tensor;
    readonly order: Tensor;
    readonly dOut: Tensor;
    readonly dTable: Tensor;
    readonly first?: number;
    readonly scale?: number;
  },
): Dispatch {
  const { ids, order, dOut, dTable, first = 0, scale = 1 } = tensors;
  const { groups, ...source } = arrange(
    'embedding-backward',
    ids,
    dTable,
    dOut,
    first,
    { Source: dOut, Destination: dTable },
    scale,
  );
  invariant(dTable.dtype === 'f32', 'embedding-backward: the gradient of a table is f32');
  invariant(
    order.dtype === 'u32' && order.length === ids.length,
    'embedding-backward: a place for every row',
  );
  return gpu.kernels.bind(
    {
      ...source,
      name: 'embedding-backward',
      entry: 'gradient',
      bindings: ['read', 'read', 'write', 'read'],
      promise: { kind: 'close', relativeL2: 1e-6 },
    },
    [ids, dOut, dTable, order],
    groups,
  );
}

/** The numbers of all rows, sorted by id and ascending among equal ids: the `order` of `embeddingBackward`. */
export function rowsById(ids: Uint32Array): Uint32Array<ArrayBuffer> {
  const rows = ids.length;
  invariant(rows <= 2 ** 21, 'ids and row numbers fit the integers of a float64');
  const keys = Float64Array.from(ids, (id, row) => id * rows + row).sort(); // numbers sort fast without a comparator
  return Uint32Array.from(keys, (key) => key % rows);
}

/** The shader's variant and grid, from ids [N], a table [V, d] and rows [N, d]. */
function arrange(
  name: string,
  ids: Tensor,
  table: Tensor,
  rows: Tensor,
  first: number,
  roles: Readonly<Record<'Source' | 'Destination', Tensor>>,
  scale = 1,
) {
  const width = rows.length / ids.length;
  const vocabulary = table.length / width;
  invariant(ids.dtype === 'u32', `${name}: u32 ids`);
  invariant(
    Number.isInteger(width) && Number.isInteger(vocabulary) && width >= 1 && vocabulary >= 1,
    `${name}: ${ids.length} ids, ${rows.length} row elements, ${table.length} table elements`,
  );
  const { prefix, perValue } = valueCode(width);
  const stored = storedCode(roles, perValue);
  return {
    code: prefix + stored.prefix + code,
    types: stored.types,
    uniforms: false,
    sizes: {
      ...{ ROWS: ids.length, VOCABULARY: vocabulary, WIDTH: width / perValue, PER: perValue, FIRST: first },
      SCALE: bitsOf(scale),
    },
    groups: foldGroups(Math.ceil(rows.length / perValue / 64)),
  };
}
