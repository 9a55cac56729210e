import type { SeededRandom } from '../../src/base/random.ts';
import { draw, drawBytes, oneIn, pick } from './draw.ts';

/**
 * Field-aware mutation: takes a valid value apart, changes one field, and leaves encoding to the caller. In `wire` style a
 * field keeps its type, because binary encoders write nothing else; in `json` style it may become anything JSON can say.
 */
export type Style = 'wire' | 'json';

/** No infinity: lib0's writeVarUint never ends on it. 1e39 becomes infinity as f32. */
const numbers = [
  0,
  1,
  -1,
  2,
  3,
  63,
  64,
  127,
  128,
  255,
  256,
  4095,
  4096,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  0.5,
  100,
  100.001,
  1e39,
  NaN,
];

const strangeKeys = ['__proto__', 'constructor', 'toString', 'length', '', 'x'];

/** JSON texts that are put in place of a field; what `JSON.stringify` would never write among them. */
const rawTokens: readonly string[] = [
  '1e400',
  '-1e400',
  '-0',
  '1E2',
  '5.0',
  '9007199254740993',
  '0.1',
  '-1',
  '4294967296',
  'null',
  'true',
  'false',
  '""',
  '"x"',
  '"\\ud800"',
  '"\\u0000"',
  '"__proto__"',
  '{}',
  '[]',
  '[[]]',
  '{"__proto__":{"x":1}}',
  '{"a":1,"a":2}',
  `${'['.repeat(500)}${']'.repeat(500)}`,
  `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`,
  JSON.stringify('y'.repeat(20_000)),
  `[${'0,'.repeat(2_000)}0]`,
];
const rawMark = '\u0001raw';
const rawPattern = /"\\u0001raw(\d+)"/g;

/** The JSON text of a value that `mutateValue` made. */
export const jsonText = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replace(rawPattern, (_, index: string) => rawTokens[Number(index)] ?? '');

/** A copy of `value` with one field changed. */
export function mutateValue(random: SeededRandom, value: unknown, style: Style): unknown {
  if (style === 'json' && oneIn(random, 12)) return rawMark + String(draw(random, rawTokens.length));
  if (value instanceof Uint8Array) return mutateBlob(random, value);
  if (Array.isArray(value)) return mutateList(random, value, style);
  if (typeof value === 'object' && value !== null)
    return mutateObject(random, value as Record<string, unknown>, style);
  if (style === 'json' && oneIn(random, 3)) return rawMark + String(draw(random, rawTokens.length));
  if (typeof value === 'number') return mutateNumber(random, value);
  if (typeof value === 'string')
    return style === 'wire' ? mutateHex(random, value) : mutateText(random, value);
  if (typeof value === 'boolean') return !value;
  return pick(random, numbers);
}

function mutateNumber(random: SeededRandom, value: number): number | undefined {
  if (oneIn(random, 8)) return undefined;
  return oneIn(random, 3) ? value + pick(random, [-1, 1, 0.5, 64]) : pick(random, numbers);
}

function mutateBlob(random: SeededRandom, value: Uint8Array): Uint8Array {
  switch (draw(random, 4)) {
    case 0:
      return value.slice(0, draw(random, value.length + 1));
    case 1: {
      const longer = drawBytes(random, value.length + pick(random, [1, 2, 16, 300]));
      longer.set(value);
      return longer;
    }
    case 2:
      return new Uint8Array(value.length).fill(pick(random, [0, 0xff]));
    default: {
      const copy = new Uint8Array(value);
      if (copy.length > 0) copy[draw(random, copy.length)] ^= 1 << draw(random, 8);
      return copy;
    }
  }
}

/** Still hex of whole bytes, often of another length. */
function mutateHex(random: SeededRandom, value: string): string {
  const at = draw(random, value.length);
  switch (draw(random, 5)) {
    case 0:
      return `${value}00`;
    case 1:
      return value.slice(2);
    case 2:
      return pick(random, ['0', 'f']).repeat(value.length);
    default:
      return value.slice(0, at) + draw(random, 16).toString(16) + value.slice(at + 1);
  }
}

function mutateText(random: SeededRandom, value: string): string {
  const at = draw(random, value.length + 1);
  switch (draw(random, 6)) {
    case 0:
      return value.slice(0, at);
    case 1:
      return value + value;
    case 2:
      return value.repeat(1 + draw(random, 40)).slice(0, 40_000);
    case 3:
      return value.toUpperCase();
    case 4:
      return (
        value.slice(0, at) + pick(random, ['\u0000', '"', '\ud83d', '\u202e', ' ', 'g']) + value.slice(at)
      );
    default:
      return value.slice(0, at) + draw(random, 36).toString(36) + value.slice(at + 1);
  }
}

function mutateList(random: SeededRandom, list: readonly unknown[], style: Style): unknown[] {
  if (list.length > 0 && !oneIn(random, 3)) {
    const copy = [...list];
    const at = draw(random, copy.length);
    copy[at] = mutateValue(random, copy[at], style);
    return copy;
  }
  const [a, b] = [draw(random, list.length), draw(random, list.length)];
  switch (draw(random, 5)) {
    case 0:
      return list.toSpliced(a, 1);
    case 1:
      return list.length === 0 ? [] : list.toSpliced(b, 0, list[a]);
    case 2:
      return list.length === 0 ? [] : list.with(a, list[b]).with(b, list[a]);
    case 3:
      return [];
    default:
      return list.length === 0 ? [] : Array<unknown>(pick(random, [255, 256, 257, 300])).fill(list[a]);
  }
}

function mutateObject(
  random: SeededRandom,
  object: Readonly<Record<string, unknown>>,
  style: Style,
): Record<string, unknown> {
  const keys = Object.keys(object).filter((key) => style === 'json' || key !== 'kind');
  const key = keys[draw(random, keys.length)];
  if (style === 'json' && oneIn(random, 8)) {
    const strange = pick(random, strangeKeys);
    if (key !== undefined && oneIn(random, 2)) {
      const { [key]: dropped, ...rest } = object;
      return oneIn(random, 2) ? rest : withKey(rest, strange, dropped);
    }
    return withKey(object, strange, pick(random, numbers));
  }
  return key === undefined ? object : withKey(object, key, mutateValue(random, object[key], style));
}

/** With an own property even where the key is `__proto__`. */
function withKey(
  object: Readonly<Record<string, unknown>>,
  key: string,
  value: unknown,
): Record<string, unknown> {
  const copy = { ...object };
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}
