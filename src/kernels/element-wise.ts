import { foldGroups } from '../gpu/kernel.ts';

const lanes = 64; // invocations a workgroup, as the shaders say

/**
 * How to run a kernel that treats every element alike: four elements to an invocation where `unit` (what must not be cut:
 * the length, or the width of a row) divides by 4, else one. On a software adapter four at once cost what one does. The
 * shader calls its element type `Value` and counts in it.
 */
export function elementWise(code: string, length: number, unit = length) {
  const perInvocation: 1 | 4 = unit % 4 === 0 ? 4 : 1;
  return {
    perInvocation,
    source: {
      code: `alias Value = ${perInvocation === 4 ? 'vec4f' : 'f32'};\n${code}`,
      sizes: { PER_INVOCATION: perInvocation }, // sets the variants apart in the cache
    },
    groups: foldGroups(Math.ceil(length / perInvocation / lanes)),
  };
}

const fourWide = `alias Value = vec4f;
fn total(v: Value) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn largest(v: Value) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn element(v: Value, index: u32) -> f32 { return v[index]; }
fn oneHot(index: u32) -> Value { return vec4f(vec4u(0u, 1u, 2u, 3u) == vec4u(index)); }
`;
const single = `alias Value = f32;
fn total(v: Value) -> f32 { return v; }
fn largest(v: Value) -> f32 { return v; }
fn element(v: Value, index: u32) -> f32 { return v; }
fn oneHot(index: u32) -> Value { return 1.0; }
`;

/**
 * WGSL to put before code that calls its elements `Value`, with `total`, `largest`, `element` and `oneHot` of one: four f32
 * where `unit` (what must not be cut: the width of a row) divides by 4, else one. Sizes of the code count Values.
 */
export const valueCode = (unit: number): { prefix: string; perValue: 1 | 4 } =>
  unit % 4 === 0 ? { prefix: fourWide, perValue: 4 } : { prefix: single, perValue: 1 };
