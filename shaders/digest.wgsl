// A 128-bit digest of the replica's words that does not depend on the order of work: catches drift between replicas
// (design section 5). Not cryptographic: Merkle roots guard against malice.
//
// Formula: for element i of the whole model with 32-bit word w, lane j += mix32(w ^ mix32(4 i + j + salt)) modulo 2^32,
//   j = 0..3. It is over the words themselves, so it also tells apart values that are not parameters (NaN, -0).
// Shapes: values [length] f32, read as words; lanes [4] u32, zero before the first tensor.
// Tiling: a workgroup of 256 invocations sums 4096 elements and adds four words to the lanes.
// Promise: bitwise: integer addition is associative.

struct Params {
  length: u32,
  offset: u32, // index of the first element in the whole model
  salt: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> lanes: array<atomic<u32>>;

var<workgroup> sums: array<atomic<u32>, 4>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * 65535u + group.x) * 4096u + lane;
  var sum = vec4<u32>();
  for (var n = 0u; n < 16u; n++) {
    let at = first + n * 256u;
    if (at < params.length) {
      let word = values[at];
      let key = 4u * (params.offset + at) + params.salt;
      sum += vec4(
        mix32(word ^ mix32(key)),
        mix32(word ^ mix32(key + 1u)),
        mix32(word ^ mix32(key + 2u)),
        mix32(word ^ mix32(key + 3u)),
      );
    }
  }
  atomicAdd(&sums[0], sum.x);
  atomicAdd(&sums[1], sum.y);
  atomicAdd(&sums[2], sum.z);
  atomicAdd(&sums[3], sum.w);
  workgroupBarrier();
  if (lane < 4u) {
    atomicAdd(&lanes[lane], atomicLoad(&sums[lane]));
  }
}
