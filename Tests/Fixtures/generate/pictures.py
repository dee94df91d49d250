#!/usr/bin/env python3
"""Makes pictures.json, files/*.jpg and files/interlaced-*.png, files/*-bits.png: pictures as Pillow decodes and resizes them. From version 13 on Pillow resizes the
columns first where that is less to do, which rounds differently; these are of version 12.

usage: pip install numpy "pillow<13" torchvision; pictures.py
"""
import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image
from torchvision.transforms import functional

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



def filtered(row, above, step, kind):
    """A row of bytes with the filter of PNG's section 9 that `kind` names."""
    left = np.concatenate([np.zeros(step, int), row])[: len(row)]
    corner = np.concatenate([np.zeros(step, int), above])[: len(row)]
    near = left + above - corner
    distance = [abs(near - left), abs(near - above), abs(near - corner)]
    paeth = np.where(
        (distance[0] <= distance[1]) & (distance[0] <= distance[2]), left,
        np.where(distance[1] <= distance[2], above, corner))
    prediction = [0 * row, left, above, (left + above) // 2, paeth][kind]
    return bytes([kind]) + ((row - prediction) % 256).astype(np.uint8).tobytes()


def png(values, color, depth, interlaced, palette=b""):
    """A PNG of samples [height, width, channels], which Pillow cannot write."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    parts = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b""
    for x, y, across, down in parts if interlaced else [(0, 0, 1, 1)]:
        part = values[y::down, x::across]
        if part.size == 0:
            continue
        above = None
        for index, samples in enumerate(part.reshape(part.shape[0], -1)):
            shifts = np.arange(depth)[::-1]
            row = np.packbits((samples[:, None] >> shifts) & 1).astype(int)
            above = np.zeros_like(row) if above is None else above
            data += filtered(row, above, max(1, values.shape[2] * depth // 8), index % 5)
            above = row
    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    chunks = chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"")
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


rainbow = bytes(random.integers(0, 256, 48, dtype=np.uint8))
kinds = [("gray", 0, 1, [1, 2, 4, 8, 16]), ("rgb", 2, 3, [8, 16]), ("palette", 3, 1, [1, 2, 4, 8]),
         ("gray-alpha", 4, 2, [8, 16]), ("rgba", 6, 4, [8, 16])]
for name, color, channels, depths in kinds:
    for depth in depths:
        for interlaced in [False, True]:
            if depth == 8 and not interlaced:
                continue
            height, width = (11, 13) if depth < 8 else (5, 3) if depth == 16 else (9, 10)
            values = random.integers(0, 16 if color == 3 and depth == 8 else 2**depth, (height, width, channels))
            colors_used = rainbow[: 3 * min(16, 2**depth)] if color == 3 else b""
            label = ("interlaced-" if interlaced else "") + f"{name}-{depth}-bits"
            path = fixtures / "files" / f"{label}.png"
            path.write_bytes(png(values, color, depth, interlaced, colors_used))
            read = Image.open(path)
            if read.mode.startswith("I"):
                # Pillow keeps these 16 bits, and takes the upper 8 of those of colors.
                read = Image.fromarray((np.asarray(read) // 256).astype(np.uint8))
            decoded[label] = described(read.convert("L" if color in (0, 4) else "RGB"))

sizes = [(53, 37), (24, 24), (10, 37), (53, 5), (80, 90), (1, 1), (54, 36), (7, 120)]
resized = [
    described(image.resize(size, Image.BILINEAR)) for image in (colors, gray) for size in sizes
]

# Colors of all kinds: whatever was drawn before is as it was without them.
some = Image.fromarray(np.concatenate([
    np.random.default_rng(1).integers(0, 256, (12, 24, 3)), np.asarray(colors)[:6, :24],
    np.repeat(np.arange(24)[None, :, None] * 11, 3, 2), np.tile([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0],
    [0, 0, 255], [255, 255, 0], [1, 0, 0], [0, 1, 0]], (1, 3, 1))]).astype(np.uint8))
factors = {"brightness": [0, 0.3, 1, 1.7], "contrast": [0, 0.45, 1.9], "saturation": [0, 0.6, 1.8],
           "hue": [-0.5, -0.2, 0, 0.11, 0.5]}
adjusted = [
    {"quality": quality, "factor": factor, "picture": described(adjust(image, factor))}
    for image in (some, some.convert("L"))
    for quality, adjust in [(name, getattr(functional, f"adjust_{name}")) for name in factors]
    for factor in factors[quality]
]

with open(fixtures / "pictures.json", "w") as file:
    json.dump(
        {"decoded": decoded, "colors": described(colors), "gray": described(gray), "resized": resized,
         "some": described(some), "someInGray": described(some.convert("L")), "adjusted": adjusted}, file, indent=1)
    file.write("\n")
