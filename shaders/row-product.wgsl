// One row times a matrix, for a token at a time: what shaders/matmul.wgsl does for many rows, at a load a weight.
//
// Formula    P[n] = sum over k of x[k] w[n,k];  KIND 0: out = P;  1: out = P + add;  2: out[n] = silu(P[n]) P[n + N/2], n < N/2.
//            The exponent of silu is held at 80, so that exp stays finite.
// Shapes     row-major: x [K], w [N,K], add [N] (KIND 1; otherwise unread), out [N], or [N/2] of KIND 2.
// Types      X, W, Add and Out are each f32 or f16; sums are f32, and what is stored as f16 is clamped to its largest.
// Constants  K, N, KIND, ADD (elements of `add`), LANES (1, or a power of two up to 64), OUT_IS_HALF.
// Tiling     LANES threads make four sums: a value of x, loaded once, meets four rows of w. They take every LANES-th k, so that
//            neighbours read neighbours; partial sums meet in workgroup memory. 64 threads a workgroup.
// Promise    close: relative L2 to float64 of what the operands hold <= 1e-5, or 1e-3 where `out` is f16.

const outputs = select(N, N / 2u, KIND == 2u);
const outputsOfFour = select(4u, 2u, KIND == 2u);
const teams = 64u / LANES; // in a workgroup

@group(0) @binding(1) var<storage, read> x: array<X, K>;
@group(0) @binding(2) var<storage, read> w: array<W, N * K>;
@group(0) @binding(3) var<storage, read> add: array<Add, ADD>;
@group(0) @binding(4) var<storage, read_write> out: array<Out, outputs>;

var<workgroup> partials: array<vec4f, 64>;

fn silu(a: f32) -> f32 {
  return a / (1.0 + exp(min(-a, 80.0)));
}

fn weights(at: vec4u) -> vec4f {
  return vec4f(f32(w[at.x]), f32(w[at.y]), f32(w[at.z]), f32(w[at.w]));
}

fn store(n: u32, value: f32) {
  if (n < outputs) {
    var stored = value;
    if (KIND == 1u) {
      stored += f32(add[min(n, ADD - 1u)]);
    }
    if (OUT_IS_HALF == 1u) {
      stored = clamp(stored, -65504.0, 65504.0);
    }
    out[n] = Out(stored);
  }
}

@compute @workgroup_size(64)
fn product(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % LANES;
  let first = outputsOfFour * ((group.y * 65535u + group.x) * teams + index / LANES);
  var rows = first + vec4u(0u, 1u, 2u, 3u);
  if (KIND == 2u) {
    rows = first + vec4u(0u, 1u, outputs, outputs + 1u);
  }
  let at = K * min(rows, vec4u(N - 1u));
  var sums = vec4f();
  for (var k = lane; k < K; k += LANES) {
    sums = fma(vec4f(f32(x[k])), weights(at + k), sums);
  }
  if (LANES > 1u) {
    partials[index] = sums;
    workgroupBarrier();
    if (lane > 0u) {
      return;
    }
    for (var l = 1u; l < LANES; l++) {
      sums += partials[index + l];
    }
  }
  if (KIND == 2u) {
    store(first, silu(sums.x) * sums.z);
    store(first + 1u, silu(sums.y) * sums.w);
  } else {
    store(first, sums.x);
    store(first + 1u, sums.y);
    store(first + 2u, sums.z);
    store(first + 3u, sums.w);
  }
}
