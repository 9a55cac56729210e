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
