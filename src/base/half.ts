// IEEE 754 binary16 on hosts whose JavaScript has no Float16Array yet.

const bits = new DataView(new ArrayBuffer(4));

/** The binary16 word nearest to `value`, ties to even; beyond 65504 and half a step it is infinite. */
export function toHalf(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // Subnormal halves are multiples of 2^-24: adding 1/2 puts the last of them at the last bit of an f32.
  if (magnitude < 0x38800000) {
    bits.setUint32(0, magnitude);
    bits.setFloat32(0, bits.getFloat32(0) + 0.5);
    return sign | (bits.getUint32(0) - 0x3f000000);
  }
  const even = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + even) >>> 13);
}

/** The value of a binary16 word, exactly. */
export function fromHalf(word: number): number {
  const sign = (word & 0x8000) === 0 ? 1 : -1;
  const exponent = (word >>> 10) & 31;
  const fraction = word & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
