#!/usr/bin/env python3
"""Makes lbfgs.json: runs of torch.optim.LBFGS in double precision.

usage: lbfgs.py > ../lbfgs.json
"""
import json
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.manual_seed(5)


def draws(*shape):
    # Numbers that float32 holds.
    return torch.randn(*shape, dtype=torch.float32).double()


def array(x):
    return {"shape": list(x.shape), "dtype": "float64", "data": x.flatten().tolist()}


DATA = draws(24, 3)
CLASSES = (DATA @ draws(3) + 0.5 * draws(24) > 0).double()
VALUES = torch.sin(2 * DATA[:, :1]) * DATA[:, 1:2]


def rosenbrock(w):
    return 100 * (w[0][1] - w[0][0] ** 2) ** 2 + (1 - w[0][0]) ** 2


def logistic(w):
    return torch.nn.functional.binary_cross_entropy_with_logits(DATA @ w[0] + w[1], CLASSES) + 0.01 * (w[0] ** 2).sum()


def perceptron(w):
    return ((torch.tanh(DATA @ w[0] + w[1]) @ w[2] + w[3] - VALUES) ** 2).mean()


STARTS = {
    "rosenbrock": [torch.tensor([-1.5, 2.0])], "logistic": [torch.zeros(3), torch.zeros(())],
    "perceptron": [draws(3, 6), draws(6), draws(6, 1), draws(1)]}


def run(problem, steps, **args):
    loss = {"rosenbrock": rosenbrock, "logistic": logistic, "perceptron": perceptron}[problem]
    weights = [w.clone().requires_grad_() for w in STARTS[problem]]
    optimizer = torch.optim.LBFGS(weights, **args)
    losses = []

    def closure():
        optimizer.zero_grad()
        value = loss(weights)
        value.backward()
        return value

    for _ in range(steps):
        losses.append(optimizer.step(closure).item())
    return {
        "problem": problem, "args": args, "losses": losses, "weights": [array(w) for w in weights],
        "evaluations": optimizer.state[weights[0]]["func_evals"]}


WOLFE = {"line_search_fn": "strong_wolfe"}
print(json.dumps({
    "torch": torch.__version__, "data": array(DATA), "classes": array(CLASSES), "values": array(VALUES),
    "starts": {name: [array(w) for w in start] for name, start in STARTS.items()},
    "runs": [
        run("rosenbrock", 8, max_iter=4, **WOLFE), run("rosenbrock", 3, history_size=2, **WOLFE),
        run("rosenbrock", 20, lr=1e-3, max_iter=3), run("rosenbrock", 4, max_iter=6, max_eval=3, **WOLFE),
        run("rosenbrock", 3, lr=4.0, max_iter=5, **WOLFE),
        run("logistic", 4, max_iter=5), run("logistic", 3, lr=0.5, tolerance_grad=1e-3),
        run("logistic", 3, tolerance_change=1e-4, **WOLFE),
        run("perceptron", 6, max_iter=4, history_size=5, **WOLFE), run("perceptron", 10, lr=0.1, max_iter=2)]}))
