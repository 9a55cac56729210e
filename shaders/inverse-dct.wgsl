// The inverse transform of votes in integers: X = T' V T for each 64x64 block, X[i] = sum_u T[u][i] V[u] for gains
// (design section 5). T[0][i] = 180, T[u][i] = round(255 cos(pi (2i+1) u / 128)).
//
// Shapes: votes [>= blocks, 4096] i32 (gains: [>= blocks, 64]), read and left zero for the next tensor; basis [64][32] i32,
//   basis[u][i] = T[u][i] for i < 32; x [>= rows, cols] i32 in the parameter's own order.
// Range: |V| <= S <= 32767, so |V T| < 2^23 and |X| <= 65025 S < 2^31: no shift, no rounding, hence any order agrees.
// Symmetry: T[u][63-i] = (-1)^u T[u][i]. Votes fall in four classes by the parities of u and v, each is summed over one
//   quadrant i, j < 32, and the four quadrants of X are the four sums with signs.
// Sparse: a workgroup of 256 invocations lists the votes of its block that are not zero (2048 elements at a time, packed as
//   index << 16 | 16-bit vote) and adds one outer product each: 1024 products a vote instead of 2 * 64^3 a block.
// Promise: bitwise.

struct Params {
  blocks: u32,
  across: u32, // blocks in a row of blocks
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> votes: array<i32>;
@group(0) @binding(2) var<storage, read> basis: array<vec4<i32>>;
@group(0) @binding(3) var<storage, read_write> x: array<i32>;

var<workgroup> listed: array<u32, 2048>;
var<workgroup> count: atomic<u32>;
var<workgroup> line: array<i32, 64>;

@compute @workgroup_size(256)
fn matrix(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let base = block * 4096u;
  let i = lane >> 3u; // this invocation's row of the quadrant
  let j = (lane & 7u) * 4u; // and the first of its four columns
  var evenEven = vec4<i32>(); // u even, v even
  var evenOdd = vec4<i32>();
  var oddEven = vec4<i32>();
  var oddOdd = vec4<i32>();
  for (var half = 0u; half < 2u; half++) {
    for (var n = 0u; n < 8u; n++) {
      let index = half * 2048u + n * 256u + lane;
      let vote = votes[base + index];
      if (vote != 0) {
        votes[base + index] = 0;
        listed[atomicAdd(&count, 1u)] = (index << 16u) | (bitcast<u32>(vote) & 0xffffu);
      }
    }
    workgroupBarrier();
    let votesHere = atomicLoad(&count);
    for (var n = 0u; n < votesHere; n++) {
      let entry = listed[n];
      let u = entry >> 22u;
      let v = (entry >> 16u) & 63u;
      let vote = bitcast<i32>(entry << 16u) >> 16u;
      let product = vote * basis[u * 8u + (i >> 2u)][i & 3u] * basis[v * 8u + (lane & 7u)];
      switch ((u & 1u) * 2u + (v & 1u)) {
        case 0u: {
          evenEven += product;
        }
        case 1u: {
          evenOdd += product;
        }
        case 2u: {
          oddEven += product;
        }
        default: {
          oddOdd += product;
        }
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      atomicStore(&count, 0u);
    }
    workgroupBarrier();
  }
  let width = params.across * 64u;
  let corner = (block / params.across) * 64u * width + (block % params.across) * 64u;
  let top = corner + i * width;
  let bottom = corner + (63u - i) * width;
  let even = evenEven + oddEven;
  let odd = evenOdd + oddOdd;
  let evenBelow = evenEven - oddEven;
  let oddBelow = evenOdd - oddOdd;
  for (var n = 0u; n < 4u; n++) {
    x[top + j + n] = even[n] + odd[n];
    x[top + 63u - j - n] = even[n] - odd[n];
    x[bottom + j + n] = evenBelow[n] + oddBelow[n];
    x[bottom + 63u - j - n] = evenBelow[n] - oddBelow[n];
  }
}

@compute @workgroup_size(64)
fn gains(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  line[lane] = votes[block * 64u + lane];
  votes[block * 64u + lane] = 0;
  workgroupBarrier();
  let i = min(lane, 63u - lane);
  var even = 0;
  var odd = 0;
  for (var u = 0u; u < 64u; u += 2u) {
    even += line[u] * basis[u * 8u + (i >> 2u)][i & 3u];
    odd += line[u + 1u] * basis[(u + 1u) * 8u + (i >> 2u)][i & 3u];
  }
  x[block * 64u + lane] = select(even - odd, even + odd, lane < 32u);
}
