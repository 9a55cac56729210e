// Every lane for itself, where there are no subgroups: a block is one row, loaded by each lane (after head-vector.wgsl).
// The same functions as head-quad.wgsl; those that would pass rows on are never called.
const rowsABlock = 1u;

fn fourAcrossX(x: vec4f) -> vec4f {
  return x;
}

fn fourAcrossY(x: vec4f) -> vec4f {
  return x;
}

fn headAcrossX(x: HeadVector) -> HeadVector {
  return x;
}

fn headAcrossY(x: HeadVector) -> HeadVector {
  return x;
}

fn blockOrder(lane: u32) -> vec4u {
  return vec4u();
}

fn quadLargest(x: u32) -> u32 {
  return x;
}

fn quadSmallest(x: u32) -> u32 {
  return x;
}
