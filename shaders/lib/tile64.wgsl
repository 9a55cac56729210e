// A 64x64 block in workgroup memory, for 64 invocations: 16 KiB, the most that every device has. Row u is kept at column XOR u:
// no two invocations meet in a bank, neither along rows nor along columns.
// Words, as what selects (largest64.wgsl) keeps integers here: bits that are no float must not pass through a float.
var<workgroup> tile: array<u32, 4096>;

// Row `u` of the tile, columns j to j + 15.
fn row4(u: u32, j: u32) -> vec4f {
  let at = 64u * u;
  return bitcast<vec4f>(vec4u(tile[at + (j ^ u)], tile[at + ((j + 1u) ^ u)], tile[at + ((j + 2u) ^ u)], tile[at + ((j + 3u) ^ u)]));
}

fn row16(u: u32, j: u32) -> mat4x4f {
  return mat4x4f(row4(u, j), row4(u, j + 4u), row4(u, j + 8u), row4(u, j + 12u));
}

fn storeRow4(u: u32, j: u32, x: vec4f) {
  let words = bitcast<vec4u>(x);
  tile[64u * u + (j ^ u)] = words.x;
  tile[64u * u + ((j + 1u) ^ u)] = words.y;
  tile[64u * u + ((j + 2u) ^ u)] = words.z;
  tile[64u * u + ((j + 3u) ^ u)] = words.w;
}

fn storeRow16(u: u32, j: u32, x: mat4x4f) {
  storeRow4(u, j, x[0]);
  storeRow4(u, j + 4u, x[1]);
  storeRow4(u, j + 8u, x[2]);
  storeRow4(u, j + 12u, x[3]);
}

// Column `j` of the tile, rows u to u + 15.
fn column4(u: u32, j: u32) -> vec4f {
  let at = 64u * u;
  return bitcast<vec4f>(
    vec4u(tile[at + (j ^ u)], tile[at + 64u + (j ^ (u + 1u))], tile[at + 128u + (j ^ (u + 2u))], tile[at + 192u + (j ^ (u + 3u))]),
  );
}

fn storeColumn4(u: u32, j: u32, x: vec4f) {
  let words = bitcast<vec4u>(x);
  tile[64u * u + (j ^ u)] = words.x;
  tile[64u * u + 64u + (j ^ (u + 1u))] = words.y;
  tile[64u * u + 128u + (j ^ (u + 2u))] = words.z;
  tile[64u * u + 192u + (j ^ (u + 3u))] = words.w;
}

fn storeColumn16(u: u32, j: u32, x: mat4x4f) {
  storeColumn4(u, j, x[0]);
  storeColumn4(u + 4u, j, x[1]);
  storeColumn4(u + 8u, j, x[2]);
  storeColumn4(u + 12u, j, x[3]);
}
