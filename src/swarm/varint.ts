import * as decoding from 'lib0/decoding';

export const malformed = new Error('malformed');

/**
 * A LEB128 number of at most `most`. One value has one encoding, because what is signed or compared must not have a second
 * form; lib0 itself takes padded ones, and makes NaN of very long ones. Throws `malformed`, or what lib0 throws at the end of input.
 */
export function readUint(input: decoding.Decoder, most: number): number {
  const start = input.pos;
  const value = decoding.readVarUint(input);
  const padded = input.pos - start > 1 && input.arr[input.pos - 1] === 0;
  if (padded || !(value <= most)) throw malformed;
  return value;
}
