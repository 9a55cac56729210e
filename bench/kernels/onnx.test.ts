import { expect, it } from 'vitest';
import { oneNodeModel } from './onnx.ts';

/** Fields of a protobuf message: numbers as they are, the rest as bytes. */
function fieldsOf(bytes: Uint8Array): [number, number | Uint8Array][] {
  const fields: [number, number | Uint8Array][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if (tag % 8 === 0) fields.push([tag >> 3, value]);
    else fields.push([tag >> 3, bytes.subarray(at, (at += value))]);
  }
  return fields;
}

const find = (bytes: Uint8Array, field: number): (number | Uint8Array)[] =>
  fieldsOf(bytes).flatMap(([number, value]) => (number === field ? [value] : []));
const text = (value: number | Uint8Array | undefined): string =>
  new TextDecoder().decode(value as Uint8Array);

it('writes a model of one node, its shapes and its attributes', () => {
  const model = oneNodeModel(
    { op: 'Op', domain: 'other', inputs: ['a', 'b'], outputs: ['c'], integers: { heads: 300 } },
    { a: [1024, 3], b: [3, 5] },
    { c: [1024, 5] },
  );
  expect(find(model, 1)).toEqual([8]); // ir_version
  expect(find(model, 8).map((opset) => find(opset as Uint8Array, 2))).toEqual([[17], [1]]);
  const [graph] = find(model, 7) as Uint8Array[];
  const [node] = find(graph, 1) as Uint8Array[];
  expect(find(node, 1).map(text)).toEqual(['a', 'b']);
  expect(find(node, 2).map(text)).toEqual(['c']);
  expect([text(find(node, 4)[0]), text(find(node, 7)[0])]).toEqual(['Op', 'other']);
  const [attribute] = find(node, 5) as Uint8Array[];
  expect([text(find(attribute, 1)[0]), find(attribute, 3)[0]]).toEqual(['heads', 300]);
  const dimsOf = (info: Uint8Array): (number | Uint8Array | undefined)[] => {
    const tensor = find(find(info, 2)[0] as Uint8Array, 1)[0] as Uint8Array;
    return find(find(tensor, 2)[0] as Uint8Array, 1).map((dim) => find(dim as Uint8Array, 1)[0]);
  };
  expect((find(graph, 11) as Uint8Array[]).map(dimsOf)).toEqual([
    [1024, 3],
    [3, 5],
  ]);
  expect((find(graph, 12) as Uint8Array[]).map(dimsOf)).toEqual([[1024, 5]]);
});
