import { foldGroups } from '../gpu/kernel.ts';

const lanes = 64; // invocations a workgroup, as the shaders say

/**
 * How to run a kernel that treats every element alike: four elements to an invocation where `unit` (what must not be cut:
 * the length, or the width of a row) divides by 4, else one. On a software adapter four at once cost what one does. The
 * shader calls its element type `Value` and counts in it.
 */
export function elementWise(code: string, length: number, unit = length) {
  const perInvocation = unit % 4 === 0 ? 4 : 1;
  return {
    perInvocation,
    source: {
      code: `alias Value = ${perInvocation === 4 ? 'vec4f' : 'f32'};\n${code}`,
      sizes: { PER_INVOCATION: perInvocation }, // sets the variants apart in the cache
    },
    groups: foldGroups(Math.ceil(length / perInvocation / lanes)),
  };
}

/**
 * WGSL to put before code that calls its elements `Value` and sums one with `total`: four f32 where `unit` (what must not
 * be cut: the width of a row) divides by 4, else one. Sizes of the code count Values.
 */
export function valueCode(unit: number): { prefix: string; perValue: 1 | 4 } {
  return unit % 4 === 0
    ? {
        prefix: 'alias Value = vec4f;\nfn total(v: Value) -> f32 { return (v.x + v.y) + (v.z + v.w); }\n',
        perValue: 4,
      }
    : { prefix: 'alias Value = f32;\nfn total(v: Value) -> f32 { return v; }\n', perValue: 1 };
}
