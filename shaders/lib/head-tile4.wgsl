// The rows of one thread, four of them (after head-vector.wgsl): a row that it loads meets four of its own, so a load
// is shared by four products. `Numbers` holds one number a row.
struct Tile {
  x0: HeadVector,
  x1: HeadVector,
  x2: HeadVector,
  x3: HeadVector,
}
alias Numbers = vec4f;
alias Indices = vec4u;
const rowsAThread = 4u;
const rowsOfThread = vec4u(0u, 1u, 2u, 3u);

fn lastOf(x: Indices) -> u32 {
  return x.w;
}

fn firstOf(x: Indices) -> u32 {
  return x.x;
}

fn numberOf(x: Numbers, i: u32) -> f32 {
  return select(select(x.x, x.y, i == 1u), select(x.z, x.w, i == 3u), i > 1u);
}

fn indexOf(x: Indices, i: u32) -> u32 {
  return select(select(x.x, x.y, i == 1u), select(x.z, x.w, i == 3u), i > 1u);
}

// Filled and emptied a row at a time in a loop, so that loading and storing are compiled once.
fn tilePut(t: ptr<function, Tile>, i: u32, x: HeadVector) {
  switch (i) {
    case 0u: { (*t).x0 = x; }
    case 1u: { (*t).x1 = x; }
    case 2u: { (*t).x2 = x; }
    default: { (*t).x3 = x; }
  }
}

fn tileRow(t: Tile, i: u32) -> HeadVector {
  switch (i) {
    case 0u: { return t.x0; }
    case 1u: { return t.x1; }
    case 2u: { return t.x2; }
    default: { return t.x3; }
  }
}

fn tileDots(t: Tile, x: HeadVector) -> Numbers {
  return vec4f(headDot(t.x0, x), headDot(t.x1, x), headDot(t.x2, x), headDot(t.x3, x));
}

fn tileScale(a: Numbers, t: Tile) -> Tile {
  return Tile(headScale(a.x, t.x0), headScale(a.y, t.x1), headScale(a.z, t.x2), headScale(a.w, t.x3));
}

// Every row plus its own multiple of x.
fn tileAdd(t: Tile, b: Numbers, x: HeadVector) -> Tile {
  return Tile(headAdd(t.x0, b.x, x), headAdd(t.x1, b.y, x), headAdd(t.x2, b.z, x), headAdd(t.x3, b.w, x));
}
