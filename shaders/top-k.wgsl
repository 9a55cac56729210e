// The coefficients that leave this round: of each block at most K of largest magnitude (DeMo, Peng et al. 2024), and what
// leaves is set to zero in the momentum, because only its sign travels.
//
// Shapes: momentum [blocks, BLOCK] f32, read and written as its 32-bit words; selection [all blocks, K] u32, of which this
//   dispatch writes the rows from firstBlock on: index | (negative ? 1 << 12 : 0) | 1 << 13, or 0 for an empty slot, in
//   falling magnitude. Of equal magnitudes the lower index leaves first. Zeros never leave. A coefficient that is infinite
//   or not a number counts as zero and is set to zero, so that one bad gradient cannot occupy a block for ever.
// Magnitudes are compared as integers: for finite floats the order of the words without sign is the order of magnitudes.
// Tiling: one workgroup of 64 invocations a block; invocation n keeps the largest of the elements = n modulo 64, invocation 0
//   picks the largest of those 64, and only its owner looks through its elements again: 2 K + 1 barriers.
// Promise: bitwise, given the momentum.
// Compile-time sizes: K, BLOCK (4096 or 64).

struct Params {
  blocks: u32,
  firstBlock: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> momentum: array<u32>;
@group(0) @binding(2) var<storage, read_write> selection: array<u32>;

const largestFinite = 0x7f7fffffu;
const nobody = 64u;
var<workgroup> magnitudes: array<u32, 64>;
var<workgroup> indices: array<u32, 64>;
var<workgroup> winner: u32;

// The largest of this invocation's elements, the lowest index of equals.
fn look(base: u32, lane: u32) {
  var best = 0u;
  var bestIndex = lane;
  for (var index = lane; index < BLOCK; index += 64u) {
    var magnitude = momentum[base + index] & 0x7fffffffu;
    if (magnitude > largestFinite) {
      magnitude = 0u;
      momentum[base + index] = 0u;
    }
    if (magnitude > best) {
      best = magnitude;
      bestIndex = index;
    }
  }
  magnitudes[lane] = best;
  indices[lane] = bestIndex;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let base = block * BLOCK;
  let slots = (params.firstBlock + block) * K;
  look(base, lane);
  for (var slot = 0u; slot < K; slot++) {
    workgroupBarrier();
    if (lane == 0u) {
      var best = 0u;
      var bestIndex = 0u;
      winner = nobody;
      for (var other = 0u; other < 64u; other++) {
        let magnitude = magnitudes[other];
        if (magnitude > best || (magnitude == best && best > 0u && indices[other] < bestIndex)) {
          best = magnitude;
          bestIndex = indices[other];
          winner = other;
        }
      }
      if (winner == nobody) {
        selection[slots + slot] = 0u;
      }
    }
    workgroupBarrier();
    if (lane == winner) {
      let index = indices[lane];
      let negative = momentum[base + index] >> 31u;
      selection[slots + slot] = index | (negative << 12u) | (1u << 13u);
      momentum[base + index] = 0u;
      look(base, lane);
    }
  }
}
