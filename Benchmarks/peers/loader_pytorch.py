#!/usr/bin/env python3
"""Batches of PyTorch's loader: torchvision reads, changes and normalizes pictures; prints one JSON line.

    loader_pytorch.py FOLDER --image-size 224 --augment crop --batch 64 --seconds 5

FOLDER/train has a folder of pictures for each class. The loader's own process does all the work, as a worker would.
"""
import argparse
import json
import resource
import time

import torch
from torchvision.datasets import ImageFolder
from torchvision.transforms import (
    CenterCrop, Compose, Normalize, RandomHorizontalFlip, RandomResizedCrop, Resize, ToTensor)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder")
parser.add_argument("--image-size", type=int, required=True)
parser.add_argument("--augment", choices=["none", "crop"], default="none")
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--seconds", type=float, default=5)
options = parser.parse_args()

torch.set_num_threads(1)
torch.manual_seed(0)
size = options.image_size
changes = ([RandomResizedCrop(size), RandomHorizontalFlip()] if options.augment == "crop"
           else [Resize(round(size * 256 / 224)), CenterCrop(size)])
normalize = Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
samples = ImageFolder(f"{options.folder}/train", Compose([*changes, ToTensor(), normalize]))
loader = torch.utils.data.DataLoader(samples, options.batch, shuffle=True, drop_last=True)


def batches():
    while True:
        yield from loader


made = batches()
next(made)
start = time.perf_counter()
count = 0
while time.perf_counter() - start < options.seconds:
    next(made)
    count += 1
elapsed = time.perf_counter() - start
print(json.dumps({
    "samples_per_s": round(count * options.batch / elapsed, 1), "batch_us": round(elapsed / count * 1e6, 1),
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))
