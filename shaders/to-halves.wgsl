// An f16 copy of f32 numbers, for products that read them often.
//
// Formula    out[i] = the f16 nearest to x[i], or one of the two nearest, held to +-65504
// Shapes     x f32, out f16: any one shape.
// Tiling     one invocation a Value: four elements where 4 divides the length (vec4f), else one (f32), as the binding defines it.
//            64 invocations a workgroup.
// Promise    close: relative L2 to float64 <= 1e-3. Not bitwise: WGSL lets an implementation round either way.

@group(0) @binding(1) var<storage, read> x: array<Value, COUNT>;
@group(0) @binding(2) var<storage, read_write> out: array<Out, COUNT>;

@compute @workgroup_size(64)
fn convert(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (wid.y * 65535u + wid.x) * 64u + local;
  if (i < COUNT) {
    out[i] = toOut(x[i]);
  }
}
