// Softmax cross-entropy, with its gradient written over the logits. With p = softmax(logits[n]):
//
//   losses[n] = -log p[target]   (nats)
//   logits[n,j] = (p[j] - [j == target]) * scale   where GRADIENT is 1; untouched where it is 0
//
// `cross_entropy` does all of it where a row lies in one tensor. Where its columns are parts of several, `gather` on each part
// in order and then `spread` on each do the same: gather leaves in peaks[n] the largest logit so far and the sum of
// exp(logit - largest), and in losses[n] the target's logit; spread writes gradients, and on the last part losses.
//
// Shapes: logits f32 or f16 [N, V], or [N, part of V] from column `first` on; targets [N] u32; losses [N]; peaks [N]. Any N and V >= 1.
// Constants: Value (vec4f where 4 divides the columns, else f32) and PER (its elements), Logits (a Value as the tensor stores
// it), LANES (divides 64), GRADIENT, KEEP (1: exp(logit - largest) is kept in place of the logit; f16 would lose the small
// ones, and computes them twice): the binding defines them. Params.columns counts Values.
// A target of V or more means that the row has none: its loss is 0 and its gradient 0.
// Tiling: LANES lanes a row, 64 / LANES rows a workgroup. A lane owns every LANES-th Value and no other lane reads it, so that
// it may be overwritten at once. Three passes: the largest logit; exp(logit - largest), kept in place if KEEP; the
// gradient. After each of the first two comes a barrier (one lane a row needs none), and all lanes combine
// the partial results in the same order.
// Promise: relative L2 at most 1e-5 against float64, for logits of any common offset; gradients in f16 1e-3.

struct Params {
  rows: u32,
  columns: u32, // Values of a row of this tensor
  scale: f32,
  first: u32, // column of the whole at which this tensor begins
  vocabulary: u32, // columns of the whole
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<Logits>; // [N, V]
@group(0) @binding(2) var<storage, read> targets: array<u32>; // [N]
@group(0) @binding(3) var<storage, read_write> losses: array<f32>; // [N]
@group(0) @binding(4) var<storage, read_write> peaks: array<vec2f>; // [N]; gather and spread

const ROWS = 64u / LANES;
const LEAST = -3.4028234e38;

var<workgroup> partialMax: array<f32, 64>; // [ROWS, LANES]
var<workgroup> partialSum: array<f32, 64>; // [ROWS, LANES]

// What an invocation works on. A row past the end has no Values, but its lanes go on to the barriers.
struct Place {
  local: u32,
  lane: u32,
  row: u32,
  inside: bool,
  start: u32, // of the row, in Values
  columns: u32,
  label: u32, // the target, in the whole vocabulary
  wanted: u32, // the Value the target lies in, if it lies here
  hot: u32, // the target's element of that Value
  owner: bool, // of that Value
}

fn placeOf(wid: vec3u, local: u32) -> Place {
  var place: Place;
  place.local = local;
  place.lane = local % LANES;
  place.row = (wid.y * 65535u + wid.x) * ROWS + local / LANES;
  place.inside = place.row < params.rows;
  place.columns = select(0u, params.columns, place.inside);
  place.start = place.row * place.columns;
  place.label = targets[min(place.row, params.rows - 1u)];
  let column = place.label - params.first; // below `first` it wraps past any vocabulary
  place.wanted = column / PER;
  place.hot = column % PER;
  place.owner = place.wanted < place.columns && place.wanted % LANES == place.lane;
  return place;
}

fn largestOf(place: Place) -> f32 {
  var own = Value(LEAST);
  for (var j = place.lane; j < place.columns; j += LANES) {
    own = max(own, Value(logits[place.start + j]));
  }
  var result = largest(own);
  if (LANES > 1u) {
    partialMax[place.local] = result;
    workgroupBarrier();
    for (var i = 0u; i < LANES; i++) {
      result = max(result, partialMax[place.local - place.lane + i]);
    }
  }
  return result;
}

// The row's sum of exp(logit - peak); the terms stay in place of the logits where `keep` is set.
fn sumOfExp(place: Place, peak: f32, keep: bool) -> f32 {
  var own = Value();
  for (var j = place.lane; j < place.columns; j += LANES) {
    let weight = exp(Value(logits[place.start + j]) - Value(peak));
    own += weight;
    if (keep) {
      logits[place.start + j] = toLogits(weight);
    }
  }
  var sum = total(own);
  if (LANES > 1u) {
    partialSum[place.local] = sum;
    workgroupBarrier();
    sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += partialSum[place.local - place.lane + i];
    }
  }
  return sum;
}

fn storeGradient(place: Place, j: u32, p: Value, scale: f32) {
  logits[place.start + j] = toLogits((p - select(Value(), oneHot(place.hot), j == place.wanted)) * scale);
}

@compute @workgroup_size(64)
fn cross_entropy(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let place = placeOf(wid, local);
  var chosen = 0.0;
  if (place.owner) {
    chosen = element(Value(logits[place.start + place.wanted]), place.hot);
  }
  let peak = largestOf(place);
  let sum = sumOfExp(place, peak, KEEP == 1u);
  if (place.owner) {
    losses[place.row] = (peak - chosen) + log(sum);
  } else if (place.inside && place.lane == 0u && place.label >= params.vocabulary) {
    losses[place.row] = 0.0;
  }
  if (GRADIENT == 1u) {
    let scale = select(0.0, params.scale, place.label < params.vocabulary);
    for (var j = place.lane; j < place.columns; j += LANES) {
      var weight = Value(logits[place.start + j]);
      if (KEEP == 0u) {
        weight = exp(weight - Value(peak));
      }
      storeGradient(place, j, weight / sum, scale);
    }
  }
}

@compute @workgroup_size(64)
fn gather(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let place = placeOf(wid, local);
  if (place.owner) {
    losses[place.row] = element(Value(logits[place.start + place.wanted]), place.hot);
  }
  let here = largestOf(place);
  let sum = sumOfExp(place, here, false);
  if (place.inside && place.lane == 0u) {
    var before = vec2f(LEAST, 0.0);
    if (params.first > 0u) {
      before = peaks[place.row];
    }
    let peak = max(before.x, here);
    peaks[place.row] = vec2f(peak, before.y * exp(before.x - peak) + sum * exp(here - peak));
  }
}

@compute @workgroup_size(64)
fn spread(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let place = placeOf(wid, local);
  if (!place.inside) {
    return;
  }
  let peak = peaks[place.row];
  let counts = place.label < params.vocabulary;
  if (place.lane == 0u && params.first + params.columns * PER == params.vocabulary) {
    if (counts) {
      losses[place.row] = (peak.x - losses[place.row]) + log(peak.y);
    } else {
      losses[place.row] = 0.0;
    }
  }
  if (GRADIENT == 1u) {
    let scale = select(0.0, params.scale, counts);
    for (var j = place.lane; j < place.columns; j += LANES) {
      let p = exp(Value(logits[place.start + j]) - Value(peak.x)) / peak.y;
      storeGradient(place, j, p, scale);
    }
  }
}
