#!/usr/bin/env python3
"""Whole training steps of JAX, compiled as one function: batch, forward, backward, SGD with momentum; prints one JSON line.

    step_jax.py mlp --seconds 5
"""
import argparse
import json
import os
import resource
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import jax
import numpy
from jax import numpy as jnp

from workloads import BATCHES, DATA, samples

WIDTHS = {"tiny": (20, 13, 8, 3), "mlp": (784, 512, 256, 10), "wide": (784, 4096, 4096, 10), "cnn": (3136, 128, 10)}

parser = argparse.ArgumentParser()
parser.add_argument("workload", choices=WIDTHS)
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--batch", type=int, help="samples in a step (default: the workload's)")
parser.add_argument("--data", default=DATA)
options = parser.parse_args()

random = numpy.random.default_rng(0)


def uniform(shape, fan_in):
    return random.uniform(-(fan_in**-0.5), fan_in**-0.5, shape).astype(numpy.float32)


def initial_parameters():
    widths = WIDTHS[options.workload]
    layers = [
        {"weight": uniform((inputs, outputs), inputs), "bias": uniform(outputs, inputs)}
        for inputs, outputs in zip(widths, widths[1:])]
    if options.workload == "tiny":
        del layers[0]["bias"], layers[1]["bias"]
    filters = [(1, 32), (32, 64)] if options.workload == "cnn" else []
    return {"linear": layers, "convolution": [
        {"weight": uniform((3, 3, inputs, outputs), 9 * inputs), "bias": uniform(outputs, 9 * inputs)}
        for inputs, outputs in filters]}


def model(parameters, x):
    if parameters["convolution"]:
        x = x[..., None]
    for layer in parameters["convolution"]:
        x = jax.lax.conv_general_dilated(
            x, layer["weight"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + layer["bias"]
        x = jax.lax.reduce_window(jax.nn.relu(x), -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = x.reshape(len(x), -1)
    *hidden, last = parameters["linear"]
    for number, layer in enumerate(hidden):
        x = x @ layer["weight"] + layer.get("bias", 0)
        x = jax.nn.sigmoid(x) if options.workload == "tiny" and number == 1 else jax.nn.relu(x)
    return x @ last["weight"] + last["bias"]


def mean_loss(parameters, x, y):
    return -jnp.take_along_axis(jax.nn.log_softmax(model(parameters, x)), y[:, None], axis=1).mean()


def step(parameters, velocity, x, y):
    gradient = jax.grad(mean_loss)(parameters, x, y)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradient)
    return jax.tree.map(lambda p, v: p - 0.01 * v, parameters, velocity), velocity


inputs, classes = samples(options.workload, options.data)
classes = classes.astype(numpy.int32)
batch = options.batch or BATCHES[options.workload]
step = jax.jit(step, donate_argnums=(0, 1))
parameters = jax.device_put(initial_parameters())
velocity = jax.tree.map(jnp.zeros_like, parameters)


def batches():
    """Shuffled batches, without end."""
    while True:
        order = random.permutation(len(inputs))
        for start in range(0, len(order) - batch + 1, batch):
            places = order[start : start + batch]
            yield inputs[places], classes[places]


def make_steps(count):
    global parameters, velocity
    for _ in range(count):
        parameters, velocity = step(parameters, velocity, *next(stream))
    jax.block_until_ready(parameters)


stream = batches()
make_steps(10)
steps, start = 0, time.perf_counter()
while time.perf_counter() - start < options.seconds:
    make_steps(20)
    steps += 20
seconds = (time.perf_counter() - start) / steps
print(json.dumps({
    "workload": options.workload, "peer": f"JAX {jax.__version__}", "world": 1, "batch_per_rank": batch,
    "samples_per_s": round(batch / seconds), "step_us": round(seconds * 1e6, 1),
    "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))
