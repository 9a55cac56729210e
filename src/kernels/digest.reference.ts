import { mix32 } from '../base/random.ts';

/** Sets these digests apart from other uses of the same mixing: "star". */
export const digestSalt = 0x73746172;

/**
 * The four lanes of shaders/digest.wgsl: lane j is the sum over i of mix32(w_i ^ mix32(4 i + j + salt)) modulo 2^32, for
 * the 32-bit words w of f32 values [n], the first of which is element `offset` of the whole model.
 */
export function digestReference(values: Float32Array, offset = 0): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const lanes = new Uint32Array(4);
  for (let i = 0; i < words.length; i++) {
    const key = 4 * (offset + i) + digestSalt;
    for (let j = 0; j < 4; j++) lanes[j] += mix32(words[i] ^ mix32(key + j));
  }
  return lanes;
}
