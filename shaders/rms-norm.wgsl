// Root mean square normalisation (Zhang and Sennrich 2019), forward and backward.
//
//   forward        rstd[n] = 1 / sqrt(mean_j x[n,j]^2 + epsilon);  out[n,j] = x[n,j] * rstd[n] * gain[j]
//   backward_x     with y = x * rstd:  dX[n,j] += rstd[n] * (dOut * gain - y * mean_j(dOut * gain * y))
//   backward_gain  dGain[j] += sum_n dOut[n,j] * y[n,j]
//
// Shapes: x, out, dOut, dX are [N, d]; gain and dGain [d]; rstd [N]. Any N and d of at least 1.
// Tiling: forward and backward_x give LANES lanes (a compile-time size that divides 64) to a row and 64 / LANES rows to a
// workgroup. A lane adds every LANES-th element, then each adds all the lanes' sums in the same order, so that one barrier
// is enough; one lane a row needs none. backward_gain gives a workgroup 16 columns and LANES lanes a column, among which
// the rows are divided. Every order of addition is fixed: no atomics.
// Promise: relative L2 at most 1e-5 against float64.

struct Params {
  rows: u32,
  width: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // [N, d]

// forward
@group(0) @binding(2) var<storage, read> gain: array<f32>; // [d]; backward_x too
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [N, d]
@group(0) @binding(4) var<storage, read_write> rstdOut: array<f32>; // [N]

// backward_x
@group(0) @binding(3) var<storage, read> rstd: array<f32>; // [N]; backward_gain too
@group(0) @binding(4) var<storage, read> dOut: array<f32>; // [N, d]; backward_gain too
@group(0) @binding(5) var<storage, read_write> dX: array<f32>; // [N, d]

// backward_gain
@group(0) @binding(2) var<storage, read_write> dGain: array<f32>; // [d]

const ROWS = 64u / LANES;

var<workgroup> lanePartial: array<f32, 64>; // [ROWS, LANES]

fn sumOverLanes(rowInGroup: u32, lane: u32, own: f32) -> f32 {
  if (LANES == 1u) {
    return own;
  }
  lanePartial[rowInGroup * LANES + lane] = own;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < LANES; i++) {
    sum += lanePartial[rowInGroup * LANES + i];
  }
  return sum;
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let row = (wid.y * 65535u + wid.x) * ROWS + local / LANES;
  // Rows past the end repeat the last one and store nothing: the barrier needs every lane.
  let start = min(row, params.rows - 1u) * params.width;
  var squares = 0.0;
  for (var j = lane; j < params.width; j += LANES) {
    let value = x[start + j];
    squares += value * value;
  }
  let sum = sumOverLanes(local / LANES, lane, squares);
  let scale = 1.0 / sqrt(sum / f32(params.width) + params.epsilon);
  if (row < params.rows) {
    for (var j = lane; j < params.width; j += LANES) {
      out[start + j] = x[start + j] * scale * gain[j];
    }
    if (lane == 0u) {
      rstdOut[row] = scale;
    }
  }
}

@compute @workgroup_size(64)
fn backward_x(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let row = (wid.y * 65535u + wid.x) * ROWS + local / LANES;
  let source = min(row, params.rows - 1u);
  let start = source * params.width;
  var products = 0.0;
  for (var j = lane; j < params.width; j += LANES) {
    products += dOut[start + j] * gain[j] * x[start + j];
  }
  let sum = sumOverLanes(local / LANES, lane, products);
  let scale = rstd[source];
  let projection = sum * scale / f32(params.width);
  if (row < params.rows) {
    for (var j = lane; j < params.width; j += LANES) {
      dX[start + j] += scale * (dOut[start + j] * gain[j] - x[start + j] * scale * projection);
    }
  }
}

const COLUMNS = 16u;

var<workgroup> columnPartial: array<f32, COLUMNS * LANES>; // [LANES, COLUMNS]

@compute @workgroup_size(COLUMNS * LANES)
fn backward_gain(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = (wid.y * 65535u + wid.x) * COLUMNS + local % COLUMNS;
  let source = min(column, params.width - 1u);
  var sum = 0.0;
  for (var n = local / COLUMNS; n < params.rows; n += LANES) {
    let at = n * params.width + source;
    sum += dOut[at] * x[at] * rstd[n];
  }
  if (LANES > 1u) {
    columnPartial[local] = sum;
    workgroupBarrier();
    sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += columnPartial[i * COLUMNS + local % COLUMNS];
    }
  }
  if (local < COLUMNS && column < params.width) {
    dGain[column] += sum;
  }
}
