// The inverse transform of votes in integers: X = T' V T for each 64x64 block, X[i] = sum_u T[u][i] V[u] for gains
// (design section 5). T[0][i] = 180, T[u][i] = round(255 cos(pi (2i+1) u / 128)).
//
// Shapes: starts [all blocks + 1] u32; votes [capacity] u32, those of block b at [starts[b], starts[b + 1]), each
//   index << 16 | vote in 16 bits with sign, index = u * 64 + v (gains: u); blocks of this tensor from firstBlock on.
//   basis [64][32] i32, basis[u][i] = T[u][i] for i < 32, bound twice: as vectors and as words.
//   x [>= rows, cols] i32 in the parameter's own order.
// Range: the votes of a block sum to at most S <= 32767, so |V T| < 2^23 and |X| <= 65025 S < 2^31: no shift, no rounding,
//   hence any order agrees, and so does a coefficient listed in parts.
// Symmetry: T[u][63-i] = (-1)^u T[u][i]. Votes fall in four classes by the parities of u and v, each is summed over one
//   quadrant i, j < 32, and the four quadrants of X are the four sums with signs.
// Tiling: sparse: each vote adds one outer product, 1024 products instead of 2 * 64^3 for a block; 256 invocations a block, an
//   invocation has 1x4 elements of the quadrant in each class. No workgroup memory.
// Promise: bitwise.

struct Params {
  blocks: u32,
  across: u32, // blocks in a row of blocks
  firstBlock: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read> votes: array<u32>;
@group(0) @binding(3) var<storage, read> basis: array<vec4<i32>>;
@group(0) @binding(4) var<storage, read> basisWords: array<i32>;
@group(0) @binding(5) var<storage, read_write> x: array<i32>;

@compute @workgroup_size(64)
fn matrix(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = (group.y * 65535u + group.x) * 64u + local;
  let block = n >> 8u;
  if (block >= params.blocks) {
    return;
  }
  let i = (n >> 3u) & 31u; // this invocation's row of the quadrant
  let j = n & 7u; // and its four columns 4 j + 0..3
  var evenEven = vec4<i32>(); // u even, v even
  var evenOdd = vec4<i32>();
  var oddEven = vec4<i32>();
  var oddOdd = vec4<i32>();
  let end = starts[params.firstBlock + block + 1u];
  for (var at = starts[params.firstBlock + block]; at < end; at++) {
    let entry = votes[at];
    let vote = bitcast<i32>(entry << 16u) >> 16u;
    if (vote == 0) {
      continue;
    }
    let u = (entry >> 22u) & 63u;
    let v = (entry >> 16u) & 63u;
    let product = vote * basisWords[u * 32u + i] * basis[v * 8u + j];
    if ((u & 1u) == 0u) {
      if ((v & 1u) == 0u) {
        evenEven += product;
      } else {
        evenOdd += product;
      }
    } else if ((v & 1u) == 0u) {
      oddEven += product;
    } else {
      oddOdd += product;
    }
  }
  let width = params.across * 64u;
  let corner = (block / params.across) * 64u * width + (block % params.across) * 64u;
  let even = evenEven + oddEven;
  let odd = evenOdd + oddOdd;
  let evenBelow = evenEven - oddEven;
  let oddBelow = evenOdd - oddOdd;
  write(corner + i * width, j, even + odd, even - odd);
  write(corner + (63u - i) * width, j, evenBelow + oddBelow, evenBelow - oddBelow);
}

// Four elements of a row of X at 4 j, and the four mirrored ones at the other end.
fn write(start: u32, j: u32, left: vec4<i32>, right: vec4<i32>) {
  let first = start + 4u * j;
  x[first] = left.x;
  x[first + 1u] = left.y;
  x[first + 2u] = left.z;
  x[first + 3u] = left.w;
  let last = start + 63u - 4u * j;
  x[last] = right.x;
  x[last - 1u] = right.y;
  x[last - 2u] = right.z;
  x[last - 3u] = right.w;
}

@compute @workgroup_size(64)
fn gains(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let i = min(local, 63u - local);
  var even = 0;
  var odd = 0;
  let end = starts[params.firstBlock + block + 1u];
  for (var at = starts[params.firstBlock + block]; at < end; at++) {
    let u = (votes[at] >> 16u) & 63u;
    let product = (bitcast<i32>(votes[at] << 16u) >> 16u) * basisWords[u * 32u + i];
    if ((u & 1u) == 0u) {
      even += product;
    } else {
      odd += product;
    }
  }
  x[block * 64u + local] = select(even - odd, even + odd, local < 32u);
}
