#!/usr/bin/env python3
"""Makes JPEG files of the size and detail of photos, for launch/bench --peers --pictures FOLDER.

    photos.py FOLDER --count 200 --width 500 --height 375

FOLDER/train gets ten folders of classes. A picture is noise of many scales, the coarse ones strong, as in photos.
"""
import argparse
import pathlib

import numpy
from PIL import Image

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--count", type=int, default=200)
parser.add_argument("--width", type=int, default=500)
parser.add_argument("--height", type=int, default=375)
options = parser.parse_args()

random = numpy.random.default_rng(0)
size = options.width, options.height


def channel():
    """Noise on grids that are each twice as fine as the one before, and not much weaker."""
    total = numpy.zeros(size[::-1])
    for octave in range(1, 9):
        grid = random.standard_normal((2 ** octave, 2 ** octave)).astype(numpy.float32)
        total += numpy.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)) / 1.15 ** octave
    return numpy.clip(128 + 50 * total, 0, 255).astype(numpy.uint8)


for number in range(options.count):
    file = options.folder / "train" / f"class{number % 10}" / f"{number}.jpg"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(numpy.stack([channel() for _ in range(3)], 2)).save(file, quality=90)
