// The K largest coefficients of a 64x64 block, for 64 invocations of which each holds a column in registers (after dct64.wgsl and
// tile64.wgsl). Needs K and the storage `selection` and `amplitudes`: see compress-lane.wgsl.
// Method: the K-th largest of the 64 columns' peaks is a bound that at least K magnitudes reach; those that reach it are listed
//   and each is placed by counting what comes before it. Where more than `room` reach it (equal magnitudes), the exact bound is
//   found by bisection over magnitudes, then over indices: 43 rounds at most.
const counts = 64u; // where things lie in the tile while selecting
const total = 128u;
const cut = 129u; // magnitude, then index
const starts = 192u;
const candidates = 256u; // words, then indices
const room = 256u;
const noInfinity = 0x7f800000u;

fn magnitudes(x: vec4f) -> vec4u {
  return bitcast<vec4u>(x) & vec4(0x7fffffffu);
}

fn peak16(x: mat4x4f) -> u32 {
  let peak = max(max(magnitudes(x[0]), magnitudes(x[1])), max(magnitudes(x[2]), magnitudes(x[3])));
  return max(max(peak.x, peak.y), max(peak.z, peak.w));
}

// A bound: what is larger than `magnitude`, or equal and of an index up to `index`, reaches it.
struct Bound {
  magnitude: u32,
  index: u32,
}

fn reach4(x: vec4f, index: u32, bound: Bound) -> vec4<bool> {
  let own = magnitudes(x);
  let indices = vec4(index) + vec4(0u, 64u, 128u, 192u);
  return (own > vec4(bound.magnitude)) | ((own == vec4(bound.magnitude)) & (indices <= vec4(bound.index)));
}

fn count4(x: vec4f, index: u32, bound: Bound) -> u32 {
  let ones = select(vec4u(), vec4(1u), reach4(x, index, bound));
  return ones.x + ones.y + ones.z + ones.w;
}

fn count16(x: mat4x4f, index: u32, bound: Bound) -> u32 {
  return count4(x[0], index, bound) + count4(x[1], index + 256u, bound) + count4(x[2], index + 512u, bound) +
    count4(x[3], index + 768u, bound);
}

// How many of this column reach the bound.
fn countColumn(x: Line64, lane: u32, bound: Bound) -> u32 {
  return count16(x.a, lane, bound) + count16(x.b, lane + 1024u, bound) + count16(x.c, lane + 2048u, bound) +
    count16(x.d, lane + 3072u, bound);
}

// The sum of `own` over all 64 invocations, which call this together; that over those before this one is left in the tile.
fn sumOf(own: u32, lane: u32) -> u32 {
  tile[counts + lane] = own;
  workgroupBarrier();
  var before = 0u;
  for (var other = 0u; other < 64u; other++) {
    before += select(0u, tile[counts + other], other < lane);
  }
  tile[starts + lane] = before;
  if (lane == 63u) {
    tile[total] = before + own;
  }
  return workgroupUniformLoad(&tile[total]);
}

fn list4(at: ptr<function, u32>, x: vec4f, index: u32, bound: Bound) {
  let reached = reach4(x, index, bound);
  for (var n = 0u; n < 4u; n++) {
    if (reached[n]) {
      tile[candidates + *at] = bitcast<u32>(x[n]);
      tile[candidates + room + *at] = index + 64u * n;
      *at += 1u;
    }
  }
}

fn list16(at: ptr<function, u32>, x: mat4x4f, index: u32, bound: Bound) {
  list4(at, x[0], index, bound);
  list4(at, x[1], index + 256u, bound);
  list4(at, x[2], index + 512u, bound);
  list4(at, x[3], index + 768u, bound);
}

// Without what leaves.
fn left4(x: vec4f, index: u32, bound: Bound) -> vec4f {
  return select(x, vec4f(), reach4(x, index, bound));
}

fn left16(x: mat4x4f, index: u32, bound: Bound) -> mat4x4f {
  return mat4x4f(
    left4(x[0], index, bound),
    left4(x[1], index + 256u, bound),
    left4(x[2], index + 512u, bound),
    left4(x[3], index + 768u, bound),
  );
}

// The K-th largest of the columns' peaks, but 1 at least: zeros never leave.
fn firstBound(x: Line64, lane: u32) -> Bound {
  let peak = max(max(peak16(x.a), peak16(x.b)), max(peak16(x.c), peak16(x.d)));
  tile[lane] = peak;
  workgroupBarrier();
  var rank = 0u;
  for (var other = 0u; other < 64u; other++) {
    let its = tile[other];
    rank += select(0u, 1u, its > peak || (its == peak && other < lane));
  }
  if (rank == K - 1u) {
    tile[cut] = max(peak, 1u);
  }
  return Bound(workgroupUniformLoad(&tile[cut]), 4095u);
}

// The bound that exactly K reach, where more than K reach `low`.
fn exactBound(x: Line64, lane: u32, low: Bound) -> Bound {
  var bound = low; // K at least reach it
  var over = noInfinity; // none reaches that
  while (over - bound.magnitude > 1u) {
    let middle = bound.magnitude + (over - bound.magnitude) / 2u;
    if (sumOf(countColumn(x, lane, Bound(middle, 4095u)), lane) >= K) {
      bound.magnitude = middle;
    } else {
      over = middle;
    }
  }
  var under = 0u; // the index is this or larger
  while (under < bound.index) {
    let middle = (under + bound.index) / 2u;
    if (sumOf(countColumn(x, lane, Bound(bound.magnitude, middle)), lane) >= K) {
      bound.index = middle;
    } else {
      under = middle + 1u;
    }
  }
  return bound;
}

// Writes the slots of a block, whose column this invocation holds, and returns what is left of the column.
fn take(x: Line64, lane: u32, slots: u32) -> Line64 {
  var bound = firstBound(x, lane);
  var listed = sumOf(countColumn(x, lane, bound), lane);
  if (listed > room) {
    bound = exactBound(x, lane, bound);
    listed = sumOf(countColumn(x, lane, bound), lane);
  }
  var at = tile[starts + lane];
  list16(&at, x.a, lane, bound);
  list16(&at, x.b, lane + 1024u, bound);
  list16(&at, x.c, lane + 2048u, bound);
  list16(&at, x.d, lane + 3072u, bound);
  if (lane == 0u) { // where fewer than K are listed, all leave
    tile[cut] = bound.magnitude;
    tile[cut + 1u] = bound.index;
  }
  workgroupBarrier();
  for (var own = lane; own < listed; own += 64u) {
    let word = tile[candidates + own];
    let index = tile[candidates + room + own];
    let magnitude = word & 0x7fffffffu;
    var rank = 0u;
    for (var other = 0u; other < listed; other++) {
      let its = tile[candidates + other] & 0x7fffffffu;
      rank += select(0u, 1u, its > magnitude || (its == magnitude && tile[candidates + room + other] < index));
    }
    if (rank < K) {
      selection[slots + rank] = index | ((word >> 31u) << 12u) | (1u << 13u);
      amplitudes[slots + rank] = bitcast<f32>(word);
    }
    if (rank == K - 1u) {
      tile[cut] = magnitude;
      tile[cut + 1u] = index;
    }
  }
  if (lane >= listed && lane < K) {
    selection[slots + lane] = 0u;
    amplitudes[slots + lane] = 0.0;
  }
  workgroupBarrier();
  let last = Bound(tile[cut], tile[cut + 1u]);
  return Line64(
    left16(x.a, lane, last),
    left16(x.b, lane + 1024u, last),
    left16(x.c, lane + 2048u, last),
    left16(x.d, lane + 3072u, last),
  );
}
