// Softmax cross-entropy, with its gradient written over the logits. With p = softmax(logits[n]):
//
//   losses[n] = -log p[target]   (nats)
//   logits[n,j] = (p[j] - [j == target]) * scale   where GRADIENT is 1; untouched where it is 0
//
// Shapes: logits [N, V], targets [N] u32, losses [N]. Any N and V of at least 1.
// A target of V or more means that the row has none: its loss is 0 and its gradient 0.
// Tiling: 16 lanes a row, 4 rows a workgroup. A lane owns every 16th logit: it alone reads them once the sums are known,
// so it may overwrite them. Three passes: the largest logit, the sum of exp(logit - largest), the gradient. One barrier
// after each of the first two, after which all 16 lanes combine the 16 partial results in the same order.
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

const LANES = 16u;
const ROWS = 4u;
const LEAST = -3.4028234e38;

var<workgroup> partialMax: array<f32, 64>; // [ROWS, LANES]
var<workgroup> partialSum: array<f32, 64>; // [ROWS, LANES]

@compute @workgroup_size(64)
fn cross_entropy(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let group = local - lane;
  let row = (wid.y * 65535u + wid.x) * ROWS + local / LANES;
  // Rows past the end repeat the last one and store nothing: the barriers need every lane.
  let source = min(row, params.rows - 1u);
  let start = source * params.vocabulary;

  var largest = LEAST;
  for (var j = lane; j < params.vocabulary; j += LANES) {
    largest = max(largest, logits[start + j]);
  }
  partialMax[local] = largest;
  workgroupBarrier();
  for (var i = 0u; i < LANES; i++) {
    largest = max(largest, partialMax[group + i]);
  }

  var own = 0.0;
  for (var j = lane; j < params.vocabulary; j += LANES) {
    own += exp(logits[start + j] - largest);
  }
  partialSum[local] = own;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < LANES; i++) {
    sum += partialSum[group + i];
  }

  let wanted = targets[source];
  if (row < params.rows) {
    if (wanted >= params.vocabulary) {
      if (lane == 0u) {
        losses[row] = 0.0;
      }
    } else if (wanted % LANES == lane) {
      losses[row] = (largest - logits[start + wanted]) + log(sum);
    }
    if (GRADIENT == 1u) {
      let scale = select(0.0, params.scale, wanted < params.vocabulary);
      for (var j = lane; j < params.vocabulary; j += LANES) {
        let p = exp(logits[start + j] - largest) / sum;
        logits[start + j] = (p - select(0.0, 1.0, j == wanted)) * scale;
      }
    }
  }
}
