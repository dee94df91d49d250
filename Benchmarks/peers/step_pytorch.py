#!/usr/bin/env python3
"""Whole training steps of PyTorch: batch, forward, backward, SGD with momentum; prints one JSON line.

    step_pytorch.py mlp --seconds 5
    torchrun --standalone --nproc-per-node 2 step_pytorch.py mlp      # DistributedDataParallel over gloo
    step_pytorch.py resnet18 --device cuda --precision tf32 --mode compile
"""
import argparse
import json
import os
import resource
import sys
import time

import torch
import torch.distributed
from torch import nn
from torch.nn import functional

from workloads import BATCHES, DATA, samples


class Residual(nn.Module):
    """Two 3×3 convolutions with batch normalization, added to the input (He et al., 2016)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return functional.relu(self.body(x) + self.shortcut(x))


def perceptron(*widths):
    layers = [nn.Flatten()]
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def resnet18():
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    widths = [64, 64, 128, 256, 512]
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [Residual(inputs, outputs, 1 if inputs == outputs else 2), Residual(outputs, outputs, 1)]
    return nn.Sequential(*layers, nn.AvgPool2d(4), nn.Flatten(), nn.Linear(512, 10))


class VisionTransformer(nn.Module):
    """28×28 pixels in 49 patches, and the mean of what 4 encoder layers make of them (Dosovitskiy et al., 2021)."""

    def __init__(self, width=128):
        super().__init__()
        self.patches = nn.Conv2d(1, width, 4, 4)
        self.positions = nn.Parameter(torch.randn(49, width) * 0.02)
        self.encoder = nn.Sequential(*[
            nn.TransformerEncoderLayer(
                width, 4, 4 * width, dropout=0, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(4)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x):
        places = self.patches(x.unsqueeze(1)).flatten(2).transpose(1, 2) + self.positions
        return self.head(self.norm(self.encoder(places)).mean(1))


def make_model(workload):
    if workload == "tiny":
        return nn.Sequential(
            nn.Linear(20, 13, bias=False), nn.ReLU(), nn.Linear(13, 8, bias=False), nn.Sigmoid(), nn.Linear(8, 3))
    if workload == "mlp":
        return perceptron(784, 512, 256, 10)
    if workload == "wide":
        return perceptron(784, 4096, 4096, 10)
    if workload == "deep":
        return perceptron(784, 4096, 4096, 4096, 10)
    if workload == "resnet18":
        return resnet18()
    if workload == "vit":
        return VisionTransformer()
    return nn.Sequential(
        nn.Unflatten(1, (1, 28)), nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


parser = argparse.ArgumentParser()
parser.add_argument("workload", choices=BATCHES)
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--batch", type=int, help="samples of each rank in a step (default: the workload's)")
parser.add_argument("--data", default=DATA)
parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
parser.add_argument("--mode", default="eager", choices=["eager", "compile"])
parser.add_argument("--precision", default="float32", choices=["float32", "tf32", "bfloat16"])
options = parser.parse_args()

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.precision == "tf32"
torch.backends.cudnn.benchmark = True
torch.manual_seed(0)
world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
if world > 1:
    torch.distributed.init_process_group("gloo" if options.device == "cpu" else "nccl")
if options.device == "cuda":
    torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))

inputs, classes = (torch.from_numpy(array).to(options.device) for array in samples(options.workload, options.data))
batch = options.batch or BATCHES[options.workload]
model = make_model(options.workload).to(options.device)
replica = nn.parallel.DistributedDataParallel(model) if world > 1 else model
forward = torch.compile(replica, mode="reduce-overhead") if options.mode == "compile" else replica
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=options.device == "cuda" or None)


def batches():
    """Shuffled batches of this rank, without end."""
    epoch = 0
    while True:
        generator = torch.Generator().manual_seed(epoch)
        order = torch.randperm(len(inputs), generator=generator)[rank::world].to(options.device)
        for start in range(0, len(order) - batch + 1, batch):
            places = order[start : start + batch]
            yield inputs[places], classes[places]
        epoch += 1


def make_steps(count):
    for _ in range(count):
        x, y = next(stream)
        with torch.autocast(options.device, torch.bfloat16, enabled=options.precision == "bfloat16"):
            loss = functional.cross_entropy(forward(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if options.device == "cuda":
        torch.cuda.synchronize()


stream = batches()
make_steps(10)
steps, start, over = 0, time.perf_counter(), torch.zeros(1, device=options.device)
while not over:
    make_steps(20)
    steps += 20
    over[0] = time.perf_counter() - start > options.seconds
    if world > 1:
        torch.distributed.broadcast(over, 0)
seconds = (time.perf_counter() - start) / steps
if rank == 0:
    print(json.dumps({
        "workload": options.workload, "peer": f"PyTorch {torch.__version__}", "world": world, "batch_per_rank": batch,
        "samples_per_s": round(batch * world / seconds), "step_us": round(seconds * 1e6, 1),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))
if world > 1:
    torch.distributed.barrier()
    # While the interpreter ends, gloo's threads abort the process now and then.
    sys.stdout.flush()
    os._exit(0)
