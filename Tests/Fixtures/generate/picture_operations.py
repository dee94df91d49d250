#!/usr/bin/env python3
"""Makes picture_operations.json: what the operations of TrivialAugmentWide and RandAugment make of pictures, by torchvision with
Pillow 12. Of most results there is a hash (FNV-1a of 64 bits) of the bytes, pixel after pixel.

usage: pip install numpy "pillow<13" torchvision; picture_operations.py
"""
import base64
import json
import pathlib

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide
from torchvision.transforms.autoaugment import _apply_op
from torchvision.transforms import functional

random = np.random.default_rng(0)


def scene(height, width, channels):
    """A picture of slopes, edges and some noise, some of it dark."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        90 + 20 * c + 70 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) + 30 * ((x + y * (c + 1)) % 11 < 4)
        + random.normal(0, 6, (height, width))
        for c in range(channels)
    ]
    pixels = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels if channels == 3 else pixels[..., 0])


def described(image):
    return {
        "width": image.width,
        "height": image.height,
        "channels": 1 if image.mode == "L" else 3,
        "pixels": base64.b64encode(np.asarray(image).tobytes()).decode(),
    }


def hashed(image):
    result = 0xCBF29CE484222325
    for byte in np.asarray(image).tobytes():
        result = ((result ^ byte) * 0x100000001B3) % 2**64
    return result


pictures = [scene(h, w, c) for w, h, c in [
    (32, 32, 3), (33, 33, 3), (40, 31, 3), (17, 46, 3), (64, 3, 3), (2, 50, 3), (1, 1, 3), (1, 40, 3), (30, 30, 1), (29, 40, 1),
    (1, 1, 1), (3, 3, 1)]]
# One color, two, and a few bright pixels in much black, of which equalizing makes more than white.
pictures.append(Image.new("RGB", (6, 5), (9, 200, 9)))
pictures.append(Image.fromarray(np.repeat(np.array([[[0, 255, 3]], [[7, 7, 4]]], np.uint8), 7, 1)))
pictures.append(Image.fromarray((np.arange(600).reshape(20, 30) % 7 == 0).astype(np.uint8) * 3))
pictures.append(Image.fromarray(np.minimum(np.arange(900), 800).reshape(30, 30).astype(np.float32).__mul__(0.01).astype(np.uint8)))


def space(augment, name, *size):
    magnitudes, signed = augment._augmentation_space(31, *size)[name]
    magnitudes = [float(m) for m in magnitudes] if magnitudes.ndim else [0.0]
    return {"magnitudes": magnitudes, "signed": signed}


trivial, rand = TrivialAugmentWide(), RandAugment()
names = list(trivial._augmentation_space(31))
assert names == list(rand._augmentation_space(31, (1, 1)))


def results(name, image, magnitudes):
    return [hashed(_apply_op(image, name, m, InterpolationMode.NEAREST, None)) for m in magnitudes]


operations = []
for name in names:
    entry = space(trivial, name)
    applied = sorted({sign * m for m in entry["magnitudes"] for sign in ([1, -1] if entry["signed"] else [1])})
    operations.append({
        "name": name, **entry, "applied": applied, "hashes": [results(name, image, applied) for image in pictures],
        "ofRandAugment": space(rand, name, (40, 31))["magnitudes"]})

angles = [0, 1, 30, 44.999, 45, 90, 135.5, 179, 180, 181, 225, 270, 271.25, 300, 359.5, 360, -90, -400, 1e6]
rotations = [[hashed(functional.rotate(image, angle)) for angle in angles] for image in pictures]

# Too large for Pillow's numbers with a fixed point.
long = Image.fromarray((np.arange(70000) * 167 % 251).astype(np.uint8).reshape(1, -1))
longs = [hashed(functional.rotate(image, angle)) for image in (long, long.transpose(Image.TRANSPOSE))
         for angle in (0.0001, 3, 90)]
longs += results("ShearX", long.transpose(Image.TRANSPOSE), [0.99, -0.3, 1]) + results("ShearY", long, [0.99, -0.3, 1])
longs += [hashed(functional.rotate(long.resize((70000, 3), Image.NEAREST), angle)) for angle in (90, 270)]

sharpness = [[hashed(functional.adjust_sharpness(image, factor)) for factor in (0, 0.5, 1, 1.7, 12)] for image in pictures]
solarized = [[hashed(functional.solarize(image, threshold)) for threshold in (0, 100.5, 128, 256)] for image in pictures]
posterized = [[hashed(functional.posterize(image, bits)) for bits in range(9)] for image in pictures]

path = pathlib.Path(__file__).resolve().parent.parent / "picture_operations.json"
with open(path, "w") as file:
    json.dump(
        {"pictures": [described(image) for image in pictures], "operations": operations, "angles": angles,
         "rotations": rotations, "longs": longs, "sharpness": sharpness, "solarized": solarized, "posterized": posterized},
        file, indent=None, separators=(",", ":"))
    file.write("\n")
