// One pass of compression: D <- beta D + DCT(multiplier * gradient) block by block, then the K coefficients of largest magnitude
// leave (DeMo, Peng et al. 2024, algorithm 1; the DCT is linear, so momentum is kept in its domain). What leaves is set to zero
// in the momentum, because only its sign travels.
//
// Formula: the orthonormal DCT-II. For a 64x64 block G of a matrix, C[u][v] = sum_ij B[u][i] G[i][j] B[v][j] with
//   B[u][i] = a(u) cos(pi (2i+1) u / 128), a(0) = 1/8, a(u) = sqrt(2)/8. For a 64-block g of gains, C[u] = sum_i B[u][i] g[i].
// Shapes: gradient, momentum [elements] f32: whole tensors one after another, cut into blocks by `places`, vec4 a block: where
//   its first element lies in the gradient, elements in a row of its tensor (0: a 64-block of gains), where its coefficients
//   begin in the momentum, nothing. Coefficient u, v is at u * 64 + v. norm [2] f32, whose element 1 is the multiplier.
//   selection [all blocks, K] u32, of which row firstBlock + n belongs to places[n]: index | (negative ? 1 << 12 : 0) | 1 << 13,
//   or 0 for an empty slot, in falling magnitude. amplitudes [all blocks, K] f32: what the momentum held there; 0 for an empty slot.
//   scratch [lanes * 4096] f32: overwritten.
// Selection: of equal magnitudes the lower index leaves first. Zeros never leave. A coefficient that is infinite or not a number
//   counts as zero and is set to zero, so that one bad gradient cannot occupy a block for ever. Magnitudes are compared as
//   integers: for finite floats the order of the words without sign is the order of magnitudes.
//
// Least traffic: 12 bytes a value (gradient read, momentum read and written), plus 8 bytes a slot. This kernel also writes and
//   reads the half-transformed block, 20 bytes a value, in a scratch that stays in the cache. Operations a value: 22 for the
//   transform, 8 to fold and find peaks; for each slot about 400.
// Tiling: an invocation a block, with a line of 64 values in registers at a time: columns, then rows. No workgroup memory, no
//   barriers, nothing shared: on a software adapter the clearing of workgroup memory alone takes ten times the whole pass.
//   `peaks` has the largest magnitude of each row of coefficients: a slot takes the largest peak and looks through that one row.
// Promise: the momentum close, relative L2 at most 1e-5 of the float64 DCT (local: it never feeds replicated state); what leaves
//   bitwise, given the momentum.
// Compile-time sizes: K, LANES (invocations of a workgroup).

struct Params {
  first: u32, // the blocks [first, end) of `places` are this dispatch's
  end: u32,
  firstBlock: u32, // the row of the selection for places[0]
  takes: u32, // 1, or 0 to fold only
  beta: f32,
  lanes: u32, // invocations of the dispatch
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32, 2>;
@group(0) @binding(3) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> scratch: array<f32>;
@group(0) @binding(6) var<storage, read_write> selection: array<u32>;
@group(0) @binding(7) var<storage, read_write> amplitudes: array<f32>;

const largestFinite = 0x7f7fffffu;

// The 64 values of a line of the gradient, `stride` apart.
fn gradient4(at: u32, stride: u32) -> vec4f {
  return vec4f(gradient[at], gradient[at + stride], gradient[at + 2u * stride], gradient[at + 3u * stride]);
}

fn gradient16(at: u32, stride: u32) -> mat4x4f {
  return mat4x4f(
    gradient4(at, stride),
    gradient4(at + 4u * stride, stride),
    gradient4(at + 8u * stride, stride),
    gradient4(at + 12u * stride, stride),
  );
}

fn gradient64(at: u32, stride: u32) -> Line64 {
  return Line64(
    gradient16(at, stride),
    gradient16(at + 16u * stride, stride),
    gradient16(at + 32u * stride, stride),
    gradient16(at + 48u * stride, stride),
  );
}

// The 64 values of a column of the scratch.
fn half4(at: u32) -> vec4f {
  return vec4f(scratch[at], scratch[at + 64u], scratch[at + 128u], scratch[at + 192u]);
}

fn half16(at: u32) -> mat4x4f {
  return mat4x4f(half4(at), half4(at + 256u), half4(at + 512u), half4(at + 768u));
}

fn half64(at: u32) -> Line64 {
  return Line64(half16(at), half16(at + 1024u), half16(at + 2048u), half16(at + 3072u));
}

// A row of the scratch.
fn store4(at: u32, x: vec4f) {
  scratch[at] = x.x;
  scratch[at + 1u] = x.y;
  scratch[at + 2u] = x.z;
  scratch[at + 3u] = x.w;
}

fn store16(at: u32, x: mat4x4f) {
  store4(at, x[0]);
  store4(at + 4u, x[1]);
  store4(at + 8u, x[2]);
  store4(at + 12u, x[3]);
}

fn store64(at: u32, x: Line64) {
  store16(at, x.a);
  store16(at + 16u, x.b);
  store16(at + 32u, x.c);
  store16(at + 48u, x.d);
}

// Folds in four coefficients and returns their magnitudes.
fn fold4(at: u32, x: vec4f) -> vec4u {
  let sum = params.beta * momentum[at] + x;
  let magnitude = bitcast<vec4u>(sum) & vec4(0x7fffffffu);
  let finite = magnitude <= vec4(largestFinite);
  momentum[at] = select(vec4f(), sum, finite);
  return select(vec4u(), magnitude, finite);
}

// Folds in sixteen and returns the largest magnitude.
fn fold16(at: u32, x: mat4x4f, scale: f32) -> u32 {
  let peak = max(
    max(fold4(at, scale * x[0]), fold4(at + 1u, scale * x[1])),
    max(fold4(at + 2u, scale * x[2]), fold4(at + 3u, scale * x[3])),
  );
  return max(max(peak.x, peak.y), max(peak.z, peak.w));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let own = id.x * 4096u;
  for (var block = params.first + id.x; block < params.end; block += params.lanes) {
    let place = places[block];
    let isLine = place.y == 0u;
    // Columns of the gradient to rows of the scratch, of whose first column gains are the whole.
    for (var j = 0u; j < 64u; j++) {
      if (isLine) {
        scratch[own + 64u * j] = gradient[place.x + j];
      } else {
        var y = dct64(gradient64(place.x + j, place.y));
        y.a[0].x *= rootHalf;
        store64(own + 64u * j, y);
      }
    }
    let scale = norm[1] * lineScale * select(lineScale, 1.0, isLine);
    let rows = select(64u, 1u, isLine);
    let start = place.z / 4u;
    var peaks: array<u32, 64>;
    for (var u = 0u; u < rows; u++) {
      var c = dct64(half64(own + u));
      c.a[0].x *= rootHalf;
      let at = start + 16u * u;
      let low = max(fold16(at, c.a, scale), fold16(at + 4u, c.b, scale));
      peaks[u] = max(low, max(fold16(at + 8u, c.c, scale), fold16(at + 12u, c.d, scale)));
    }
    if (params.takes != 0u) {
      take(start, rows, (params.firstBlock + block) * K, &peaks);
    }
  }
}

// Fills the slots of a block whose momentum begins at vector `start`.
fn take(start: u32, rows: u32, slots: u32, peaks: ptr<function, array<u32, 64>>) {
  for (var slot = slots; slot < slots + K; slot++) {
    var best = 0u;
    var row = 0u;
    for (var u = 0u; u < rows; u++) {
      let peak = (*peaks)[u];
      if (peak > best) {
        best = peak;
        row = u;
      }
    }
    if (best == 0u) {
      selection[slot] = 0u;
      amplitudes[slot] = 0.0;
      continue;
    }
    // The first of the row that is as large, and the largest of the others.
    var column = 64u;
    var next = 0u;
    for (var n = 0u; n < 16u; n++) {
      let magnitude = bitcast<vec4u>(momentum[start + 16u * row + n]) & vec4(0x7fffffffu);
      for (var m = 0u; m < 4u; m++) {
        if (magnitude[m] == best && column == 64u) {
          column = 4u * n + m;
        } else {
          next = max(next, magnitude[m]);
        }
      }
    }
    (*peaks)[row] = next;
    let at = start + 16u * row + column / 4u;
    let amount = momentum[at][column & 3u];
    momentum[at][column & 3u] = 0.0;
    selection[slot] = (64u * row + column) | select(0u, 1u << 12u, amount < 0.0) | (1u << 13u);
    amplitudes[slot] = amount;
  }
}
