// Token embedding: rows of a table by id, and the table's gradient.
//
// Formula    embed:    out[n] = table[ids[n]]
//            gradient: dTable[v] += sum over the rows n with ids[n] = v of dOut[n], in ascending order of n
// Shapes     ids u32 [ROWS]; table, dTable f32 [VOCABULARY, WIDTH]; out, dOut f32 [ROWS, WIDTH].
// Constants  ROWS, VOCABULARY, WIDTH.
// Hostile    an id >= VOCABULARY reads as zeros and has no gradient.
// Tiling     embed: one thread an element. gradient: one thread for four columns of a row n, and only the first row with
//            an id does the work, for all rows with that id: no atomics, a fixed order, and a cost of at most
//            ROWS^2 WIDTH / 4 comparisons whatever the vocabulary. 64 threads a workgroup.
// Promise    embed: bitwise. gradient: close, relative L2 to float64 <= 1e-6; deterministic on one device.

const strips = (WIDTH + 3u) / 4u;

@group(0) @binding(1) var<storage, read> ids: array<u32, ROWS>;
@group(0) @binding(2) var<storage, read> source: array<f32>; // embed: table; gradient: dOut
@group(0) @binding(3) var<storage, read_write> destination: array<f32>; // embed: out; gradient: dTable

@compute @workgroup_size(64)
fn embed(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 64u + lane;
  if (index >= ROWS * WIDTH) {
    return;
  }
  let id = ids[index / WIDTH];
  if (id < VOCABULARY) {
    destination[index] = source[id * WIDTH + index % WIDTH];
  } else {
    destination[index] = 0.0;
  }
}

@compute @workgroup_size(64)
fn gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 64u + lane;
  if (index >= ROWS * strips) {
    return;
  }
  let first = index / strips;
  let id = ids[first];
  if (id >= VOCABULARY) {
    return;
  }
  for (var row = 0u; row < first; row++) {
    if (ids[row] == id) {
      return;
    }
  }
  let column = 4u * (index % strips);
  let columns = min(column + vec4u(0u, 1u, 2u, 3u), vec4u(WIDTH - 1u));
  var sum = vec4f();
  for (var row = first; row < ROWS; row++) {
    if (ids[row] == id) {
      let at = row * WIDTH + columns;
      sum += vec4f(source[at.x], source[at.y], source[at.z], source[at.w]);
    }
  }
  for (var c = column; c < min(column + 4u, WIDTH); c++) {
    destination[id * WIDTH + c] += sum[c - column];
  }
}
