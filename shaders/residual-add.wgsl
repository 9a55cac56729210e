// Addition, element by element: the residual stream forward, and the sum of its two gradients backward.
//
//   add       out = x + y
//   add_into  target += y
//
// Shapes: any, the same for all. Tiling: one invocation a Value: four elements where 4 divides the length
// (vec4f), else one (f32), as the binding defines it. The length is that of the binding.
// Promise: relative L2 at most 2e-7 against float64 (one f32 addition).

@group(0) @binding(1) var<storage, read> y: array<Value>;
@group(0) @binding(2) var<storage, read> x: array<Value>; // add
@group(0) @binding(3) var<storage, read_write> out: array<Value>; // add
@group(0) @binding(2) var<storage, read_write> sum: array<Value>; // add_into

@compute @workgroup_size(64)
fn add(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (wid.y * 65535u + wid.x) * 64u + local;
  if (i < arrayLength(&out)) {
    out[i] = x[i] + y[i];
  }
}

@compute @workgroup_size(64)
fn add_into(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (wid.y * 65535u + wid.x) * 64u + local;
  if (i < arrayLength(&sum)) {
    sum[i] += y[i];
  }
}
