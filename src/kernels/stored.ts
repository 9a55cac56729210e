import type { Tensor } from '../gpu/tensor.ts';
import { storedTypeOf, type StoredType } from './stored-type.ts';

/** The largest f16. WGSL leaves open what becomes of a value beyond it, so stores are held to it. */
const largest = '65504.0';

/**
 * For tensors of either type by the names the shader has for them: `types` for the kernel's source, and WGSL to put before
 * its code. It declares `Name`, what is stored for one f32 or, where `perValue` is 4, for a vec4f; `toName(v) -> Name` rounds to
 * it once. `f32(x)` or `vec4f(x)` reads it back. Throws if a tensor holds integers.
 */
export function storedCode(
  tensors: Readonly<Record<string, Tensor>>,
  perValue: 1 | 4 = 1,
): { readonly types: Readonly<Record<string, StoredType>>; readonly prefix: string } {
  const types: Record<string, StoredType> = {};
  let prefix = '';
  const value = perValue === 4 ? 'vec4f' : 'f32';
  for (const [name, tensor] of Object.entries(tensors)) {
    const type = storedTypeOf(tensor);
    types[`${name}Element`] = type;
    const held = type === 'f16' ? `clamp(v, ${value}(-${largest}), ${value}(${largest}))` : 'v';
    prefix += `alias ${name} = ${perValue === 4 ? `vec4<${name}Element>` : `${name}Element`};\n`;
    prefix += `fn to${name}(v: ${value}) -> ${name} { return ${name}(${held}); }\n`;
  }
  return { types, prefix };
}

const bits = new DataView(new ArrayBuffer(4));

/** The word of an f32, for a constant of a shader: `bitcast<f32>(NAME)`. */
export function bitsOf(value: number): number {
  bits.setFloat32(0, value);
  return bits.getUint32(0);
}
