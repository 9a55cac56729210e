// The rows of one thread, one of them (after head-vector.wgsl): a quarter of the registers of head-tile4.wgsl, for
// large heads and for GPUs that have many threads to fill. The same names as there.
alias Tile = HeadVector;
alias Numbers = f32;
alias Indices = u32;
const rowsAThread = 1u;
const rowsOfThread = 0u;

fn lastOf(x: Indices) -> u32 {
  return x;
}

fn firstOf(x: Indices) -> u32 {
  return x;
}

fn numberOf(x: Numbers, i: u32) -> f32 {
  return x;
}

fn indexOf(x: Indices, i: u32) -> u32 {
  return x;
}

fn tilePut(t: ptr<function, Tile>, i: u32, x: HeadVector) {
  *t = x;
}

fn tileRow(t: Tile, i: u32) -> HeadVector {
  return t;
}

fn tileDots(t: Tile, x: HeadVector) -> Numbers {
  return headDot(t, x);
}

fn tileScale(a: Numbers, t: Tile) -> Tile {
  return headScale(a, t);
}

fn tileAdd(t: Tile, b: Numbers, x: HeadVector) -> Tile {
  return headAdd(t, b, x);
}
