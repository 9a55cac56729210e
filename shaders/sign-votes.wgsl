// Votes on coefficients: V[position] += vote for each entry of one tensor.
//
// Shapes: entries [capacity] of (position u32, vote as the bits of an i32), of which this dispatch adds
//   [first, first + count); position = block * 4096 + index (gains: block * 64 + index); votes [>= blocks * 4096] i32, zero before.
// Integer addition is associative, so the order in which invocations arrive does not matter.
// A position past the end of votes is ignored.
// Promise: bitwise.

struct Params {
  first: u32,
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> entries: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> votes: array<atomic<i32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let n = (group.y * 65535u + group.x) * 64u + lane;
  if (n >= params.count) {
    return;
  }
  let entry = entries[params.first + n];
  if (entry.x < arrayLength(&votes)) {
    atomicAdd(&votes[entry.x], bitcast<i32>(entry.y));
  }
}
