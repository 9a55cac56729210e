// One step of four parameters on the lattice, in integers; the manual is apply.wgsl. Needs mix.wgsl.
//   q <- clamp(q - floor((q decay + h) / 2^28) - step sign(x)), h the dither of elements index.. of the whole model.
// Range: decay < 2^18 and |q| < 2^24 keep t below 2^31; step < 2^24 keeps the difference below 2^26.
// Promise: bitwise.
const largestInteger = 0xffffff;

fn latticeStep(q: vec4<i32>, x: vec4<i32>, index: vec4<u32>, roundKey: u32, step: i32, decay: i32) -> vec4<i32> {
  let h = bitcast<vec4<i32>>(mix32x4(index ^ vec4(roundKey)) & vec4(0xfffffffu));
  let low = ((q & vec4(4095)) * decay + (h & vec4(4095))) >> vec4(12u);
  let t = (q >> vec4(12u)) * decay + low + (h >> vec4(12u));
  let moved = q - (t >> vec4(16u)) - step * sign(x);
  return clamp(moved, vec4(-largestInteger), vec4(largestInteger));
}
