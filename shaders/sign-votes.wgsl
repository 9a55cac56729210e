// Votes on coefficients: V[index] = sum of weight x sign over everyone who sent that coefficient (design section 5).
//
// Shapes: starts [blocks + 1] u32; entries [capacity] u32, those of block b at [starts[b], starts[b + 1]), each
//   index << 16 | weight x sign in 16 bits, any order, an index as often as it was sent; votes [capacity] u32 in the same
//   packing and order: the first entry of an index holds its sum, the others a vote of 0.
// Range: the sum of all weights of a round is at most 32767 / k, so a sum fits its 16 bits.
// Tiling: a workgroup of 64 invocations a block; an invocation looks through the block's entries for those equal to its own.
//   No atomics: whole-number sums are the same in any order anyway, and a block has few entries.
// Promise: bitwise.

struct Params {
  blocks: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read> entries: array<u32>;
@group(0) @binding(3) var<storage, read_write> votes: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let start = starts[block];
  let end = min(starts[block + 1u], arrayLength(&entries));
  for (var own = start + local; own < end; own += 64u) {
    let index = entries[own] >> 16u;
    var sum = 0;
    var isFirst = true;
    for (var other = start; other < end; other++) {
      if (entries[other] >> 16u == index) {
        sum += bitcast<i32>(entries[other] << 16u) >> 16u;
        isFirst = isFirst && other >= own;
      }
    }
    votes[own] = (index << 16u) | (bitcast<u32>(select(0, sum, isFirst)) & 0xffffu);
  }
}
