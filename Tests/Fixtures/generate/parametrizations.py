#!/usr/bin/env python3
"""Makes parametrizations.json: layers with weight and spectral normalization, made from a seed and trained for three steps in
double precision.

usage: parametrizations.py > ../parametrizations.json
"""
import json
import torch, torch.nn as nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

torch.set_num_threads(1)


def array(x):
    return {"shape": list(x.shape), "dtype": str(x.dtype)[6:], "data": x.detach().flatten().tolist()}


def entries(pairs):
    return [{"name": name, "tensor": array(x)} for name, x in pairs]


def trained(make, x):
    torch.manual_seed(5)
    model = make()
    initial = entries(model.state_dict().items())
    model = model.double().train()
    x = x.double() if x.is_floating_point() else x
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    steps = []
    for _ in range(3):
        optimizer.zero_grad()
        output = model(x)
        output.square().sum().backward()
        steps.append({"output": array(output), "gradients": entries((n, p.grad) for n, p in model.named_parameters())})
        optimizer.step()
    final = entries(model.state_dict().items())
    model.eval()
    evaluated = model(x)
    for layer in model:
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight")
    return {
        "initial": initial, "input": array(x), "steps": steps, "final": final, "evaluated": array(evaluated),
        "plain": entries(sorted(model.state_dict().items()))}


torch.manual_seed(1)
sequences, images, rows = torch.randn(2, 3, 6), torch.randn(2, 3, 4, 5), torch.randn(4, 3)
numbers = torch.tensor([[3, 2], [1, 3]])
print(json.dumps({
    "torch": torch.__version__,
    "models": {
        "weight norm of linear layers": trained(
            lambda: nn.Sequential(weight_norm(nn.Linear(3, 4)), nn.Tanh(), weight_norm(nn.Linear(4, 2, bias=False), dim=1)), rows),
        "weight norm of convolutions": trained(
            lambda: nn.Sequential(weight_norm(nn.Conv2d(3, 4, 2)), nn.Tanh(), weight_norm(nn.Conv2d(4, 2, 2), dim=None)), images),
        "weight norm of a convolution of sequences": trained(
            lambda: nn.Sequential(weight_norm(nn.Conv1d(3, 4, 2)), nn.Tanh(), nn.Conv1d(4, 2, 2)), sequences),
        "weight norm of a transposed convolution": trained(
            lambda: nn.Sequential(weight_norm(nn.ConvTranspose2d(3, 4, 2, stride=2), dim=1), nn.Sigmoid()), images),
        "weight norm of an embedding": trained(
            lambda: nn.Sequential(weight_norm(nn.Embedding(5, 3)), nn.Tanh()), numbers),
        "spectral norm of linear layers": trained(
            lambda: nn.Sequential(
                spectral_norm(nn.Linear(3, 4)), nn.Tanh(), spectral_norm(nn.Linear(4, 2), n_power_iterations=2, dim=1)), rows),
        "spectral norm of convolutions": trained(
            lambda: nn.Sequential(
                spectral_norm(nn.Conv2d(3, 4, 2)), nn.Tanh(), spectral_norm(nn.ConvTranspose2d(4, 2, 2, stride=2))), images),
        "spectral norm of convolutions of sequences": trained(
            lambda: nn.Sequential(
                spectral_norm(nn.Conv1d(3, 4, 2)), nn.Tanh(), spectral_norm(nn.ConvTranspose1d(4, 2, 2))), sequences),
        "spectral norm of an embedding": trained(lambda: nn.Sequential(spectral_norm(nn.Embedding(5, 3)), nn.Tanh()), numbers),
    }}))
