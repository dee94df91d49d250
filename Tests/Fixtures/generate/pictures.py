#!/usr/bin/env python3
"""Makes pictures.json and files/*.jpg: pictures as Pillow decodes and resizes them. From version 13 on Pillow resizes the
columns first where that is less to do, which rounds differently; these are of version 12.

usage: pip install numpy "pillow<13"; pictures.py
"""
import base64
import io
import json
import pathlib

import numpy as np
from PIL import Image

fixtures = pathlib.Path(__file__).resolve().parent.parent
random = np.random.default_rng(0)


def scene(height, width, channels):
    """A picture of slopes, edges and some noise."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        128 + 90 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) + 30 * ((x + y * (c + 1)) % 11 < 4)
        + random.normal(0, 6, (height, width))
        for c in range(channels)
    ]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def described(image):
    values = np.asarray(image)
    return {
        "width": image.width,
        "height": image.height,
        "channels": 1 if image.mode == "L" else 3,
        "pixels": base64.b64encode(values.tobytes()).decode(),
    }


colors = Image.fromarray(scene(37, 53, 3))
gray = Image.fromarray(scene(21, 30, 1)[..., 0])
inks = Image.fromarray(scene(20, 26, 4), "CMYK")
files = {
    "gray": (gray, {}),
    "subsampled": (colors, {"subsampling": "4:2:0", "quality": 80}),
    "half": (colors, {"subsampling": "4:2:2"}),
    "full": (colors, {"subsampling": "4:4:4", "quality": 95}),
    "progressive": (colors, {"progressive": True}),
    "restarts": (colors, {"restart_marker_blocks": 2}),
    "inks": (inks, {"quality": 90}),
}
decoded = {}
for name, (image, options) in files.items():
    path = fixtures / "files" / f"{name}.jpg"
    image.save(path, **options)
    read = Image.open(path)
    decoded[name] = described(read if read.mode == "L" else read.convert("RGB"))

sizes = [(53, 37), (24, 24), (10, 37), (53, 5), (80, 90), (1, 1), (54, 36), (7, 120)]
resized = [
    described(image.resize(size, Image.BILINEAR)) for image in (colors, gray) for size in sizes
]

with open(fixtures / "pictures.json", "w") as file:
    json.dump(
        {"decoded": decoded, "colors": described(colors), "gray": described(gray), "resized": resized}, file, indent=1)
    file.write("\n")
