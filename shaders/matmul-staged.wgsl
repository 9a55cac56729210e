// Variant: a workgroup of 16 x 16 threads makes 128 x 128 products through workgroup memory, eight steps of k at a time. While one
// slice is multiplied the next is on its way from memory: two buffers in turn, one barrier a slice. 16 KiB of workgroup memory, the
// least WebGPU grants. Each value is loaded from memory once a workgroup, by neighbouring threads from neighbouring addresses.

const side = 128u;
const depth = 8u;
const slice = side * depth;
const threads = 256u;
const each = slice / threads;

var<workgroup> slicesA: array<f32, 2u * slice>; // [2, depth, side]
var<workgroup> slicesB: array<f32, 2u * slice>; // [2, depth, side]

// Which value of a slice thread `index` loads in its turn: [step of k, place]. Neighbours take neighbouring addresses.
fn shareOf(index: u32, turn: u32, isAlongK: bool) -> vec2u {
  let at = turn * threads + index;
  return select(vec2u(at / side, at % side), vec2u(at % depth, at / depth), isAlongK);
}

// Place p of a slice of B is this column of B: four left and four right columns a thread.
fn columnOf(tile: u32, place: u32) -> u32 {
  return LEFT * (tile + place / 8u) + RIGHT * (place / 4u % 2u) + place % 4u;
}

fn valueOfA(row: u32, k: u32) -> f32 {
  return select(0.0, f32(a[min(row, M - 1u) * A_ROW + min(k, K - 1u) * A_STEP]), k < K);
}

fn valueOfB(column: u32, k: u32) -> f32 {
  return select(0.0, f32(b[min(column, N - 1u) * B_COLUMN + min(k, K - 1u) * B_STEP]), k < K);
}

fn readA(at: u32) -> vec4f {
  return vec4f(slicesA[at], slicesA[at + 1u], slicesA[at + 2u], slicesA[at + 3u]);
}

fn readB(at: u32) -> vec4f {
  return vec4f(slicesB[at], slicesB[at + 1u], slicesB[at + 2u], slicesB[at + 3u]);
}

@compute @workgroup_size(16, 16)
fn staged(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let firstRow = side * group.y;
  let firstTile = 16u * group.x;
  let row = firstRow + 8u * thread.y;
  let column = LEFT * (firstTile + thread.x);
  var nextA = array<f32, each>();
  var nextB = array<f32, each>();
  var topLeft = mat4x4f();
  var topRight = mat4x4f();
  var bottomLeft = mat4x4f();
  var bottomRight = mat4x4f();
  for (var first = 0u; first < K + depth; first += depth) {
    // The slice loaded in the turn before this one is stored and multiplied in this one.
    let buffer = slice * (first / depth % 2u);
    if (first > 0u) {
      for (var turn = 0u; turn < each; turn++) {
        let shareA = shareOf(index, turn, A_STEP == 1u);
        let shareB = shareOf(index, turn, B_STEP == 1u);
        slicesA[buffer + shareA.x * side + shareA.y] = nextA[turn];
        slicesB[buffer + shareB.x * side + shareB.y] = nextB[turn];
      }
    }
    workgroupBarrier();
    if (first < K) {
      for (var turn = 0u; turn < each; turn++) {
        let shareA = shareOf(index, turn, A_STEP == 1u);
        let shareB = shareOf(index, turn, B_STEP == 1u);
        nextA[turn] = valueOfA(firstRow + shareA.y, first + shareA.x);
        nextB[turn] = valueOfB(columnOf(firstTile, shareB.y), first + shareB.x);
      }
    }
    if (first > 0u) {
      for (var k = 0u; k < depth; k++) {
        let at = buffer + k * side;
        let top = readA(at + 8u * thread.y);
        let bottom = readA(at + 8u * thread.y + 4u);
        let left = readB(at + 8u * thread.x);
        let right = readB(at + 8u * thread.x + 4u);
        topLeft += outer(top, left);
        topRight += outer(top, right);
        bottomLeft += outer(bottom, left);
        bottomRight += outer(bottom, right);
      }
    }
  }
  storeTiles(row, column, topLeft, topRight);
  storeTiles(row + 4u, column, bottomLeft, bottomRight);
}
