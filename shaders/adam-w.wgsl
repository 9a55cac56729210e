// One step of AdamW (Loshchilov and Hutter 2019, algorithm 2; decay scaled by the learning rate as torch.optim.AdamW
// does). With g = gradient * norm[1], the averaging and clipping multiplier of gradient-norm.wgsl, and t the step from 1:
//
//   m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2
//   parameter <- (1 - rate decay) parameter - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//
// Shapes: parameter, gradient, m and v the same; norm [2]. The length is that of the binding.
// Tiling: one invocation a Value: four elements where 4 divides the length (vec4f), else one (f32), as the binding defines.
// The coefficients come from the host in float64: 1 - 0.999 in f32 is off by 1e-5.
// Promise: relative L2 at most 1e-5 against float64, for each of parameter, m and v.

struct Params {
  beta1: f32,
  oneLessBeta1: f32,
  beta2: f32,
  oneLessBeta2: f32,
  keep: f32, // 1 - rate decay
  stepSize: f32, // rate / (1 - beta1^t)
  rootCorrection2: f32, // sqrt(1 - beta2^t)
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<Value>;
@group(0) @binding(2) var<storage, read> norm: array<f32>; // [2]
@group(0) @binding(3) var<storage, read_write> parameter: array<Value>;
@group(0) @binding(4) var<storage, read_write> m: array<Value>;
@group(0) @binding(5) var<storage, read_write> v: array<Value>;

@compute @workgroup_size(64)
fn adam_w(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (wid.y * 65535u + wid.x) * 64u + local;
  if (i < arrayLength(&parameter)) {
    let g = gradient[i] * norm[1];
    let mean = params.beta1 * m[i] + params.oneLessBeta1 * g;
    let square = params.beta2 * v[i] + params.oneLessBeta2 * g * g;
    m[i] = mean;
    v[i] = square;
    let step = mean / (sqrt(square) / params.rootCorrection2 + params.epsilon);
    parameter[i] = params.keep * parameter[i] - params.stepSize * step;
  }
}
