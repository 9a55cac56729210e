// SwiGLU (Shazeer 2020) without its projections, forward and backward. With s = 1 / (1 + exp(-gate)):
//
//   forward   out[n,j] = gate * s * up
//   backward  dGate[n,j] = dOut * up * s * (1 + gate * (1 - s));  dUp[n,j] = dOut * gate * s
//
// Shapes: gateUp and dGateUp are [N, 2h], a row being h gates and then h ups; out and dOut are [N, h]. Any N and h.
// Tiling: one invocation a Value of [N, h]: four neighbouring elements where 4 divides h (vec4f), else one (f32). The
// binding defines Value; indices and Params count in it. Wide and Narrow are Values as tensors store them: f32 or f16.
// Range: the exponent is held at 80, so that exp stays finite; below gate = -80 the output is smaller than 1e-32 either way.
// Promise: relative L2 at most 1e-5 against float64, 1e-3 where f16 is written.

struct Params {
  count: u32, // N h
  hidden: u32, // h
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gateUp: array<Wide>; // [N, 2h]
@group(0) @binding(2) var<storage, read_write> out: array<Narrow>; // [N, h]; forward
@group(0) @binding(2) var<storage, read> dOut: array<Narrow>; // [N, h]; backward
@group(0) @binding(3) var<storage, read_write> dGateUp: array<Wide>; // [N, 2h]; backward

fn sigmoid(value: Value) -> Value {
  return 1.0 / (1.0 + exp(min(-value, Value(80.0))));
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (wid.y * 65535u + wid.x) * 64u + local;
  if (i < params.count) {
    let at = i + i / params.hidden * params.hidden;
    let gate = Value(gateUp[at]);
    out[i] = toNarrow(gate * sigmoid(gate) * Value(gateUp[at + params.hidden]));
  }
}

@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (wid.y * 65535u + wid.x) * 64u + local;
  if (i < params.count) {
    let at = i + i / params.hidden * params.hidden;
    let gate = Value(gateUp[at]);
    let s = sigmoid(gate);
    let d = Value(dOut[i]);
    dGateUp[at] = toWide(d * Value(gateUp[at + params.hidden]) * s * (1.0 + gate * (1.0 - s)));
    dGateUp[at + params.hidden] = toWide(d * gate * s);
  }
}
