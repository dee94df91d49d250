#!/usr/bin/env python3
"""Makes files/*.pth, what torch.save writes, and residual_network.json: names, shapes and outputs of torchvision's resnet18.

usage: pip install torch torchvision; torch_files.py
"""
import argparse
import json
import pathlib
import zipfile

import torch
import torchvision

fixtures = pathlib.Path(__file__).resolve().parent.parent
files = fixtures / "files"

rows = torch.arange(12, dtype=torch.float32).reshape(3, 4)
checkpoint = {
    "model": torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).state_dict(),
    "columns": rows.t(),
    "part": rows[1:, ::2],
    "shared": rows,
    "list": [torch.tensor(3.5, dtype=torch.float64), (torch.tensor([1.5, -2], dtype=torch.bfloat16),)],
    "parameter": torch.nn.Parameter(torch.tensor([[0.25, -1]])),
    "half": torch.tensor([1.5, -2], dtype=torch.float16),
    "int32": torch.tensor([1, -2], dtype=torch.int32),
    "uint8": torch.tensor([1, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "empty": torch.empty(0, 3),
    7: torch.tensor([7]),
    "epoch": 3,
    "rate": 0.1,
    "big": 1 << 70,
    "name": "test",
    "options": argparse.Namespace(rate=0.1),
    "nothing": None,
}
with torch.no_grad():
    for index, tensor in enumerate(checkpoint["model"].values()):
        tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape) + index)
torch.save(checkpoint, files / "checkpoint.pth")
torch.save(checkpoint, files / "protocol-4.pth", pickle_protocol=4)
torch.save(checkpoint, files / "older.pth", _use_new_zipfile_serialization=False)
for protocol in 3, 4, 5:
    older = files / f"older-{protocol}.pth"
    torch.save({"a": torch.tensor([1.5, -2])}, older, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
torch.save({"a": torch.zeros(1).expand(5)}, files / "expanded.pth")
torch.save({"a": torch.zeros(1, dtype=torch.complex64)}, files / "complex.pth")
torch.save({"a": torch.tensor([1 + 2j]).conj().imag}, files / "other-sign.pth")
torch.save({"a": torch.eye(2).to_sparse(), "b": torch.ones(1)}, files / "sparse.pth")
with_attribute = torch.tensor([1.5, -2])
with_attribute.note = "test"
torch.save({"a": with_attribute}, files / "attribute.pth")
torch.save(torch.nn.Linear(2, 1), files / "module.pth")
torch.save({"epoch": 3}, files / "number.pth")
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), files / "script.pth")


def replace(name, contents, result):
    """Writes number.pth with something else in one of its files."""
    with zipfile.ZipFile(files / "number.pth") as source, zipfile.ZipFile(files / result, "w") as target:
        for entry in source.namelist():
            data = contents if entry == name else source.read(entry)
            target.writestr(zipfile.ZipInfo(entry), data, zipfile.ZIP_DEFLATED)


replace("number/byteorder", b"big", "big-endian.pth")
replace("number/data.pkl", b"\x80\x02(" + b"N" * 9_000_000 + b"t.", "long.pth")

network = torchvision.models.resnet18(num_classes=3).double().eval()
torch.manual_seed(5)
with torch.no_grad():
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            scale = (6 / tensor[0].numel()) ** 0.5 if tensor.dim() > 1 else 1
            values = torch.rand(tensor.shape, dtype=torch.float64)
            tensor.copy_(values + 0.5 if tensor.dim() == 1 else (2 * values - 1) * scale)
    outputs = network(torch.rand(2, 3, 64, 64, dtype=torch.float64))
(fixtures / "residual_network.json").write_text(
    json.dumps(
        {
            "state": [[name, list(tensor.shape)] for name, tensor in network.state_dict().items()],
            "outputs": outputs.flatten().tolist(),
        }
    )
)
