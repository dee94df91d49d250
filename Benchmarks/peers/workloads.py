"""The samples of the benchmark workloads, as `disttrain bench step` takes them."""
import gzip
import os
import pathlib
import struct

import numpy

DATA = os.environ.get("DISTTRAIN_DATA") or "/usr/share/datasets/fashion-mnist"
BATCHES = {"tiny": 50, "mlp": 128, "cnn": 64, "wide": 32, "deep": 4096, "resnet18": 512, "vit": 64}


def idx(path):
    """The array in a gzipped IDX file."""
    content = gzip.decompress(path.read_bytes())
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * dimensions).reshape(shape)


def samples(workload, folder):
    """Inputs (float32) and classes (int64) of a workload; Fashion-MNIST in [0, 1] where it takes 28×28 images."""
    random = numpy.random.default_rng(0)
    if workload == "tiny":
        return random.random((500, 20), numpy.float32) * 100, random.integers(0, 3, 500)
    if workload == "resnet18":
        return random.random((4096, 3, 32, 32), numpy.float32), random.integers(0, 10, 4096)
    folder = pathlib.Path(folder)
    images = idx(folder / "train-images-idx3-ubyte.gz").astype(numpy.float32) / 255
    return images, idx(folder / "train-labels-idx1-ubyte.gz").astype(numpy.int64)
