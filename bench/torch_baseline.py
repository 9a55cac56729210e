#!/usr/bin/env python3
"""What PyTorch reaches on this machine, as JSON on stdout: the other half of `npm run bench:kernels -- --device node`.

    python3 bench/torch_baseline.py [--device cuda|cpu] [--tiny] [--runs 11]

Measures copy bandwidth, f32 matmul 4096^3 (TF32 off), causal attention by scaled_dot_product_attention (by plain
operations before PyTorch 2.0), forward and forward + backward, and a training step of our preset `small` (13 blocks,
d 768, 12 heads, SwiGLU width 3072, T 1024, vocabulary 256, batch 1; forward, backward, clipping, AdamW), eager, in f32
and in bf16 autocast. --tiny takes sizes that a CPU does in seconds: a test that this file runs, not a measurement.
"""

import argparse
import json
import math
import time

import torch
import torch.nn.functional as functional

PRESET_SMALL = dict(vocabulary=256, width=768, blocks=13, heads=12, hidden=3072, context=1024)
PRESET_TINY = dict(vocabulary=256, width=64, blocks=2, heads=4, hidden=256, context=64)


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def timed(device, runs, work):
    """Milliseconds of `work(i)`, each run by itself, until the device is done; two warm-up runs are not counted."""
    times = []
    for i in range(runs + 2):
        synchronize(device)
        start = time.perf_counter()
        work(i)
        synchronize(device)
        if i >= 2:
            times.append(1e3 * (time.perf_counter() - start))
    times.sort()

    def at(share):
        return times[min(len(times) - 1, int(share * len(times)))]

    return dict(medianMs=at(0.5), p10Ms=at(0.1), p90Ms=at(0.9), runs=len(times))


def with_rate(timing, operations, name):
    return dict(timing, **{name: operations / timing["medianMs"] / 1e6})


def copy(device, runs, tiny):
    """`gbps` counts bytes read and bytes written."""
    count = (1 << 20) if tiny else (1 << 26)
    source = [torch.randn(count, device=device) for _ in range(3)]
    target = torch.empty(count, device=device)
    return with_rate(timed(device, runs, lambda i: target.copy_(source[i % 3])), 8 * count, "gbps")


def matmul(device, runs, tiny):
    """f32 [n,n] x [n,n]."""
    n = 128 if tiny else 4096
    sets = [(torch.randn(n, n, device=device), torch.randn(n, n, device=device)) for _ in range(3)]
    out = torch.empty(n, n, device=device)
    timing = timed(device, runs, lambda i: torch.mm(*sets[i % 3], out=out))
    return dict(with_rate(timing, 2 * n**3, "gflops"), shape=f"{n}x{n}x{n}")


def causal_attention(q, k, v):
    """q, k, v [B,H,T,hs]."""
    if hasattr(functional, "scaled_dot_product_attention"):
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    ahead = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool, device=q.device).triu(1)
    scores = (q @ k.transpose(-1, -2)) / math.sqrt(q.shape[3])
    return scores.masked_fill(ahead, float("-inf")).softmax(-1) @ v


def attention(device, runs, tiny):
    """The sizes of bench/kernels/sections/attention.ts; operations of the causal half alone."""
    rows = []
    for b, t, h, hs in [(1, 16, 2, 8)] if tiny else [(8, 128, 4, 32), (1, 512, 8, 64), (4, 1024, 12, 64)]:
        for dtype in [torch.float32] if device == "cpu" else [torch.float32, torch.bfloat16]:
            def make():
                return torch.randn(b, h, t, hs, device=device, dtype=dtype, requires_grad=True)

            sets = [(make(), make(), make(), torch.randn(b, h, t, hs, device=device, dtype=dtype)) for _ in range(3)]
            flops = 2 * b * h * hs * t * (t + 1)

            def forward(i):
                with torch.no_grad():
                    causal_attention(*sets[i % 3][:3])

            def both(i):
                q, k, v, d_out = sets[i % 3]
                torch.autograd.grad(causal_attention(q, k, v), (q, k, v), d_out)

            shape = dict(shape=f"B{b} T{t} H{h} hs{hs}", dtype=str(dtype).replace("torch.", ""))
            rows.append(dict(with_rate(timed(device, runs, forward), flops, "gflops"), op="forward", **shape))
            timing = timed(device, runs, both)
            rows.append(dict(with_rate(timing, 3.5 * flops, "gflops"), op="forward + backward", **shape))
    return rows


class Norm(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.gain


class Block(torch.nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.mlp_norm = Norm(width), Norm(width)
        self.qkv = torch.nn.Linear(width, 3 * width, bias=False)
        self.output = torch.nn.Linear(width, width, bias=False)
        self.gate_up = torch.nn.Linear(width, 2 * hidden, bias=False)
        self.down = torch.nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin):
        b, t, d = x.shape
        heads = self.qkv(self.attention_norm(x)).view(b, t, 3, self.heads, d // self.heads)
        q, k, v = (part.transpose(1, 2) for part in heads.unbind(2))  # [B,H,T,hs]

        def rotate(y):
            first, second = y.chunk(2, -1)
            return y * cos + torch.cat([-second, first], -1) * sin

        attended = causal_attention(rotate(q).to(v.dtype), rotate(k).to(v.dtype), v)
        x = x + self.output(attended.transpose(1, 2).reshape(b, t, d))
        gate, up = self.gate_up(self.mlp_norm(x)).chunk(2, -1)
        return x + self.down(functional.silu(gate) * up)


class Model(torch.nn.Module):
    def __init__(self, vocabulary, width, blocks, heads, hidden, context):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, width)
        self.blocks = torch.nn.ModuleList(Block(width, heads, hidden) for _ in range(blocks))
        self.norm = Norm(width)
        self.head = torch.nn.Linear(width, vocabulary, bias=False)
        half = torch.arange(width // heads // 2, dtype=torch.float64)
        angles = torch.arange(context)[:, None] * 10000 ** (-2 * half / (width // heads))
        self.register_buffer("cos", torch.cat([angles.cos(), angles.cos()], -1).float())
        self.register_buffer("sin", torch.cat([angles.sin(), angles.sin()], -1).float())
        for parameter in self.parameters():
            if parameter.dim() == 2:
                torch.nn.init.normal_(parameter, std=0.02)

    def forward(self, ids):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        return self.head(self.norm(x))


def step(device, runs, tiny, dtype):
    config = PRESET_TINY if tiny else PRESET_SMALL
    torch.manual_seed(1)
    model = Model(**config).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    batches = [torch.randint(config["vocabulary"], (1, config["context"] + 1), device=device) for _ in range(3)]
    losses = []

    def work(i):
        tokens = batches[i % 3]
        with torch.autocast(device, dtype=torch.bfloat16, enabled=dtype == "bfloat16"):
            logits = model(tokens[:, :-1])
        loss = functional.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())

    timing = timed(device, runs, work)
    count = sum(parameter.numel() for parameter in model.parameters())
    return dict(timing, dtype=dtype, parameters=count, firstLoss=losses[0], lastLoss=losses[-1], **config)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    device, runs, tiny = options.device, options.runs, options.tiny
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    result = dict(
        torch=torch.__version__,
        device=torch.cuda.get_device_name() if device == "cuda" else "cpu",
        copy=copy(device, runs, tiny),
        matmul=matmul(device, runs, tiny),
        attention=attention(device, runs, tiny),
        step=[step(device, runs, tiny, dtype) for dtype in ["float32", "bfloat16"]],
    )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
