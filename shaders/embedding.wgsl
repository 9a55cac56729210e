// Token embedding: rows of a table by id, and the table's gradient.
//
// Formula    embed:    out[n] = table[ids[n] - FIRST]
//            gradient: dTable[v] += SCALE * sum over the rows n with ids[n] = FIRST + v of dOut[n], in ascending order of n
// Shapes     ids, order u32 [ROWS]; table, dTable [VOCABULARY, d]; out, dOut [ROWS, d]; dTable f32, the others f32 or f16.
//            `order` holds the numbers of all rows, sorted by id and, among equal ids, ascending.
// Constants  ROWS, VOCABULARY, FIRST (the table is a part of a larger one, from this id on), Value (vec4f where 4 divides d,
//            else f32), Source and Destination (a Value as that tensor stores it), WIDTH = d / elements of a Value and SCALE (the
//            bits of an f32): the binding defines them.
// Hostile    an id outside the table has no gradient; it reads as zeros where FIRST is 0, and leaves its row of `out` alone
//            elsewhere, so that the parts of a table, in order, fill every row.
// Tiling     embed: one thread a Value. gradient: one thread for a column of Values and a place in `order`, and only the
//            first place of an id does the work, for all rows with that id, which follow it: no atomics, a fixed order,
//            and each row read once whatever the vocabulary. 64 threads a workgroup.
// Promise    embed: bitwise, but where an f32 table is rounded to f16. gradient: close, relative L2 to float64 <= 1e-6;
//            deterministic on one device.

@group(0) @binding(1) var<storage, read> ids: array<u32, ROWS>;
@group(0) @binding(2) var<storage, read> source: array<Source>; // embed: table; gradient: dOut
@group(0) @binding(3) var<storage, read_write> destination: array<Destination>; // embed: out; gradient: dTable
@group(0) @binding(4) var<storage, read> order: array<u32, ROWS>; // gradient

@compute @workgroup_size(64)
fn embed(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 64u + lane;
  if (index >= ROWS * WIDTH) {
    return;
  }
  let id = ids[index / WIDTH] - FIRST; // below FIRST it wraps past any vocabulary
  if (id < VOCABULARY) {
    destination[index] = toDestination(Value(source[id * WIDTH + index % WIDTH]));
  } else if (FIRST == 0u) {
    destination[index] = toDestination(Value());
  }
}

@compute @workgroup_size(64)
fn gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 64u + lane;
  if (index >= ROWS * WIDTH) {
    return;
  }
  let place = index / WIDTH;
  let column = index % WIDTH;
  let id = ids[order[place]];
  if (id - FIRST >= VOCABULARY || (place > 0u && ids[order[max(place, 1u) - 1u]] == id)) {
    return;
  }
  var sum = Value();
  for (var next = place; next < ROWS; next++) {
    let row = order[next];
    if (ids[row] != id) {
      break;
    }
    sum += Value(source[row * WIDTH + column]);
  }
  let at = (id - FIRST) * WIDTH + column;
  destination[at] = toDestination(Value(destination[at]) + bitcast<f32>(SCALE) * sum);
}
