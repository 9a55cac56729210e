/** round(255 cos(pi m / 128)) for m = 0..64: literals, because Math.cos is not the same in every browser. */
const quarterWave: readonly number[] = [
  255, 255, 255, 254, 254, 253, 252, 251, 250, 249, 247, 246, 244, 242, 240, 238, 236, 233, 231, 228, 225,
  222, 219, 215, 212, 208, 205, 201, 197, 193, 189, 185, 180, 176, 171, 167, 162, 157, 152, 147, 142, 136,
  131, 126, 120, 115, 109, 103, 98, 92, 86, 80, 74, 68, 62, 56, 50, 44, 37, 31, 25, 19, 13, 6, 0,
];

/** 255 cos(pi m / 128), rounded, for any whole m >= 0: the cosine folded onto its first quarter. */
function wave(m: number): number {
  const turn = m % 256;
  const half = turn > 128 ? 256 - turn : turn;
  return half > 64 ? -quarterWave[128 - half] : quarterWave[half];
}

/**
 * The integer DCT basis of design section 5, i32 [64, 64]: T[0][i] = 180, T[u][i] = round(255 cos(pi (2i+1) u / 128)).
 * T[u][63-i] = (-1)^u T[u][i], on which the kernel relies.
 */
export const integerBasis: Int32Array<ArrayBuffer> = Int32Array.from({ length: 64 * 64 }, (_, at) => {
  const u = at >> 6;
  const i = at & 63;
  return u === 0 ? 180 : wave((2 * i + 1) * u);
});

/** The largest S = k * (sum of weights) for which the inverse transform stays inside i32: 65025 S < 2^31. */
export const largestVoteSum = 32_767;
