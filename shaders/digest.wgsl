// A 128-bit digest of the replica's words that does not depend on the order of work: catches drift between replicas
// (design section 5). Not cryptographic: Merkle roots guard against malice.
//
// Formula: for element i of the whole model with 32-bit word w, lane j += mix32(w ^ mix32(4 i + j + salt)) modulo 2^32,
//   j = 0..3. It is over the words themselves, so it also tells apart values that are not parameters (NaN, -0).
// Shapes: values [length] f32, read as words; lanes [4] u32, zero before the first tensor.
// Tiling: an invocation sums every `stride`-th element and adds four words to the lanes with integer atomics; no workgroup
//   memory.
// Promise: bitwise: integer addition is associative.

struct Params {
  length: u32,
  offset: u32, // index of the first element in the whole model
  salt: u32,
  stride: u32, // invocations in all
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> lanes: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var sum = vec4<u32>();
  for (var at = id.x; at < params.length; at += params.stride) {
    let word = values[at];
    let key = 4u * (params.offset + at) + params.salt;
    sum += mix32x4(vec4(word) ^ mix32x4(key + vec4(0u, 1u, 2u, 3u)));
  }
  atomicAdd(&lanes[0], sum.x);
  atomicAdd(&lanes[1], sum.y);
  atomicAdd(&lanes[2], sum.z);
  atomicAdd(&lanes[3], sum.w);
}
