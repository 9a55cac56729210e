// The coefficients that leave this round: of each block at most K of largest magnitude (DeMo, Peng et al. 2024), and what
// leaves is set to zero in the momentum, because only its sign travels.
//
// Shapes: momentum [blocks, BLOCK] f32, read and written as its 32-bit words; selection [all blocks, K] u32, of which this
//   dispatch writes the rows from firstBlock on: index | (negative ? 1 << 12 : 0) | 1 << 13, or 0 for an empty slot, in
//   falling magnitude. Of equal magnitudes the lower index leaves first. Zeros never leave. A coefficient that is infinite
//   or not a number counts as zero and is set to zero, so that one bad gradient cannot occupy a block for ever.
//   amplitudes [all blocks, K] f32 as words: what stood in the momentum where the slot was taken; 0 for an empty slot.
//   peaks [>= blocks, 64] of (magnitude, index): the largest of each column, a column being the indices equal modulo 64.
// Magnitudes are compared as integers: for finite floats the order of the words without sign is the order of magnitudes.
// Tiling: `columns` has an invocation a column, which fills `peaks`. `pick` has an invocation a block, which K times takes the
//   largest peak and looks through that one column again. No workgroup memory, no barriers.
// Back again: `putBack` adds amplitudes to the momentum at the slots of a selection, an invocation a slot. The indices of a
//   block's slots are distinct, so no two invocations meet. An index past the block is passed over.
// Promise: bitwise, given the momentum; putBack close, relative L2 at most 1e-6 (one f32 addition).
// Compile-time sizes: K, BLOCK (4096 or 64).

struct Params {
  blocks: u32,
  firstBlock: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> momentum: array<u32>;
@group(0) @binding(2) var<storage, read_write> peaks: array<vec2<u32>>;

// pick
@group(0) @binding(3) var<storage, read_write> selection: array<u32>;
@group(0) @binding(4) var<storage, read_write> amplitudes: array<u32>;

// putBack
@group(0) @binding(2) var<storage, read> taken: array<u32>; // a selection
@group(0) @binding(3) var<storage, read> amounts: array<f32>; // [all blocks, K]

const largestFinite = 0x7f7fffffu;

// The largest magnitude of a column and its index, the lowest index of equals.
fn peakOf(base: u32, column: u32) -> vec2<u32> {
  var best = vec2(0u, column);
  for (var index = column; index < BLOCK; index += 64u) {
    var magnitude = momentum[base + index] & 0x7fffffffu;
    if (magnitude > largestFinite) {
      magnitude = 0u;
      momentum[base + index] = 0u;
    }
    if (magnitude > best.x) {
      best = vec2(magnitude, index);
    }
  }
  return best;
}

@compute @workgroup_size(64)
fn columns(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) column: u32) {
  let block = group.y * 65535u + group.x;
  if (block < params.blocks) {
    peaks[block * 64u + column] = peakOf(block * BLOCK, column);
  }
}

@compute @workgroup_size(64)
fn pick(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = (group.y * 65535u + group.x) * 64u + local;
  if (block >= params.blocks) {
    return;
  }
  let slots = (params.firstBlock + block) * K;
  for (var slot = 0u; slot < K; slot++) {
    var best = vec2<u32>();
    for (var column = 0u; column < 64u; column++) {
      let peak = peaks[block * 64u + column];
      if (peak.x > best.x || (peak.x == best.x && peak.y < best.y)) {
        best = peak;
      }
    }
    if (best.x == 0u) {
      selection[slots + slot] = 0u;
      amplitudes[slots + slot] = 0u;
      continue;
    }
    let at = block * BLOCK + best.y;
    selection[slots + slot] = best.y | ((momentum[at] >> 31u) << 12u) | (1u << 13u);
    amplitudes[slots + slot] = momentum[at];
    momentum[at] = 0u;
    peaks[block * 64u + (best.y & 63u)] = peakOf(block * BLOCK, best.y & 63u);
  }
}

@compute @workgroup_size(64)
fn putBack(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let slot = (group.y * 65535u + group.x) * 64u + local;
  if (slot >= params.blocks * K) {
    return;
  }
  let chosen = taken[params.firstBlock * K + slot];
  let index = chosen & 0xfffu;
  if ((chosen & (1u << 13u)) == 0u || index >= BLOCK) {
    return;
  }
  let at = slot / K * BLOCK + index;
  momentum[at] = bitcast<u32>(bitcast<f32>(momentum[at]) + amounts[params.firstBlock * K + slot]);
}
