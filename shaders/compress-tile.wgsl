// One pass of compression, a workgroup a block: see compress-lane.wgsl for the formula, the shapes and the promise, which are
// the same. For devices on which neighbouring invocations want neighbouring words and workgroup memory is fast.
//
// Least traffic: 12 bytes a value (gradient read, momentum read and written), plus 8 bytes a slot; this kernel moves no more,
//   as the block stays in registers and workgroup memory in between. About 60 operations a value: 22 for the transform, 3 to
//   fold, the rest to select.
// Tiling: 64 invocations, 64 values each in named registers; 16 KiB of workgroup memory, the most that every device has.
//   Columns are transformed by the invocation that loaded them, meet the rows in `tile`, and come back to columns, so that both
//   gradient and momentum are read 64 neighbouring words at a time. Row u of the tile is kept at column XOR u: no two
//   invocations meet in a bank, neither along rows nor along columns.
// Selection: the K-th largest of the 64 columns' peaks is a bound that at least K magnitudes reach; those that reach it are
//   listed and each is placed by counting what comes before it. Where more than `room` reach it (equal magnitudes), the exact
//   bound is found by bisection over magnitudes, then over indices: 43 rounds at most.
// Compile-time sizes: K.

struct Params {
  first: u32, // the blocks [first, end) of `places` are this dispatch's, one a workgroup
  end: u32,
  firstBlock: u32, // the row of the selection for places[0]
  takes: u32, // 1, or 0 to fold only
  beta: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32, 2>;
@group(0) @binding(3) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> momentum: array<f32>;
@group(0) @binding(5) var<storage, read_write> selection: array<u32>;
@group(0) @binding(6) var<storage, read_write> amplitudes: array<f32>;

// Words, as it holds floats first and candidates later: bits that are no float must not pass through a float.
var<workgroup> tile: array<u32, 4096>;
const counts = 64u; // where things lie in the tile while selecting
const total = 128u;
const cut = 129u; // magnitude, then index
const starts = 192u;
const candidates = 256u; // words, then indices
const room = 256u;
const largestFinite = 0x7f7fffffu;
const noInfinity = 0x7f800000u;

// The 64 values of a line, `stride` words apart.
fn gradient4(at: u32, stride: u32) -> vec4f {
  return vec4f(gradient[at], gradient[at + stride], gradient[at + 2u * stride], gradient[at + 3u * stride]);
}

fn gradient16(at: u32, stride: u32) -> mat4x4f {
  return mat4x4f(
    gradient4(at, stride),
    gradient4(at + 4u * stride, stride),
    gradient4(at + 8u * stride, stride),
    gradient4(at + 12u * stride, stride),
  );
}

// Row `u` of the tile, columns j to j + 15.
fn row4(u: u32, j: u32) -> vec4f {
  let at = 64u * u;
  return bitcast<vec4f>(vec4u(tile[at + (j ^ u)], tile[at + ((j + 1u) ^ u)], tile[at + ((j + 2u) ^ u)], tile[at + ((j + 3u) ^ u)]));
}

fn row16(u: u32, j: u32) -> mat4x4f {
  return mat4x4f(row4(u, j), row4(u, j + 4u), row4(u, j + 8u), row4(u, j + 12u));
}

fn storeRow4(u: u32, j: u32, x: vec4f) {
  let words = bitcast<vec4u>(x);
  tile[64u * u + (j ^ u)] = words.x;
  tile[64u * u + ((j + 1u) ^ u)] = words.y;
  tile[64u * u + ((j + 2u) ^ u)] = words.z;
  tile[64u * u + ((j + 3u) ^ u)] = words.w;
}

fn storeRow16(u: u32, j: u32, x: mat4x4f) {
  storeRow4(u, j, x[0]);
  storeRow4(u, j + 4u, x[1]);
  storeRow4(u, j + 8u, x[2]);
  storeRow4(u, j + 12u, x[3]);
}

// Column `j` of the tile, rows u to u + 15.
fn column4(u: u32, j: u32) -> vec4f {
  let at = 64u * u;
  return bitcast<vec4f>(
    vec4u(tile[at + (j ^ u)], tile[at + 64u + (j ^ (u + 1u))], tile[at + 128u + (j ^ (u + 2u))], tile[at + 192u + (j ^ (u + 3u))]),
  );
}

fn storeColumn4(u: u32, j: u32, x: vec4f) {
  let words = bitcast<vec4u>(x);
  tile[64u * u + (j ^ u)] = words.x;
  tile[64u * u + 64u + (j ^ (u + 1u))] = words.y;
  tile[64u * u + 128u + (j ^ (u + 2u))] = words.z;
  tile[64u * u + 192u + (j ^ (u + 3u))] = words.w;
}

fn storeColumn16(u: u32, j: u32, x: mat4x4f) {
  storeColumn4(u, j, x[0]);
  storeColumn4(u + 4u, j, x[1]);
  storeColumn4(u + 8u, j, x[2]);
  storeColumn4(u + 12u, j, x[3]);
}

// What is not finite counts as zero.
fn folded4(at: u32, x: vec4f) -> vec4f {
  let sum = params.beta * vec4f(momentum[at], momentum[at + 64u], momentum[at + 128u], momentum[at + 192u]) + x;
  return select(vec4f(), sum, magnitudes(sum) <= vec4(largestFinite));
}

fn folded16(at: u32, u: u32, j: u32, scale: f32) -> mat4x4f {
  let own = at + 64u * u + j;
  return mat4x4f(
    folded4(own, scale * column4(u, j)),
    folded4(own + 256u, scale * column4(u + 4u, j)),
    folded4(own + 512u, scale * column4(u + 8u, j)),
    folded4(own + 768u, scale * column4(u + 12u, j)),
  );
}

fn write4(at: u32, x: vec4f) {
  momentum[at] = x.x;
  momentum[at + 64u] = x.y;
  momentum[at + 128u] = x.z;
  momentum[at + 192u] = x.w;
}

fn write16(at: u32, x: mat4x4f) {
  write4(at, x[0]);
  write4(at + 256u, x[1]);
  write4(at + 512u, x[2]);
  write4(at + 768u, x[3]);
}

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

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = params.first + group.x;
  let place = places[block];
  let isLine = place.y == 0u;
  if (isLine) {
    tile[lane] = bitcast<u32>(gradient[place.x + lane]);
  } else {
    let at = place.x + lane;
    let stride = place.y;
    var y = dct64(
      Line64(
        gradient16(at, stride),
        gradient16(at + 16u * stride, stride),
        gradient16(at + 32u * stride, stride),
        gradient16(at + 48u * stride, stride),
      ),
    );
    y.a[0].x *= rootHalf;
    storeColumn16(0u, lane, y.a);
    storeColumn16(16u, lane, y.b);
    storeColumn16(32u, lane, y.c);
    storeColumn16(48u, lane, y.d);
  }
  workgroupBarrier();

  // Each invocation has a row of the tile to itself: it reads all of it before it writes.
  if (!isLine || lane == 0u) {
    var c = dct64(Line64(row16(lane, 0u), row16(lane, 16u), row16(lane, 32u), row16(lane, 48u)));
    c.a[0].x *= rootHalf;
    storeRow16(lane, 0u, c.a);
    storeRow16(lane, 16u, c.b);
    storeRow16(lane, 32u, c.c);
    storeRow16(lane, 48u, c.d);
  }
  workgroupBarrier();

  var x: Line64;
  if (isLine) {
    let sum = params.beta * momentum[place.z + lane] + norm[1] * lineScale * bitcast<f32>(tile[lane]);
    x.a[0].x = select(0.0, sum, (bitcast<u32>(sum) & 0x7fffffffu) <= largestFinite);
  } else {
    let scale = norm[1] * lineScale * lineScale;
    x.a = folded16(place.z, 0u, lane, scale);
    x.b = folded16(place.z, 16u, lane, scale);
    x.c = folded16(place.z, 32u, lane, scale);
    x.d = folded16(place.z, 48u, lane, scale);
  }
  if (params.takes != 0u) {
    workgroupBarrier(); // the tile has been read
    x = take(x, lane, (params.firstBlock + block) * K);
  }
  let at = place.z + lane;
  if (isLine) {
    momentum[at] = x.a[0].x;
  } else {
    write16(at, x.a);
    write16(at + 1024u, x.b);
    write16(at + 2048u, x.c);
    write16(at + 3072u, x.d);
  }
}
