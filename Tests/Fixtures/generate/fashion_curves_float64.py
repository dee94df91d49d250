#!/usr/bin/env python3
"""Makes fashion_curves_float64.json: the first losses of the reference models, trained by PyTorch in double precision.

usage: fashion_curves_float64.py [DATA] > ../fashion_curves_float64.json
Initial weights are drawn in single precision, as by default, and converted.
"""
import gzip, json, os, sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

data = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"


def idx(name):
    with gzip.open(os.path.join(data, name)) as f:
        d = f.read()
    n = d[3]
    shape = [int.from_bytes(d[4 + 4 * i : 8 + 4 * i], "big") for i in range(n)]
    return np.frombuffer(d, np.uint8, offset=4 + 4 * n).reshape(shape)


images = torch.from_numpy(idx("train-images-idx3-ubyte.gz").astype(np.float32) / 255)
labels = torch.from_numpy(idx("train-labels-idx1-ubyte.gz").astype(np.int64))


def curve(model, batch, steps):
    torch.manual_seed(0)
    net = model().double()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    generator = torch.Generator()
    generator.manual_seed(0)
    order = torch.randperm(len(images), generator=generator)
    losses = []
    for step in range(steps):
        chosen = order[step * batch : (step + 1) * batch]
        loss = F.cross_entropy(net(images[chosen].double()), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"batch": batch, "losses": losses}


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def cnn():
    return nn.Sequential(
        nn.Unflatten(1, (1, 28)), nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


print(json.dumps({
    "torch": torch.__version__, "seed": 0, "lr": 0.01, "momentum": 0.9,
    "mlp": curve(mlp, 128, 200), "cnn": curve(cnn, 64, 50)}))
