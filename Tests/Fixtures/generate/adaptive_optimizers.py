#!/usr/bin/env python3
"""Makes adaptive_optimizers.json: runs of optimizers that optimizers.json does not have, in double precision.

usage: adaptive_optimizers.py > ../adaptive_optimizers.json
"""
import json
import torch

torch.set_num_threads(1)
torch.manual_seed(11)
# The type of NAdam's product of momenta.
torch.set_default_dtype(torch.float64)
STEPS = 8


def draws():
    # Numbers that float32 holds.
    return torch.randn(3, 4, dtype=torch.float32).double()


def run(name, **args):
    weight = draws().requires_grad_()
    optimizer = getattr(torch.optim, name)([weight], **args)
    initial = {"shape": [3, 4], "dtype": "float64", "data": weight.flatten().tolist()}
    gradients, weights = [], []
    for _ in range(STEPS):
        weight.grad = draws()
        optimizer.step()
        gradients.append(weight.grad.flatten().tolist())
        weights.append(weight.flatten().tolist())
    return {"optimizer": name, "args": args, "initial": initial, "gradients": gradients, "after_each_step": weights}


print(json.dumps({
    "torch": torch.__version__,
    "optimizers": [
        run("NAdam", lr=0.01), run("NAdam", lr=0.01, weight_decay=0.1, momentum_decay=0.1),
        # The first five steps are not rectified.
        run("RAdam", lr=0.01), run("RAdam", lr=0.01, weight_decay=0.1),
        run("Adadelta", lr=1.0), run("Adadelta", lr=0.5, weight_decay=0.1, rho=0.6)]}))
