#!/usr/bin/env python3
"""Single operators of PyTorch, without gradients and with them; prints a JSON line for each.

    operators_pytorch.py --only relu,LSTM --seconds 0.2

They have the names and the inputs of Sources/CommandLine/OperatorWorkload.swift, and are measured as by
`disttrain bench operators`.
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

randn = torch.randn


def positive(shape):
    return torch.rand(shape) + 0.5


def of(shape, compute, *, draw=randn):
    """An operator of one tensor: its shape, and what makes its leaves and the computation."""
    def prepare():
        x = draw(shape)
        return [x], lambda: compute(x)
    return shape, prepare


def of_two(shape, compute, other=None):
    """An operator of two tensors, the second of its own shape, or of the first's."""
    def prepare():
        x, y = randn(shape), randn(other or shape)
        return [x, y], lambda: compute(x, y)
    return shape, prepare


def of_constant(shape, make, compute):
    """An operator of a tensor and of one that takes no gradient."""
    def prepare():
        x, constant = randn(shape), make()
        return [x], lambda: compute(x, constant)
    return shape, prepare


def normalization(shape, elements, compute):
    def prepare():
        x, weight, bias = randn(shape), torch.ones(elements), torch.zeros(elements)
        return [x, weight, bias], lambda: compute(x, weight, bias)
    return shape, prepare


def recurrent(shape, kind):
    def prepare():
        x, network = randn(shape), kind(shape[2], 256, batch_first=True)
        return [x, *network.parameters()], lambda: network(x)[0]
    return shape, prepare


def select(shape):
    def prepare():
        x, y, is_first = randn(shape), randn(shape), randn(shape) > 0
        return [x, y], lambda: torch.where(is_first, x, y)
    return shape, prepare


def sampled(shape):
    def prepare():
        x, grid = randn(shape), torch.rand(8, 32, 32, 2) * 2 - 1
        return [x, grid], lambda: functional.grid_sample(x, grid, align_corners=False)
    return shape, prepare


def attention(shape):
    def prepare():
        x = [randn(shape) for _ in range(3)]
        return x, lambda: functional.scaled_dot_product_attention(*x)
    return shape, prepare


def adam(shape):
    def prepare():
        parameter = nn.Parameter(randn(shape))
        parameter.grad = randn(shape)
        return [], torch.optim.Adam([parameter]).step
    return shape, prepare


OPERATORS = {
    "relu": of([4096, 1024], torch.relu),
    "gelu": of([4096, 1024], functional.gelu),
    "sigmoid": of([4096, 1024], torch.sigmoid),
    "tanh": of([4096, 1024], torch.tanh),
    "silu": of([4096, 1024], functional.silu),
    "softplus": of([4096, 1024], functional.softplus),
    "exp": of([4096, 1024], torch.exp),
    "log": of([4096, 1024], torch.log, draw=positive),
    "pow": of([4096, 1024], lambda x: x ** 1.5, draw=positive),
    "clamped": of([4096, 1024], lambda x: x.clamp(-1, 1)),
    "x+y": of_two([4096, 1024], torch.add),
    "x*y": of_two([4096, 1024], torch.mul),
    "select": select([4096, 1024]),
    "dropout": of([4096, 1024], functional.dropout),
    "sum": of([4096, 1024], torch.sum),
    "mean-0": of([4096, 1024], lambda x: x.mean(0)),
    "mean-1": of([4096, 1024], lambda x: x.mean(1)),
    "norm": of([4096, 1024], lambda x: x.norm()),
    "variance": of([4096, 1024], lambda x: x.var(1)),
    "cumulativeSum": of([4096, 1024], lambda x: x.cumsum(1)),
    "cumulativeProduct": of([4096, 1024], lambda x: x.cumprod(1), draw=positive),
    "softmax": of([512, 10000], lambda x: x.softmax(1)),
    "logSoftmax": of([512, 10000], lambda x: x.log_softmax(1)),
    "crossEntropy": of_constant([512, 10000], lambda: torch.randint(10000, [512]), functional.cross_entropy),
    "binaryCrossEntropyWithLogits": of_constant(
        [4096, 1024], lambda: torch.rand(4096, 1024), functional.binary_cross_entropy_with_logits),
    "huberLoss": of_constant([4096, 1024], lambda: randn(4096, 1024), functional.huber_loss),
    "layerNorm": normalization([4096, 768], 768, lambda x, w, b: functional.layer_norm(x, [768], w, b)),
    "batchNorm": normalization(
        [32, 64, 56, 56], 64, lambda x, w, b: functional.batch_norm(x, None, None, w, b, training=True)),
    "groupNorm": normalization([32, 64, 56, 56], 64, lambda x, w, b: functional.group_norm(x, 8, w, b)),
    "conv2d": of_two([8, 64, 56, 56], lambda x, w: functional.conv2d(x, w, padding=1), [64, 64, 3, 3]),
    "conv2d-stride-2": of_two(
        [8, 64, 56, 56], lambda x, w: functional.conv2d(x, w, stride=2, padding=1), [64, 64, 3, 3]),
    "conv2d-colors": of_two(
        [8, 3, 224, 224], lambda x, w: functional.conv2d(x, w, stride=2, padding=1), [32, 3, 3, 3]),
    "conv2d-depthwise": of_two(
        [8, 64, 56, 56], lambda x, w: functional.conv2d(x, w, padding=1, groups=64), [64, 1, 3, 3]),
    "maxPool2d": of([32, 64, 56, 56], lambda x: functional.max_pool2d(x, 2)),
    "averagePool2d": of([32, 64, 56, 56], lambda x: functional.avg_pool2d(x, 2)),
    "resized": of([8, 16, 32, 32], lambda x: functional.interpolate(x, size=(64, 64), mode="bilinear")),
    "sampled": sampled([8, 16, 32, 32]),
    "embedding": of_constant(
        [50000, 256], lambda: torch.randint(50000, [8192]), lambda table, words: functional.embedding(words, table)),
    "gathered": of_constant(
        [4096, 1024], lambda: torch.randint(1024, [4096, 256]), lambda x, columns: x.gather(1, columns)),
    "concatenated-0": of_two([4096, 512], lambda x, y: torch.cat([x, y], 0)),
    "concatenated-1": of_two([4096, 512], lambda x, y: torch.cat([x, y], 1)),
    "permuted": of([32, 128, 8, 64], lambda x: x.permute(0, 2, 1, 3).contiguous()),
    "sorted": of([512, 1024], lambda x: x.sort().values),
    "topK": of([512, 1024], lambda x: x.topk(10).values),
    "matmul": of_two([512, 512], torch.matmul),
    "matmul-batched": of_two([32, 128, 128], torch.matmul),
    "LSTM": recurrent([64, 32, 128], nn.LSTM),
    "GRU": recurrent([64, 32, 128], nn.GRU),
    "scaledDotProductAttention": attention([8, 8, 128, 64]),
    "randn": ([4096, 1024], lambda: ([], lambda: randn(4096, 1024))),
    "Adam": adam([10_000_000]),
}


def median(run, seconds):
    """The median of the microseconds that runs take, after one that is not counted."""
    run()
    times = []
    elapsed = 0
    while elapsed < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        elapsed += times[-1]
    return round(statistics.median(times) * 1e6, 3)


def measure(name, shape, prepare, seconds):
    leaves, compute = prepare()
    record = {"operator": name, "shape": "x".join(map(str, shape)), "threads": torch.get_num_threads()}
    with torch.no_grad():
        record["us"] = median(compute, seconds)
    if leaves:
        for leaf in leaves:
            leaf.requires_grad_()
        start = torch.randn_like(compute().detach())
        record["gradients_us"] = median(lambda: torch.autograd.grad(compute(), leaves, start), seconds)
    return record


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--only", metavar="NAMES", help="separated by commas")
parser.add_argument("--seconds", type=float, default=0.2)
options = parser.parse_args()

torch.set_num_threads(1)
torch.manual_seed(0)
for name in options.only.split(",") if options.only else OPERATORS:
    print(json.dumps(measure(name, *OPERATORS[name], options.seconds)), flush=True)
