// Root mean square normalisation (Zhang and Sennrich 2019), forward and backward.
//
//   forward    rstd[n] = 1 / sqrt(mean_j x[n,j]^2 + epsilon);  out[n,j] = x[n,j] * rstd[n] * gain[j]
//   backward   with y = x * rstd:  dX[n,j] (+)= rstd[n] * (dOut * gain - y * mean_j(dOut * gain * y))
//                                  dGain[j] += SCALE * sum_n dOut[n,j] * y[n,j]
//
// Shapes: x, out, dOut, dX are [N, d]; gain and dGain [d]; rstd [N]. Any N and d of at least 1.
// Types: gain, dGain and rstd are f32; X, Out, DOut and DX are Values as their tensors store them, f32 or f16. Sums are f32.
// Constants: Value (vec4f where 4 divides d, else f32), PER (elements of a Value), ROWS = N, WIDTH = d / PER, LANES (divides
// 64), ADD (1: dX is added to), SCALE (the bits of an f32), EPSILON. The binding defines them; fixed lengths make the bounds checks cheaper.
// Tiling: 64 invocations a workgroup. forward gives LANES lanes to a row and so 64 / LANES rows to a workgroup; a lane adds
// every LANES-th Value, then each adds all lanes' sums in the same order, so that one barrier is enough; one lane a row
// needs none. backward is one dispatch of two kinds of workgroups, which write different tensors and so need no order:
// the first COLUMN_GROUPS give LANES lanes to a column of Values, among which the rows are divided, and make dGain; the
// rest give LANES lanes to a row, as forward does, and make dX. Every order of addition is fixed: no atomics.
// Promise: relative L2 at most 1e-5 against float64, 1e-3 where f16 is written.

@group(0) @binding(1) var<storage, read> x: array<X, ROWS * WIDTH>; // [N, d]
@group(0) @binding(2) var<storage, read> gain: array<Value, WIDTH>; // [d]

// forward
@group(0) @binding(3) var<storage, read_write> out: array<Out, ROWS * WIDTH>; // [N, d]
@group(0) @binding(4) var<storage, read_write> rstdOut: array<f32, ROWS>; // [N]

// backward
@group(0) @binding(3) var<storage, read> rstd: array<f32, ROWS>; // [N]
@group(0) @binding(4) var<storage, read> dOut: array<DOut, ROWS * WIDTH>; // [N, d]
@group(0) @binding(5) var<storage, read_write> dX: array<DX, ROWS * WIDTH>; // [N, d]
@group(0) @binding(6) var<storage, read_write> dGain: array<Value, WIDTH>; // [d]

const PARTS = 64u / LANES; // rows, or columns of Values, of a workgroup
const COLUMN_GROUPS = (WIDTH + PARTS - 1u) / PARTS;

var<workgroup> partial: array<Value, 64>;

// The sum of `own` over the lanes of one part, whose invocations are `first`, `first + stride`, ...
fn sumOverLanes(local: u32, first: u32, stride: u32, own: Value) -> Value {
  if (LANES == 1u) {
    return own;
  }
  partial[local] = own;
  workgroupBarrier();
  var sum = Value();
  for (var i = 0u; i < LANES; i++) {
    sum += partial[first + i * stride];
  }
  return sum;
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let row = (wid.y * 65535u + wid.x) * PARTS + local / LANES;
  // Rows past the end repeat the last one and store nothing: the barrier needs every lane.
  let start = min(row, ROWS - 1u) * WIDTH;
  var squares = Value();
  for (var j = lane; j < WIDTH; j += LANES) {
    let value = Value(x[start + j]);
    squares += value * value;
  }
  let sum = total(sumOverLanes(local, local - lane, 1u, squares));
  let scale = 1.0 / sqrt(sum / f32(WIDTH * PER) + EPSILON);
  if (row < ROWS) {
    for (var j = lane; j < WIDTH; j += LANES) {
      out[start + j] = toOut(Value(x[start + j]) * scale * gain[j]);
    }
    if (lane == 0u) {
      rstdOut[row] = scale;
    }
  }
}

fn backwardRow(group: u32, local: u32) {
  let lane = local % LANES;
  let row = group * PARTS + local / LANES;
  let source = min(row, ROWS - 1u);
  let start = source * WIDTH;
  var products = Value();
  for (var j = lane; j < WIDTH; j += LANES) {
    products += Value(dOut[start + j]) * gain[j] * Value(x[start + j]);
  }
  let sum = total(sumOverLanes(local, local - lane, 1u, products));
  let scale = rstd[source];
  let projection = scale * scale * sum / f32(WIDTH * PER);
  if (row < ROWS) {
    for (var j = lane; j < WIDTH; j += LANES) {
      var d = scale * (Value(dOut[start + j]) * gain[j] - Value(x[start + j]) * projection);
      if (ADD == 1u) {
        d += Value(dX[start + j]);
      }
      dX[start + j] = toDX(d);
    }
  }
}

fn backwardColumn(group: u32, local: u32) {
  let column = group * PARTS + local % PARTS;
  let source = min(column, WIDTH - 1u);
  var own = Value();
  // A column past the end adds nothing, but its lanes go on to the barrier.
  for (var n = select(ROWS, local / PARTS, column < WIDTH); n < ROWS; n += LANES) {
    own += Value(dOut[n * WIDTH + source]) * Value(x[n * WIDTH + source]) * rstd[n];
  }
  let sum = sumOverLanes(local, local % PARTS, PARTS, own);
  if (local < PARTS && column < WIDTH) {
    dGain[column] += bitcast<f32>(SCALE) * sum;
  }
}

@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * 65535u + wid.x;
  if (group < COLUMN_GROUPS) {
    backwardColumn(group, local);
  } else {
    backwardRow(group - COLUMN_GROUPS, local);
  }
}
