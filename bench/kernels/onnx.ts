// The few bytes of ONNX that a model of one node needs, so that no model file or converter is shipped. Field numbers are
// those of onnx.proto3 (onnx/onnx, version 1.17).

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...out, rest];
}

const number = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const message = (field: number, body: readonly number[]): number[] => [
  ...varint(field * 8 + 2),
  ...varint(body.length),
  ...body,
];
const text = (field: number, value: string): number[] => message(field, bytesOf(value));

export interface OnnxNode {
  readonly op: string;
  /** '' is ONNX itself. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers?: Readonly<Record<string, number>>;
}

/** f32 tensors by name. */
export type OnnxShapes = Readonly<Record<string, readonly number[]>>;

const float32 = 1; // TensorProto.DataType.FLOAT
const integerAttribute = 2; // AttributeProto.AttributeType.INT

/** ValueInfoProto: a name and the type tensor(float) of a fixed shape. */
const valueInfo = (name: string, dims: readonly number[]): number[] => {
  const shape = dims.flatMap((dim) => message(1, number(1, dim)));
  return [...text(1, name), ...message(2, message(1, [...number(1, float32), ...message(2, shape)]))];
};

/** A ModelProto of one node, f32 throughout. */
export function oneNodeModel(
  node: OnnxNode,
  inputs: OnnxShapes,
  outputs: OnnxShapes,
): Uint8Array<ArrayBuffer> {
  const attributes = Object.entries(node.integers ?? {}).flatMap(([name, value]) =>
    message(5, [...text(1, name), ...number(3, value), ...number(20, integerAttribute)]),
  );
  const nodeProto = [
    ...node.inputs.flatMap((name) => text(1, name)),
    ...node.outputs.flatMap((name) => text(2, name)),
    ...text(4, node.op),
    ...attributes,
    ...(node.domain === '' ? [] : text(7, node.domain)),
  ];
  const graph = [
    ...message(1, nodeProto),
    ...text(2, 'bench'),
    ...Object.entries(inputs).flatMap(([name, dims]) => message(11, valueInfo(name, dims))),
    ...Object.entries(outputs).flatMap(([name, dims]) => message(12, valueInfo(name, dims))),
  ];
  const opset = (domain: string, version: number): number[] =>
    message(8, [...(domain === '' ? [] : text(1, domain)), ...number(2, version)]);
  const opsets = [...opset('', 17), ...(node.domain === '' ? [] : opset(node.domain, 1))];
  return Uint8Array.from([...number(1, 8), ...message(7, graph), ...opsets]);
}
