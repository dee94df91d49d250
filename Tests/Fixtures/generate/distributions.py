#!/usr/bin/env python3
"""Makes distributions.json: draws by PyTorch on a processor where it does not draw by MKL.

usage: distributions.py > ../distributions.json
"""
import json
import torch

torch.set_num_threads(1)
rates = [0.3, 2.0, 9.5, 10.0, 50.0, 1000.0, 0.0]
concentrations = [0.2, 0.9, 1.0, 2.5, 30.0]


def draws(call):
    result = []
    for seed in [1, 42]:
        for dtype in [torch.float32, torch.float64]:
            torch.manual_seed(seed)
            values = call(dtype)
            result.append({
                "seed": seed, "dtype": str(dtype)[6:], "values": values.flatten().tolist(), "next": torch.rand(1).item()})
    return result


def parameters(numbers, dtype):
    return torch.tensor(numbers * 6, dtype=dtype)


def gradients(distribution, *numbers):
    """The gradients of draws' parameters, of the sum of the draws, each times its number from 1 on."""
    torch.manual_seed(1)
    leaves = [x.requires_grad_() for x in numbers]
    draws = distribution(*leaves).rsample()
    (draws * torch.arange(1, draws.numel() + 1).reshape(draws.shape)).sum().backward()
    return [x.grad.flatten().tolist() for x in leaves]


print(json.dumps({
    "torch": torch.__version__,
    "exponential": draws(lambda dtype: torch.empty(21, dtype=dtype).exponential_(1.5)),
    "poisson": draws(lambda dtype: torch.poisson(parameters(rates, dtype))),
    "gamma": draws(lambda dtype: torch.distributions.Gamma(parameters(concentrations, dtype), 2.0).sample()),
    "dirichlet": draws(lambda dtype: torch.distributions.Dirichlet(parameters(concentrations, dtype).reshape(6, 5)).sample()),
    "beta": draws(lambda dtype: torch.distributions.Beta(parameters(concentrations, dtype), torch.tensor(1.5, dtype=dtype)).sample()),
    "gradients": {
        "gamma": gradients(torch.distributions.Gamma, parameters(concentrations, torch.float64), torch.full((30,), 2.0).double()),
        "dirichlet": gradients(torch.distributions.Dirichlet, parameters(concentrations, torch.float64).reshape(6, 5)),
        "beta": gradients(
            torch.distributions.Beta, parameters(concentrations, torch.float64), torch.full((30,), 1.5).double()),
    },
}))
