import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import type { StepSetup, Trainer } from '../types.ts';
import { initialTensors, rotaryHalves } from '../weights.ts';

/** As in our RMSNorm. */
const normEpsilon = 1e-5;
/** Added to a score that looks ahead: its exponential is 0. */
const masked = -1e9;

/** The same model and optimizer in tfjs: its autodiff, its ops. `wait` resolves when the GPU is done. */
export function tfjsTrainer(wait: () => Promise<void>, setup: StepSetup): Trainer {
  const { batch } = setup;
  const { context, width, heads, blocks, vocabulary } = setup.model;
  const { beta1, beta2, epsilon, weightDecay, learningRate, clipNorm } = setup;
  const rows = batch * context;
  const headSize = width / heads;
  const tensors = initialTensors(setup);
  const params = tensors.map(({ name, shape, values }) =>
    tf.variable(tf.tensor(values, [...shape]), true, name),
  );
  const place = new Map(tensors.map(({ name }, index) => [name, index]));
  const halves = rotaryHalves(setup);
  const table = (values: Float32Array): tf.Tensor => tf.tensor(values, [1, context, 1, headSize]);
  const [cos, sin] = [table(halves.cos), table(halves.sin)];
  const mask = tf.tensor2d(
    Float32Array.from({ length: context * context }, (_, i) =>
      i % context > Math.floor(i / context) ? masked : 0,
    ),
    [context, context],
  );

  const parameter = (name: string): tf.Tensor => params[place.get(name) ?? -1];
  const norm = (x: tf.Tensor, slot: number): tf.Tensor =>
    x.mul(x.square().mean(-1, true).add(normEpsilon).rsqrt()).mul(parameter(`gain.${slot}`));
  const linear = (x: tf.Tensor, name: string): tf.Tensor => tf.matMul(x, parameter(name), false, true);
  const rotate = (x: tf.Tensor): tf.Tensor => {
    const [first, second] = tf.split(x, 2, -1);
    return x.mul(cos).add(tf.concat([second.neg(), first], -1).mul(sin));
  };
  const attention = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor => {
    const [queries, keys, values] = [q, k, v].map((x) => x.transpose([0, 2, 1, 3])); // [B,H,T,hs]
    const scores = tf
      .matMul(queries, keys, false, true)
      .mul(1 / Math.sqrt(headSize))
      .add(mask);
    return tf.matMul(tf.softmax(scores), values).transpose([0, 2, 1, 3]);
  };
  const loss = (ids: tf.Tensor, targets: tf.Tensor): tf.Scalar => {
    let x: tf.Tensor = tf.matMul(tf.oneHot(ids, vocabulary).cast('float32'), parameter('embedding'));
    for (let block = 0; block < blocks; block++) {
      const qkv = linear(norm(x, 2 * block), `blocks.${block}.qkv`);
      const [q, k, v] = tf.split(qkv, 3, 1).map((part) => part.reshape([batch, context, heads, headSize]));
      const attended = attention(rotate(q), rotate(k), v).reshape([rows, width]);
      x = x.add(linear(attended, `blocks.${block}.output`));
      const [gate, up] = tf.split(linear(norm(x, 2 * block + 1), `blocks.${block}.gateUp`), 2, 1);
      x = x.add(linear(gate.mul(gate.sigmoid()).mul(up), `blocks.${block}.down`));
    }
    const logits = linear(norm(x, 2 * blocks), 'head');
    return tf
      .logSoftmax(logits, -1)
      .mul(tf.oneHot(targets, vocabulary).cast('float32'))
      .sum()
      .mul(-1 / rows);
  };

  const moment = (): tf.Variable[] => tensors.map(({ shape }) => tf.variable(tf.zeros([...shape]), false));
  const [m, v] = [moment(), moment()];
  let taken = 0;
  return {
    step: async ({ ids, targets }) => {
      taken++;
      const rate = learningRate / (1 - beta1 ** taken);
      const root = Math.sqrt(1 - beta2 ** taken);
      const value = tf.tidy(() => {
        const idsTensor = tf.tensor1d(Int32Array.from(ids), 'int32');
        const targetsTensor = tf.tensor1d(Int32Array.from(targets), 'int32');
        const { value: mean, grads } = tf.variableGrads(() => loss(idsTensor, targetsTensor), params);
        const gradients = tensors.map(({ name }) => grads[name]);
        // Not tf.addN: of 28 tensors it asks for more storage buffers than the device has.
        const squares = gradients
          .map((gradient): tf.Tensor => gradient.square().sum())
          .reduce((sum, next) => sum.add(next));
        const clip = tf.scalar(clipNorm).div(squares.sqrt().add(1e-6)).minimum(1);
        gradients.forEach((gradient, i) => {
          const g = gradient.mul(clip);
          m[i].assign(m[i].mul(beta1).add(g.mul(1 - beta1)));
          v[i].assign(v[i].mul(beta2).add(g.square().mul(1 - beta2)));
          const move = m[i].div(v[i].sqrt().div(root).add(epsilon)).mul(rate);
          const kept = tensors[i].decays ? params[i].mul(1 - learningRate * weightDecay) : params[i];
          params[i].assign(kept.sub(move));
        });
        return mean;
      });
      const [mean] = await value.data();
      value.dispose();
      await wait();
      return mean;
    },
    close: () => {
      tf.dispose([...params, ...m, ...v, cos, sin, mask]);
    },
  };
}
