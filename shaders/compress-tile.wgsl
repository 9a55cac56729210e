// One pass of compression, a workgroup a block: see compress-lane.wgsl for the formula, the shapes and the promise, which are
// the same. For devices on which neighbouring invocations want neighbouring words and workgroup memory is fast.
//
// Least traffic: 12 bytes a value (gradient read, momentum read and written), plus 8 bytes a slot; this kernel moves no more,
//   as the block stays in registers and workgroup memory in between. About 60 operations a value: 22 for the transform, 3 to
//   fold, the rest to select.
// Tiling: 64 invocations, 64 values each in named registers; 16 KiB of workgroup memory (tile64.wgsl). Columns are transformed by the
//   invocation that loaded them, meet the rows in the tile, and come back to columns, so that both gradient and momentum are
//   read 64 neighbouring words at a time. What leaves is found in the same memory: largest64.wgsl.
// Compile-time sizes: K.

struct Params {
  first: u32, // the blocks [first, end) of `places` are this dispatch's, one a workgroup
  end: u32,
  firstBlock: u32, // the row of the selection for places[0]
  takes: u32, // 1, or 0 to fold only
  beta: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32, 2>;
@group(0) @binding(3) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> momentum: array<f32>;
@group(0) @binding(5) var<storage, read_write> selection: array<u32>;
@group(0) @binding(6) var<storage, read_write> amplitudes: array<f32>;

const largestFinite = 0x7f7fffffu;

// The 64 values of a line, `stride` words apart.
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

// What is not finite counts as zero.
fn folded4(at: u32, x: vec4f) -> vec4f {
  let sum = params.beta * vec4f(momentum[at], momentum[at + 64u], momentum[at + 128u], momentum[at + 192u]) + x;
  return select(vec4f(), sum, magnitudes(sum) <= vec4(largestFinite));
}

fn folded16(at: u32, u: u32, j: u32, scale: f32) -> mat4x4f {
  let own = at + 64u * u + j;
  return mat4x4f(
    folded4(own, scale * column4(u, j)),
    folded4(own + 256u, scale * column4(u + 4u, j)),
    folded4(own + 512u, scale * column4(u + 8u, j)),
    folded4(own + 768u, scale * column4(u + 12u, j)),
  );
}

fn write4(at: u32, x: vec4f) {
  momentum[at] = x.x;
  momentum[at + 64u] = x.y;
  momentum[at + 128u] = x.z;
  momentum[at + 192u] = x.w;
}

fn write16(at: u32, x: mat4x4f) {
  write4(at, x[0]);
  write4(at + 256u, x[1]);
  write4(at + 512u, x[2]);
  write4(at + 768u, x[3]);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = params.first + group.x;
  let place = places[block];
  let isLine = place.y == 0u;
  if (isLine) {
    tile[lane] = bitcast<u32>(gradient[place.x + lane]);
  } else {
    let at = place.x + lane;
    let stride = place.y;
    var y = dct64(
      Line64(
        gradient16(at, stride),
        gradient16(at + 16u * stride, stride),
        gradient16(at + 32u * stride, stride),
        gradient16(at + 48u * stride, stride),
      ),
    );
    y.a[0].x *= rootHalf;
    storeColumn16(0u, lane, y.a);
    storeColumn16(16u, lane, y.b);
    storeColumn16(32u, lane, y.c);
    storeColumn16(48u, lane, y.d);
  }
  workgroupBarrier();

  // Each invocation has a row of the tile to itself: it reads all of it before it writes.
  if (!isLine || lane == 0u) {
    var c = dct64(Line64(row16(lane, 0u), row16(lane, 16u), row16(lane, 32u), row16(lane, 48u)));
    c.a[0].x *= rootHalf;
    storeRow16(lane, 0u, c.a);
    storeRow16(lane, 16u, c.b);
    storeRow16(lane, 32u, c.c);
    storeRow16(lane, 48u, c.d);
  }
  workgroupBarrier();

  var x: Line64;
  if (isLine) {
    let sum = params.beta * momentum[place.z + lane] + norm[1] * lineScale * bitcast<f32>(tile[lane]);
    x.a[0].x = select(0.0, sum, (bitcast<u32>(sum) & 0x7fffffffu) <= largestFinite);
  } else {
    let scale = norm[1] * lineScale * lineScale;
    x.a = folded16(place.z, 0u, lane, scale);
    x.b = folded16(place.z, 16u, lane, scale);
    x.c = folded16(place.z, 32u, lane, scale);
    x.d = folded16(place.z, 48u, lane, scale);
  }
  if (params.takes != 0u) {
    workgroupBarrier(); // the tile has been read
    x = take(x, lane, (params.firstBlock + block) * K);
  }
  let at = place.z + lane;
  if (isLine) {
    momentum[at] = x.a[0].x;
  } else {
    write16(at, x.a);
    write16(at + 1024u, x.b);
    write16(at + 2048u, x.c);
    write16(at + 3072u, x.d);
  }
}
