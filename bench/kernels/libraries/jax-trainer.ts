import { blockUntilReady, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { settled } from '../settle.ts';
import type { StepSetup, Trainer } from '../types.ts';
import { initialTensors, rotaryHalves } from '../weights.ts';

type Value = np.Array;

interface StepOutput {
  readonly loss: Value;
  readonly p: Value[];
  readonly m: Value[];
  readonly v: Value[];
}

/** As in our RMSNorm. */
const normEpsilon = 1e-5;

/**
 * The same model and optimizer in jax-js, one `jit` for the whole step, as its users write it. jax-js moves arrays: whatever
 * is used again is passed as `.ref`.
 */
export function jaxTrainer(device: GPUDevice, setup: StepSetup): Trainer {
  const { batch } = setup;
  const { context, width, heads, hidden, blocks, vocabulary } = setup.model;
  const { beta1, beta2, epsilon, weightDecay, learningRate, clipNorm } = setup;
  const rows = batch * context;
  const headSize = width / heads;
  const tensors = initialTensors(setup);
  const place = new Map(tensors.map(({ name }, index) => [name, index]));
  const halves = rotaryHalves(setup);

  /** Mean cross-entropy in nats. Uses up ids, targets, cos and sin; parameters stay. */
  const loss = (params: Value[], ids: Value, targets: Value, cos: Value, sin: Value): Value => {
    const parameter = (name: string): Value => params[place.get(name) ?? -1].ref;
    const norm = (x: Value, slot: number): Value => {
      const meanSquare = np.mean(np.square(x.ref), -1, { keepdims: true });
      return x.mul(np.reciprocal(np.sqrt(meanSquare.add(normEpsilon)))).mul(parameter(`gain.${slot}`));
    };
    const linear = (x: Value, name: string): Value => np.matmul(x, parameter(name).transpose());
    const rotate = (x: Value): Value => {
      const first = x.ref.slice([], [], [], [0, headSize / 2]);
      const second = x.ref.slice([], [], [], [headSize / 2, headSize]);
      const turned = np.concatenate([second.neg(), first], -1);
      return x.mul(cos.ref).add(turned.mul(sin.ref));
    };
    let x = np.matmul(nn.oneHot(ids, vocabulary), parameter('embedding')); // [N,d]
    for (let block = 0; block < blocks; block++) {
      const qkv = linear(norm(x.ref, 2 * block), `blocks.${block}.qkv`).reshape([
        batch,
        context,
        3,
        heads,
        headSize,
      ]);
      const [q, k, v] = [0, 1, 2].map((part) => qkv.ref.slice([], [], part));
      qkv.dispose();
      const attended = nn.dotProductAttention(rotate(q), rotate(k), v, { isCausal: true });
      x = x.add(linear(attended.reshape([rows, width]), `blocks.${block}.output`));
      const gateUp = linear(norm(x.ref, 2 * block + 1), `blocks.${block}.gateUp`); // [N,2h]
      const gate = gateUp.ref.slice([], [0, hidden]);
      const up = gateUp.slice([], [hidden, 2 * hidden]);
      x = x.add(linear(nn.silu(gate).mul(up), `blocks.${block}.down`));
    }
    const logits = linear(norm(x, 2 * blocks), 'head'); // [N,V]
    cos.dispose();
    sin.dispose();
    return np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(targets, vocabulary))).mul(-1 / rows);
  };

  /** `rates` is [learning rate / (1 - beta1^t), sqrt(1 - beta2^t)]. */
  const step = jit(
    (
      p: Value[],
      m: Value[],
      v: Value[],
      ids: Value,
      targets: Value,
      rates: Value,
      cos: Value,
      sin: Value,
    ) => {
      const [value, gradients] = valueAndGrad((params: Value[]) => loss(params, ids, targets, cos, sin))(
        p.map((array) => array.ref),
      ) as [Value, Value[]];
      const squares = gradients
        .map((gradient) => np.sum(np.square(gradient.ref)))
        .reduce((sum, next) => sum.add(next));
      const clip = np.minimum(np.reciprocal(np.sqrt(squares).add(1e-6)).mul(clipNorm), 1);
      const rate = rates.ref.slice(0);
      const root = rates.slice(1);
      const next = { p: [] as Value[], m: [] as Value[], v: [] as Value[] };
      gradients.forEach((gradient, i) => {
        const g = gradient.mul(clip.ref);
        const mean = m[i].mul(beta1).add(g.ref.mul(1 - beta1));
        const square = v[i].mul(beta2).add(np.square(g).mul(1 - beta2));
        const move = mean.ref.div(np.sqrt(square.ref).div(root.ref).add(epsilon)).mul(rate.ref);
        const kept = tensors[i].decays ? p[i].mul(1 - learningRate * weightDecay) : p[i];
        next.p.push(kept.sub(move));
        next.m.push(mean);
        next.v.push(square);
      });
      for (const array of [clip, rate, root]) array.dispose();
      return { loss: value, ...next };
    },
  );

  const zeros = (): Value[] => tensors.map(({ shape }) => np.zeros([...shape]));
  let state = {
    p: tensors.map(({ values, shape }) => np.array(values).reshape([...shape])),
    m: zeros(),
    v: zeros(),
  };
  const cos = np.array(halves.cos).reshape([1, context, 1, headSize]);
  const sin = np.array(halves.sin).reshape([1, context, 1, headSize]);
  let taken = 0;
  return {
    step: async ({ ids, targets }) => {
      taken++;
      const rates = np.array([learningRate / (1 - beta1 ** taken), Math.sqrt(1 - beta2 ** taken)]);
      const [idsArray, targetsArray] = [ids, targets].map((tokens) => np.array(Int32Array.from(tokens)));
      const { p, m, v } = state;
      const out = step(p, m, v, idsArray, targetsArray, rates, cos.ref, sin.ref) as StepOutput;
      const { loss: value, ...next } = out;
      state = next;
      await blockUntilReady(state);
      const [mean] = (await value.data()) as Float32Array<ArrayBuffer>;
      await settled(device);
      return mean;
    },
    close: () => {
      for (const array of [...state.p, ...state.m, ...state.v, cos, sin]) array.dispose();
      step.dispose();
    },
  };
}
