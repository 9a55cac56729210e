// The norm of all gradients together, and the multiplier that averages and clips them. Gradients hold sums over what
// `divisor` counts.
//
//   square_sums  partials[offset + i] = sum of the squares of invocation i's share of one tensor
//   finish       norm[0] = sqrt(sum of partials) / divisor
//                norm[1] = min(1, maxNorm / (norm[0] + 1e-6)) / divisor   (torch.nn.utils.clip_grad_norm_ after averaging)
//
// Shapes: a gradient has any shape; partials [count]; norm [2].
// Constants: Value (vec4f where 4 divides the length of a tensor, else f32); Share.length counts Values.
// Tiling: square_sums strides over the tensor with all invocations of its dispatch, each writing its own partial sum; four
// strides at a time, so that a GPU has four loads in flight an invocation. finish is one workgroup of 64 lanes, whose first adds the lanes' sums. The order of addition depends on the sizes alone:
// no atomics.
// Range: squares must stay finite, so gradients (as sums) below 1e17. Promise: relative L2 at most 1e-5 against float64.

struct Share {
  length: u32, // Values
  offset: u32, // of this tensor's partials
  stride: u32, // invocations of this dispatch
}

struct Clip {
  count: u32, // partials in use
  maxNorm: f32,
  divisor: f32,
}

@group(0) @binding(0) var<uniform> share: Share; // square_sums
@group(0) @binding(1) var<storage, read> gradient: array<Value>; // square_sums
@group(0) @binding(2) var<storage, read_write> partials: array<f32>; // square_sums

@group(0) @binding(0) var<uniform> clip: Clip; // finish
@group(0) @binding(1) var<storage, read> squareSums: array<f32>; // finish
@group(0) @binding(2) var<storage, read_write> norm: array<f32>; // finish

const LANES = 64u;

var<workgroup> laneSums: array<f32, 64>;

@compute @workgroup_size(64)
fn square_sums(@builtin(global_invocation_id) id: vec3u) {
  var sum = Value();
  var i = id.x;
  for (; i + 3u * share.stride < share.length; i += 4u * share.stride) {
    let first = gradient[i];
    let second = gradient[i + share.stride];
    let third = gradient[i + 2u * share.stride];
    let fourth = gradient[i + 3u * share.stride];
    sum += (first * first + second * second) + (third * third + fourth * fourth);
  }
  for (; i < share.length; i += share.stride) {
    let value = gradient[i];
    sum += value * value;
  }
  partials[share.offset + id.x] = total(sum);
}

@compute @workgroup_size(64)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var own = 0.0;
  for (var i = lane; i < clip.count; i += LANES) {
    own += squareSums[i];
  }
  laneSums[lane] = own;
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += laneSums[i];
    }
    let mean = sqrt(sum) / clip.divisor;
    norm[0] = mean;
    norm[1] = min(1.0, clip.maxNorm / (mean + 1e-6)) / clip.divisor;
  }
}
