// The payload of a round from the slots of compress-*.wgsl: for each block a count, its indices in rising order, its signs.
//
// Formula: src/compression/sparse-update.ts is the format. A block with c filled slots is COUNT_BITS + c (w + 1) bits long, w = 12
//   for a matrix and 6 for gains; blocks follow one another without gaps, the lowest bit first. So a block begins where the
//   lengths of all before it end: their prefix sum.
// Shapes: selection [BLOCKS, K] u32 as compress-*.wgsl leaves it, filled slots first; amplitudes [BLOCKS, K] f32 beside it;
//   gains [ceil(BLOCKS / 32)] u32, a bit a block, 1 for gains; sums [GROUPS] u32; payload [1 + words of the longest] u32, zeroed
//   before: element 0 becomes the length in bits, the others hold the bits; sorted [BLOCKS, K] f32: the amplitudes in the order
//   of the payload, 0 for an empty slot.
// Least traffic: 8 bytes a slot read, 4 and its 13 bits written.
// Tiling: 64 invocations for 64 blocks. `measure` adds up the lengths of a group's blocks, `pack` those of the groups before its
//   own, finds where each of its blocks begins, and then writes a slot an invocation: its rank is the number of lower indices
//   in its block. Where one group holds all blocks, `measure` is not needed. Words that blocks share are put together by `or`,
//   whose order does not matter.
// Promise: bitwise.
// Compile-time sizes: K, BLOCKS, GROUPS (of 64 blocks), COUNT_BITS.

@group(0) @binding(1) var<storage, read> selection: array<u32>;
@group(0) @binding(2) var<storage, read> gains: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<u32>;
@group(0) @binding(4) var<storage, read> amplitudes: array<f32>;
@group(0) @binding(5) var<storage, read_write> payload: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> sorted: array<f32>;

var<workgroup> lengths: array<u32, 64>; // of this group's blocks, in bits
var<workgroup> begins: array<u32, 64>; // where they begin in the payload, and before that sums of other groups

fn groupOf(group: vec3u) -> u32 {
  return group.y * 65535u + group.x;
}

fn indexBits(block: u32) -> u32 {
  return select(12u, 6u, ((gains[block >> 5u] >> (block & 31u)) & 1u) == 1u);
}

// Filled slots come first, and most blocks are full.
fn filledOf(block: u32) -> u32 {
  let start = block * K;
  if (selection[start + K - 1u] != 0u) {
    return K;
  }
  var low = 0u;
  var high = K - 1u;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (selection[start + middle] == 0u) {
      high = middle;
    } else {
      low = middle + 1u;
    }
  }
  return low;
}

fn bitsOf(block: u32) -> u32 {
  if (block >= BLOCKS) {
    return 0u;
  }
  return COUNT_BITS + filledOf(block) * (indexBits(block) + 1u);
}

// Writes the lowest bits of `value`, which has no others.
fn put(bit: u32, value: u32) {
  let word = 1u + bit / 32u;
  let shift = bit % 32u;
  if ((value << shift) != 0u) {
    atomicOr(&payload[word], value << shift);
  }
  if (shift > 0u && (value >> (32u - shift)) != 0u) {
    atomicOr(&payload[word + 1u], value >> (32u - shift));
  }
}

@compute @workgroup_size(64)
fn measure(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = groupOf(id);
  lengths[lane] = bitsOf(64u * group + lane);
  workgroupBarrier();
  if (lane == 0u && group < GROUPS) {
    var sum = 0u;
    for (var n = 0u; n < 64u; n++) {
      sum += lengths[n];
    }
    sums[group] = sum;
  }
}

@compute @workgroup_size(64)
fn pack(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = groupOf(id);
  let first = 64u * group;
  lengths[lane] = bitsOf(first + lane);
  var others = 0u;
  for (var n = lane; n < min(group, GROUPS); n += 64u) {
    others += sums[n];
  }
  begins[lane] = others;
  workgroupBarrier();
  var begin = 0u;
  for (var n = 0u; n < 64u; n++) {
    begin += begins[n] + select(0u, lengths[n], n < lane);
  }
  workgroupBarrier();
  begins[lane] = begin;
  if (first + lane == BLOCKS - 1u) {
    atomicStore(&payload[0], begin + lengths[lane]);
  }
  workgroupBarrier();
  let slots = K * min(64u, BLOCKS - min(BLOCKS, first));
  for (var n = lane; n < slots; n += 64u) {
    packSlot(first, n / K, n % K);
  }
}

// `own` is a slot of the block `first + local`.
fn packSlot(first: u32, local: u32, own: u32) {
  let block = first + local;
  let start = block * K;
  let width = indexBits(block);
  let filled = (lengths[local] - COUNT_BITS) / (width + 1u);
  let begin = begins[local];
  if (own == 0u) {
    put(begin, filled);
  }
  if (own >= filled) {
    sorted[start + own] = 0.0;
    return;
  }
  let slot = selection[start + own];
  let index = slot & 0xfffu;
  var rank = 0u;
  for (var n = 0u; n < filled; n++) {
    rank += select(0u, 1u, (selection[start + n] & 0xfffu) < index);
  }
  let indices = begin + COUNT_BITS;
  put(indices + rank * width, index);
  put(indices + filled * width + rank, (slot >> 12u) & 1u);
  sorted[start + rank] = amplitudes[start + own];
}
