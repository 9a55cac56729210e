// Softmax cross-entropy, with its gradient written over the logits. With p = softmax(logits[n]):
//
//   losses[n] = -log p[target]   (nats)
//   logits[n,j] = (p[j] - [j == target]) * scale   where GRADIENT is 1; untouched where it is 0
//
// Shapes: logits [N, V], targets [N] u32, losses [N]. Any N and V of at least 1.
// A target of V or more means that the row has none: its loss is 0 and its gradient 0.
// Tiling: LANES lanes a row (a compile-time size that divides 64), 64 / LANES rows a workgroup. A lane owns every LANES-th
// logit and no other lane reads it, so that it may be overwritten at once. Three passes: the largest logit; exp(logit -
// largest), kept in place where there is a gradient; the gradient. After each of the first two comes a barrier (one lane a
// row needs none), and all lanes combine the partial results in the same order.
// Promise: relative L2 at most 1e-5 against float64, for logits of any common offset.

struct Params {
  rows: u32,
  vocabulary: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<f32>; // [N, V]
@group(0) @binding(2) var<storage, read> targets: array<u32>; // [N]
@group(0) @binding(3) var<storage, read_write> losses: array<f32>; // [N]

const ROWS = 64u / LANES;
const LEAST = -3.4028234e38;

var<workgroup> partialMax: array<f32, 64>; // [ROWS, LANES]
var<workgroup> partialSum: array<f32, 64>; // [ROWS, LANES]

@compute @workgroup_size(64)
fn cross_entropy(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let group = local - lane;
  let row = (wid.y * 65535u + wid.x) * ROWS + local / LANES;
  // A row past the end has no logits, but its lanes go on to the barriers.
  let inside = row < params.rows;
  let vocabulary = select(0u, params.vocabulary, inside);
  let start = row * vocabulary;
  let wanted = targets[min(row, params.rows - 1u)];
  let owner = wanted < vocabulary && wanted % LANES == lane;
  var chosen = 0.0;
  if (owner) {
    chosen = logits[start + wanted];
  }

  var largest = LEAST;
  for (var j = lane; j < vocabulary; j += LANES) {
    largest = max(largest, logits[start + j]);
  }
  if (LANES > 1u) {
    partialMax[local] = largest;
    workgroupBarrier();
    for (var i = 0u; i < LANES; i++) {
      largest = max(largest, partialMax[group + i]);
    }
  }

  var sum = 0.0;
  for (var j = lane; j < vocabulary; j += LANES) {
    let weight = exp(logits[start + j] - largest);
    sum += weight;
    if (GRADIENT == 1u) {
      logits[start + j] = weight;
    }
  }
  if (LANES > 1u) {
    partialSum[local] = sum;
    workgroupBarrier();
    sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += partialSum[group + i];
    }
  }

  if (owner) {
    losses[row] = (largest - chosen) + log(sum);
  } else if (inside && lane == 0u && wanted >= vocabulary) {
    losses[row] = 0.0;
  }
  if (GRADIENT == 1u) {
    let scale = select(0.0, params.scale, wanted < vocabulary);
    for (var j = lane; j < vocabulary; j += LANES) {
      let p = logits[start + j] / sum;
      logits[start + j] = (p - select(0.0, 1.0, j == wanted)) * scale;
    }
  }
}
