// One step of the replicated parameters, in integers: decay, then a step against the sign of the voted gradient
// (design section 5; signed descent as in DisTrO).
//
// Formula: parameters are q * unit with whole |q| < 2^24, so f32 holds them exactly. For element i of the whole model
//   h = mix32(i ^ roundKey) & (2^28 - 1)                                   dither: rounds the decay without bias
//   t = (q >> 12) D + (((q & 4095) D + (h & 4095)) >> 12) + (h >> 12)      = floor((q D + h) / 2^12)
//   q <- clamp(q - (t >> 16) - L sign(X), -(2^24 - 1), 2^24 - 1)           t >> 16 = floor((q D + h) / 2^28)
//   Gains have D = 0, for which t >> 16 is 0 whatever h.
// Shapes: values [length] f32, x [>= length] i32; length is a multiple of 4. An invocation moves four neighbours.
// The arithmetic is lib/lattice-step.wgsl, shared with apply-votes.wgsl.
// Promise: bitwise. Integers throughout; the two products with a power of two are exact.

struct Params {
  length: u32,
  offset: u32, // index of the first element in the whole model
  roundKey: u32,
  step: i32, // L
  decay: i32, // D
  perUnit: f32, // 2^22, for gains 2^20
  unit: f32, // 1 / perUnit
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x: array<vec4<i32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (group.y * 65535u + group.x) * 64u + local;
  if (4u * at >= params.length) {
    return;
  }
  let index = params.offset + 4u * at + vec4(0u, 1u, 2u, 3u);
  let q = vec4<i32>(values[at] * params.perUnit);
  values[at] = vec4<f32>(latticeStep(q, x[at], index, params.roundKey, params.step, params.decay)) * params.unit;
}
