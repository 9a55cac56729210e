// Tiles of four threads, numbered along the rows of an output whose left columns end at COLUMNS. Workgroups of TILES tiles, in a line that
// is folded into y after 65535 (foldGroups in src/gpu/kernel.ts).

const tilesAcross = (COLUMNS + 4u * LEFT - 1u) / (4u * LEFT);

fn tileOf(group: vec3u, index: u32) -> u32 {
  return TILES * (65535u * group.y + group.x) + (index >> 2u);
}
