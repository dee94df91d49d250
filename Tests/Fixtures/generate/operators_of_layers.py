#!/usr/bin/env python3
"""Makes operators_of_layers.json: operators that operators.json does not have, run by PyTorch in both precisions.

usage: operators_of_layers.py > ../operators_of_layers.json
"""
import json
import math
import torch, torch.nn.functional as F

torch.set_num_threads(1)
generator = torch.Generator().manual_seed(7)
cases = []


def floats(*shape, low=-2.0, high=2.0):
    # Numbers that float32 holds, so that both precisions have the same inputs.
    return (torch.rand(shape, generator=generator, dtype=torch.float32) * (high - low) + low).double()


def labels(*shape, classes):
    return torch.randint(0, classes, shape, generator=generator)


def array(x):
    if x.dtype.is_floating_point:
        # Nine digits are all of float32.
        digits = [float(f"{v:.9g}") if x.dtype == torch.float32 else v for v in x.detach().flatten().tolist()]
        return {"shape": list(x.shape), "dtype": str(x.dtype)[6:], "data": digits}
    return {"shape": list(x.shape), "dtype": str(x.dtype)[6:], "data": x.flatten().tolist()}


def run(function, inputs, gradient, precision):
    leaves = {
        name: (x.to(precision, copy=True).requires_grad_() if x.dtype.is_floating_point else x)
        for name, x in inputs.items()}
    output = function(**leaves)
    if gradient is None or not output.dtype.is_floating_point:
        return output, {}
    output.backward(gradient.to(precision))
    return output, {name: x.grad for name, x in leaves.items() if x.grad is not None}


def case(op, function, inputs, **args):
    shape = function(**inputs).shape
    gradient = floats(*shape)
    output, grads = run(function, inputs, gradient, torch.float64)
    single, single_grads = run(function, inputs, gradient, torch.float32)
    cases.append({
        "op": op, "args": args, "inputs": {name: array(x) for name, x in inputs.items()},
        "grad_output": array(gradient), "output": array(output), "output_f32": array(single),
        "grads": {name: array(x) for name, x in grads.items()},
        "grads_f32": {name: array(x) for name, x in single_grads.items()}})


for stride, padding, extra, dilation, groups in [
    ((1, 1), (0, 0), (0, 0), (1, 1), 1), ((2, 2), (1, 1), (1, 1), (1, 1), 1), ((2, 3), (0, 1), (1, 0), (2, 1), 1),
    ((2, 2), (1, 0), (0, 1), (1, 1), 2), ((1, 2), (1, 1), (0, 0), (1, 2), 4)]:
    case(
        "conv_transpose2d",
        lambda x, weight, bias, s=stride, p=padding, e=extra, d=dilation, g=groups: F.conv_transpose2d(
            x, weight, bias, stride=s, padding=p, output_padding=e, dilation=d, groups=g),
        {"x": floats(1, 4, 3, 4), "weight": floats(4, 2, 3, 2), "bias": floats(2 * groups)},
        stride=stride, padding=padding, output_padding=extra, dilation=dilation, groups=groups)
case("conv_transpose2d", lambda x, weight: F.conv_transpose2d(x, weight, stride=2),
     {"x": floats(2, 4, 3, 3), "weight": floats(4, 3, 2, 2)},
     stride=[2, 2], padding=[0, 0], output_padding=[0, 0], dilation=[1, 1], groups=1)
for stride, padding, dilation, groups in [(1, 0, 1, 1), (2, 2, 1, 2), (1, 1, 2, 1)]:
    case(
        "conv1d",
        lambda x, weight, bias, s=stride, p=padding, d=dilation, g=groups: F.conv1d(
            x, weight, bias, stride=s, padding=p, dilation=d, groups=g),
        {"x": floats(2, 4, 9), "weight": floats(6, 4 // groups, 3), "bias": floats(6)},
        stride=stride, padding=padding, dilation=dilation, groups=groups)
for shape, groups in [((3, 6, 2, 4), 3), ((2, 4), 2), ((2, 6, 5), 1), ((2, 3, 3, 2), 3)]:
    if shape == (2, 4):
        groups = 1
    case(
        "group_norm", lambda x, weight, bias, g=groups: F.group_norm(x, g, weight, bias, eps=1e-3),
        {"x": floats(*shape), "weight": floats(shape[1]), "bias": floats(shape[1])}, groups=groups, eps=1e-3)
case("group_norm", lambda x: F.group_norm(x, 2), {"x": floats(2, 4, 3, 3)}, groups=2, eps=1e-5)
case("rms_norm", lambda x, weight: F.rms_norm(x, (4,), weight, eps=1e-5), {"x": floats(3, 2, 4), "weight": floats(4)},
     shape=[4], eps=1e-5)
case("rms_norm", lambda x, weight: F.rms_norm(x, (2, 4), weight, eps=1e-6), {"x": floats(3, 2, 4), "weight": floats(2, 4)},
     shape=[2, 4], eps=1e-6)
for size in [(1, 1), (2, 3), (3, 2), (5, 4), (7, 6)]:
    case("adaptive_avg_pool2d", lambda x, s=size: F.adaptive_avg_pool2d(x, s), {"x": floats(2, 1, 6, 7)}, size=size)
for size in [(10, 14), (5, 7), (8, 9), (3, 2)]:
    case("nearest", lambda x, s=size: F.interpolate(x, size=s, mode="nearest"), {"x": floats(2, 1, 5, 7)}, size=size)
for align in [False, True]:
    for size in [(10, 14), (8, 3), (1, 7)]:
        case(
            "bilinear", lambda x, s=size, a=align: F.interpolate(x, size=s, mode="bilinear", align_corners=a),
            {"x": floats(2, 1, 5, 7)}, size=size, align_corners=align)
case("pad", lambda x: F.pad(x, (2, 1, 0, 3), value=1.5), {"x": floats(2, 3, 4)}, widths=[[0, 3], [2, 1]], value=1.5)
case("pad", lambda x: F.pad(x, (1, 1)), {"x": floats(3)}, widths=[[1, 1]], value=0)
case("flip", lambda x: x.flip(0), {"x": floats(5)}, dims=[0])
case("flip", lambda x: x.flip(0, 2), {"x": floats(2, 3, 4)}, dims=[0, 2])
case("flip", lambda x: x.flip(-1), {"x": floats(2, 3, 4)}, dims=[-1])
for shift in [1, -2, 7]:
    case("roll", lambda x, s=shift: x.roll(s, 1), {"x": floats(2, 5, 3)}, shift=shift, dim=1)
for diagonal in [0, 1, -2]:
    case("tril", lambda x, d=diagonal: x.tril(d), {"x": floats(2, 4, 5)}, diagonal=diagonal)
    case("triu", lambda x, d=diagonal: x.triu(d), {"x": floats(2, 4, 5)}, diagonal=diagonal)
case("norm", lambda x: torch.linalg.vector_norm(x), {"x": floats(3, 4)})
case("norm", lambda x: torch.linalg.vector_norm(x, dim=1), {"x": torch.cat([floats(3, 4), torch.zeros(1, 4).double()])}, dims=[1])
for smoothing in [0.0, 0.1]:
    for reduction in ["mean", "sum", "none"]:
        case(
            "cross_entropy",
            lambda x, target, r=reduction, s=smoothing: F.cross_entropy(
                x, target, reduction=r, label_smoothing=s, ignore_index=2),
            {"x": floats(2, 4, 3), "target": labels(2, 3, classes=4)},
            reduction=reduction, label_smoothing=smoothing, ignore_index=2)
        case(
            "cross_entropy",
            lambda x, target, r=reduction, s=smoothing: F.cross_entropy(
                x, target.detach(), reduction=r, label_smoothing=s),
            {"x": floats(2, 4, 3, 2), "target": floats(2, 4, 3, 2).softmax(1).float().double()},
            reduction=reduction, label_smoothing=smoothing)
case("weighted_cross_entropy", lambda x, target, weight: F.cross_entropy(x, target, weight.detach()),
     {"x": floats(2, 4, 3), "target": labels(2, 3, classes=4), "weight": floats(4, low=0.5)}, reduction="mean")
case("weighted_cross_entropy", lambda x, target, weight: F.cross_entropy(x, target.detach(), weight.detach()),
     {"x": floats(5, 4), "target": floats(5, 4).softmax(1).float().double(), "weight": floats(4, low=0.5)}, reduction="mean")
for alpha in [1.0, 0.7]:
    case("elu", lambda x, a=alpha: F.elu(x, a), {"x": floats(3, 4, low=-5.0)}, alpha=alpha)
case("selu", lambda x: F.selu(x), {"x": floats(3, 4, low=-5.0)})
case("elu", lambda x: F.elu(x), {"x": floats(7, low=-1e-5, high=1e-5)}, alpha=1.0)
for beta, threshold in [(1.0, 20.0), (2.0, 4.0), (0.5, 40.0)]:
    case("softplus_of", lambda x, b=beta, t=threshold: F.softplus(x, b, t), {"x": floats(3, 4, low=-60.0, high=60.0)},
         beta=beta, threshold=threshold)
case("hardswish", lambda x: F.hardswish(x), {"x": floats(3, 8, low=-5.0, high=5.0)})
case("mish", lambda x: F.mish(x), {"x": floats(3, 4, low=-5.0, high=5.0)})
for shape, slopes in [((5,), 1), ((3, 4), 4), ((2, 3, 2, 2), 3), ((2, 3, 2), 1)]:
    case("prelu", lambda x, weight: F.prelu(x, weight), {"x": floats(*shape), "weight": floats(slopes)})
for equation, shapes in [
    ("ij,jk->ik", [(2, 3), (3, 4)]), ("bij,bjk->bik", [(2, 3, 4), (2, 4, 2)]), ("bhld,bhsd->bhls", [(2, 2, 3, 4), (2, 2, 5, 4)]),
    ("ij,jk", [(2, 3), (3, 4)]), ("cB,Ba", [(2, 3), (3, 4)]), ("ij->ji", [(2, 3)]), ("ji", [(2, 3)]), ("ijk->j", [(2, 3, 4)]),
    ("ii", [(3, 3)]), ("ii->i", [(3, 3)]), ("iji->ji", [(2, 3, 2)]), ("iii->", [(2, 2, 2)]), ("iijj->ji", [(2, 2, 3, 3)]),
    ("i,i", [(4,), (4,)]), ("i,j->ij", [(2,), (3,)]), ("bi,bi->b", [(3, 4), (3, 4)]), ("bi,bi->bi", [(3, 4), (3, 4)]),
    ("bij,bj->bi", [(2, 3, 4), (2, 4)]), ("ij,kl->lk", [(2, 3), (4, 2)]), ("...ij,...jk->...ik", [(2, 1, 2, 3), (3, 3, 2)]),
    ("i...,i...", [(2, 3), (2, 1)]), ("...i->...", [(2, 3, 4)]), ("...ij->j...", [(2, 3, 4)]), ("...ij->i", [(2, 3, 4)]),
    ("a...b,b->a...", [(2, 3, 2, 4), (4,)]), ("ij,kj", [(2, 3), (1, 3)]), ("ij,jk->ik", [(2, 1), (3, 4)]), ("i,i->i", [(1,), (3,)]),
    ("i,ij,j", [(2,), (2, 3), (3,)]), ("ai,bi,ci->abc", [(2, 3), (2, 3), (4, 3)]), ("bn,anm,bm->ba", [(2, 3), (4, 3, 2), (2, 2)]),
    (" b i , b -> i ", [(3, 2), (3,)]), (",i", [(), (3,)]), ("ij,ij,ij->", [(2, 3), (2, 3), (2, 3)])]:
    case("einsum", lambda e=equation, **x: torch.einsum(e, *x.values()),
         {name: floats(*shape) for name, shape in zip("abc", shapes)}, equation=equation)
for offset in [0, 1, -1, 5]:
    case("diagonal", lambda x, o=offset: x.diagonal(o, 2, 0), {"x": floats(3, 2, 4)}, offset=offset, dims=[2, 0])
case("diagonal", lambda x: x.diagonal(), {"x": floats(4, 3)}, offset=0, dims=[0, 1])
for shape, other, dim in [((3, 4), (3, 4), 1), ((2, 3, 4), (3, 1), 1), ((4,), (2, 4), -1), ((2, 1), (2, 3), 1)]:
    case("cosine_similarity", lambda x, y, d=dim: F.cosine_similarity(x, y, d), {"x": floats(*shape), "y": floats(*other)}, dim=dim)
case("cosine_similarity", lambda x, y: F.cosine_similarity(x, y), {"x": torch.zeros(1, 3).double(), "y": floats(1, 3)}, dim=1)
for counts in [[2], [3, 1, 2], [2, 0]]:
    case("tile", lambda x, c=counts: x.tile(c), {"x": floats(2, 3)}, counts=counts)
case("repeat_interleave", lambda x: x.repeat_interleave(3, 1), {"x": floats(2, 3, 2)}, count=3, dim=1)
for dim, index in [(0, [[1, 2], [2, 2], [0, 1]]), (1, [[3, 0], [1, 1]]), (-1, [[0, 2, 0, 0, 1]])]:
    index = torch.tensor(index)
    case("scatter_add", lambda x, values, index, d=dim: x.scatter_add(d, index, values),
         {"x": floats(3, 4), "values": floats(*index.shape), "index": index}, dim=dim)
for dim, index in [(0, [[1, 2], [2, 0], [0, 1]]), (1, [[3, 0], [1, 2]]), (-1, [[0, 2, 3, 1]])]:
    index = torch.tensor(index)
    case("scatter", lambda x, values, index, d=dim: x.scatter(d, index, values),
         {"x": floats(3, 4), "values": floats(*index.shape), "index": index}, dim=dim)
    case("scatter_number", lambda x, index, d=dim: x.scatter(d, index, 1.5), {"x": floats(3, 4), "index": index}, dim=dim, value=1.5)
case("instance_norm", lambda x: F.instance_norm(x), {"x": floats(2, 3, 5)}, eps=1e-5)
case("instance_norm", lambda x, weight, bias: F.instance_norm(x, weight=weight, bias=bias, eps=1e-3),
     {"x": floats(2, 3, 2, 4), "weight": floats(3), "bias": floats(3)}, eps=1e-3)
for stride, padding, extra, dilation, groups in [(1, 0, 0, 1, 1), (3, 1, 2, 1, 2), (2, 0, 0, 2, 4)]:
    case(
        "conv_transpose1d",
        lambda x, weight, bias, s=stride, p=padding, e=extra, d=dilation, g=groups: F.conv_transpose1d(
            x, weight, bias, stride=s, padding=p, output_padding=e, dilation=d, groups=g),
        {"x": floats(2, 4, 5), "weight": floats(4, 2, 3), "bias": floats(2 * groups)},
        stride=stride, padding=padding, output_padding=extra, dilation=dilation, groups=groups)
case("pad", lambda x: F.pad(x, (-1, 2, 1, -2), value=1.5), {"x": floats(2, 3, 4)}, widths=[[1, -2], [-1, 2]], value=1.5)
case("pad", lambda x: F.pad(x, (-2, -1)), {"x": floats(2, 3)}, widths=[[-2, -1]], value=0)
for mode in ["reflect", "replicate", "circular"]:
    case("pad_by", lambda x, m=mode: F.pad(x, (2, 1, 0, 2), mode=m), {"x": floats(1, 2, 3, 4)}, widths=[[0, 2], [2, 1]], mode=mode)
case("pad_by", lambda x: F.pad(x, (5, 4), mode="replicate"), {"x": floats(1, 2, 1)}, widths=[[5, 4]], mode="replicate")
case("padded_embedding", lambda weight, index: F.embedding(index, weight, padding_idx=1),
     {"weight": floats(4, 3), "index": torch.tensor([[1, 0, 3], [1, 1, 0]])}, padding=1)


def assigned(x, value, part):
    y = x * 1
    y[part] = value
    return y


for ranges, shape in [([[1, 3], [0, 2]], [2, 2]), ([[0, 3], [1, 2]], [1]), ([[2, 3], [0, 4]], [1, 4]), ([[1, 1], [0, 4]], [])]:
    part = tuple(slice(*bounds) for bounds in ranges)
    case("assign", lambda x, value, p=part: assigned(x, value, p), {"x": floats(3, 4), "value": floats(*shape)}, ranges=ranges)
truths = torch.tensor([[True, False, True], [False, False, True]])
case("and", lambda a, b: a & b, {"a": truths, "b": truths[0]})
case("or", lambda a, b: a | b, {"a": truths, "b": truths[:, :1]})
case("xor", lambda a, b: a ^ b, {"a": truths, "b": truths[1]})
case("not", lambda a: ~a, {"a": truths})
case("nonzero", lambda a: a.nonzero(), {"a": truths})
case("nonzero", lambda a: a.nonzero(), {"a": torch.tensor([[[0, 3], [-1, 0]], [[2, 0], [0, 0]]])})
case("nonzero", lambda a: a.nonzero(), {"a": torch.tensor(7)})
case("nonzero", lambda a: a.nonzero(), {"a": torch.zeros(2, 3, dtype=torch.int64)})
case("masked_select", lambda x, mask: x.masked_select(mask), {"x": floats(2, 3), "mask": truths})
case("masked_select", lambda x, mask: x.masked_select(mask), {"x": floats(4, 1, 3), "mask": truths})
case("masked_select", lambda x, mask: x.masked_select(mask), {"x": floats(2), "mask": torch.tensor([False, False])})
for weight in [0.3, 0.8]:
    case("lerp", lambda x, y, w=weight: x.lerp(y, w), {"x": floats(3, 4), "y": floats(4)}, weight=weight)
case("lerp_each", lambda x, y, weight: x.lerp(y, weight), {"x": floats(3, 4), "y": floats(3, 4), "weight": floats(4, low=0, high=1)})
case("sign", lambda a: a.sign(), {"a": torch.tensor([[-1.5, 0.0], [2.0, -0.0]], dtype=torch.float64)})
for dim in [0, -1]:
    case("normalize", lambda x, d=dim: F.normalize(x, dim=d), {"x": floats(3, 4)}, dim=dim)
zeros = floats(3, 5)
zeros[0, 1] = zeros[1, 0] = zeros[1, 3] = zeros[2, 4] = 0
for x, dim in [(floats(2, 9), 1), (floats(5, 2, 3), 0), (floats(2, 3, 2), -2), (zeros, 1), (floats(1, 3), 0)]:
    case("cumprod", lambda x, d=dim: x.cumprod(d), {"x": x}, dim=dim)
equal = floats(3, 4)
for x, y in [(floats(3, 4), floats(5, 4)), (floats(2, 3, 4), floats(5, 4)), (equal, equal[1:].clone()), (floats(2, 1), floats(2, 3, 1))]:
    case("cdist", lambda x, y: torch.cdist(x, y), {"x": x, "y": y})
for name in ["tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "atanh", "expm1", "erfinv"]:
    low, high = (-0.95, 0.95) if name in ["asin", "acos", "atanh", "erfinv"] else (-2.5, 2.5)
    case(name, getattr(torch, name), {"x": floats(3, 5, low=low, high=high)})
case("acosh", torch.acosh, {"x": floats(3, 5, low=1.1, high=6)})
case("atan2", lambda x, y: torch.atan2(x, y), {"x": floats(3, 4), "y": floats(4)})


def positive(*shape):
    # A matrix of this kind is one up to the rounding of its elements to float32.
    x = floats(*shape)
    return (x @ x.mT + torch.eye(shape[-1])).float().double()


def regular(*shape):
    return floats(*shape) + 3 * torch.eye(shape[-1], dtype=torch.float64)


case("cholesky", torch.linalg.cholesky, {"x": positive(2, 4, 4)})
case("solve", torch.linalg.solve, {"A": regular(2, 3, 3), "B": floats(3, 2)})
case("solve", torch.linalg.solve, {"A": regular(3, 3), "B": floats(3)})
case("inverse", torch.linalg.inv, {"A": regular(2, 3, 3)})
case("slogdet", lambda x: torch.linalg.slogdet(x)[1], {"x": floats(4, 3, 3)})
case("determinant", lambda x: torch.linalg.det(x), {"x": floats(4, 3, 3)})
case("logdet", torch.logdet, {"x": positive(2, 3, 3)})
for upper in [False, True]:
    for unit in [False, True]:
        case(
            "solve_triangular",
            lambda A, B, u=upper, o=unit: torch.linalg.solve_triangular(A, B, upper=u, unitriangular=o),
            {"A": regular(2, 3, 3), "B": floats(2, 3, 2)}, upper=upper, unit=unit)
far = torch.tensor([[-20.25, -1.25, -0.25], [0.5, 9.5, 300.0]], dtype=torch.float64)
for x in [floats(3, 5, low=0.1, high=6), far]:
    case("lgamma", torch.lgamma, {"x": x})
    # Of order 1 PyTorch's has ten digits in double precision.
    for order in range(2, 5):
        case("polygamma", lambda x, n=order: torch.polygamma(n, x), {"x": x}, order=order)
for reduction in ["mean", "none"]:
    case(
        "nll_loss", lambda x, target, r=reduction: F.nll_loss(x, target, reduction=r),
        {"x": floats(2, 3, 2, 4), "target": labels(2, 2, 4, classes=3)}, reduction=reduction)
case("masked_fill", lambda x, mask: x.masked_fill(mask, 3.0), {"x": floats(3, 1), "mask": labels(2, 3, 4, classes=2).bool()})


# Vectors may have another sign by another LAPACK, which these functions do not show.
def squeezed_by_svd(x):
    u, values, v = torch.linalg.svd(x, full_matrices=False)
    return u * values.tanh().unsqueeze(-2) @ v


def squeezed_by_eigh(x):
    values, vectors = torch.linalg.eigh(x)
    return vectors * values.tanh().unsqueeze(-2) @ vectors.mT


for shape in [(2, 4, 3), (3, 3), (2, 3, 5)]:
    case("qr_q", lambda x: torch.linalg.qr(x)[0], {"x": floats(*shape)})
    case("qr_r", lambda x: torch.linalg.qr(x)[1], {"x": floats(*shape)})
    case("singular_values", lambda x: torch.linalg.svdvals(x), {"x": floats(*shape)})
    case("svd", squeezed_by_svd, {"x": floats(*shape)})
for x in [floats(2, 4, 4), floats(3, 3)]:
    case("eigenvalues", lambda x: torch.linalg.eigh(x)[0], {"x": x})
    case("eigenvectors", squeezed_by_eigh, {"x": x})
for shape, dim in [((5,), 0), ((3, 7), 1), ((2, 6, 3), -2)]:
    case("logcumsumexp", lambda x, d=dim: torch.logcumsumexp(x, d), {"x": floats(*shape, low=-40, high=40)}, dim=dim)
for shape, kernel, dilation, padding, stride in [
    ((2, 3, 5, 4), (3, 2), (1, 1), (0, 0), (1, 1)), ((1, 2, 6, 5), (2, 3), (2, 1), (1, 2), (2, 3)),
    ((2, 1, 4, 4), (2, 2), (1, 1), (0, 0), (2, 2)), ((1, 2, 3, 7), (3, 2), (1, 3), (2, 0), (3, 1))]:
    window = {"dilation": dilation, "padding": padding, "stride": stride}
    case("unfold", lambda x, k=kernel, w=window: F.unfold(x, k, **w), {"x": floats(*shape)}, kernel=kernel, **window)
    columns = F.unfold(torch.zeros(shape), kernel, **window).shape
    case("fold", lambda x, s=shape[2:], k=kernel, w=window: F.fold(x, s, k, **w), {"x": floats(*columns)}, size=shape[2:],
         kernel=kernel, **window)
for align in [False, True]:
    for mode in ["bilinear", "nearest"]:
        for border in [False, True]:
            case(
                "grid_sample",
                lambda x, grid, a=align, m=mode, b=border: F.grid_sample(
                    x, grid, mode=m, padding_mode="border" if b else "zeros", align_corners=a),
                {"x": floats(2, 3, 4, 5), "grid": floats(2, 3, 6, 2, low=-1.4, high=1.4)}, align_corners=align,
                nearest=mode == "nearest", border=border)
            # Places at the border and between pixels.
            case(
                "grid_sample",
                lambda x, grid, a=align, m=mode, b=border: F.grid_sample(
                    x, grid, mode=m, padding_mode="border" if b else "zeros", align_corners=a),
                {"x": floats(1, 2, 3, 5), "grid": F.affine_grid(torch.eye(2, 3, dtype=torch.float64)[None], (1, 2, 3, 9), True)},
                align_corners=align, nearest=mode == "nearest", border=border)
    for size in [(3, 4), (1, 5)]:
        case("affine_grid", lambda theta, a=align, s=size: F.affine_grid(theta, (2, 1) + s, align_corners=a),
             {"theta": floats(2, 2, 3)}, size=size, align_corners=align)
for reduction in ["mean", "amax", "amin"]:
    for included in [True, False]:
        for dim, index in [(0, [[1, 2], [2, 2], [0, 1], [1, 2]]), (-1, [[3, 0, 3, 3], [1, 1, 0, 1]])]:
            index = torch.tensor(index)
            case(
                "scatter_reduce",
                lambda x, values, index, d=dim, r=reduction, i=included: x.scatter_reduce(d, index, values, r, include_self=i),
                # Many of the rounded numbers are equal. PyTorch lets an element that is left out have a part of the gradient
                # where it is equal, too; here it is not.
                {"x": floats(3, 4).round() + (0 if included else 0.5), "values": floats(*index.shape).round(), "index": index}, dim=dim,
                reduction=reduction, included=included)


def windows(*shape):
    # No two elements alike, so that each window has one largest.
    return (torch.randperm(math.prod(shape), generator=generator).double() / 8 - 1).reshape(shape)


for size, kernel, stride, padding in [
    ((5, 7), (2, 2), (2, 2), (0, 0)), ((6, 8), (3, 2), (2, 3), (1, 0)), ((4, 9), (3, 4), (3, 3), (1, 2)),
    ((2, 3), (3, 3), (2, 2), (0, 0)), ((3, 7), (2, 3), (3, 1), (1, 1))]:
    case(
        "max_pool2d_of_pairs",
        lambda x, k=kernel, s=stride, p=padding: F.max_pool2d(x, k, s, p, ceil_mode=True),
        {"x": windows(2, 1, *size)}, kernel=kernel, stride=stride, padding=padding, dilation=[1, 1])
    case(
        "avg_pool2d_of_pairs", lambda x, k=kernel, s=stride, p=padding: F.avg_pool2d(x, k, s, p, ceil_mode=True),
        {"x": floats(2, 1, *size)}, kernel=kernel, stride=stride, padding=padding, rounds_up=True, counts_padding=True)
case(
    "max_pool2d_of_pairs",
    lambda x: F.max_pool2d(x, (2, 3), (2, 1), (1, 1), dilation=(3, 2), ceil_mode=True),
    {"x": windows(1, 2, 7, 6)}, kernel=[2, 3], stride=[2, 1], padding=[1, 1], dilation=[3, 2])
for scale, shape in [(0.0, (2, 2)), (1e-9, (3, 3)), (0.4, (4, 4)), (3.0, (3, 3)), (12.0, (2, 2)), (1.0, (1, 1)), (1.0, (0, 0))]:
    case("matrix_exp", torch.matrix_exp, {"x": floats(*shape) * scale})
case("matrix_exp", torch.matrix_exp,
     {"x": floats(2, 3, 2, 2) * torch.tensor([1e-6, 1.0, 6.0]).reshape(3, 1, 1)})
case("matrix_exp", torch.matrix_exp, {"x": floats(5, 5).triu(1) * 4})
for stride, padding, dilation, groups, size, kernel in [
    ((1, 1, 1), (0, 0, 0), (1, 1, 1), 1, (3, 4, 5), (2, 3, 2)), ((2, 1, 3), (1, 2, 0), (1, 1, 1), 2, (4, 3, 5), (3, 3, 2)),
    ((1, 2, 1), (2, 0, 1), (2, 1, 2), 1, (3, 4, 3), (3, 1, 2)), ((3, 1, 1), (0, 0, 0), (1, 1, 1), 4, (2, 2, 2), (1, 2, 1))]:
    case(
        "conv3d",
        lambda x, weight, bias, s=stride, p=padding, d=dilation, g=groups: F.conv3d(
            x, weight, bias, stride=s, padding=p, dilation=d, groups=g),
        {"x": floats(2, 4, *size), "weight": floats(4, 4 // groups, *kernel), "bias": floats(4)},
        stride=stride, padding=padding, dilation=dilation, groups=groups)
for size, kernel, stride, padding, up in [
    ((4, 4, 4), (2, 2, 2), (2, 2, 2), (0, 0, 0), False), ((5, 4, 3), (3, 2, 1), (2, 1, 2), (1, 1, 0), False),
    ((5, 3, 6), (2, 2, 3), (2, 2, 2), (0, 1, 1), True)]:
    case(
        "max_pool3d", lambda x, k=kernel, s=stride, p=padding, u=up: F.max_pool3d(x, k, s, p, ceil_mode=u),
        {"x": windows(1, 2, *size)}, kernel=kernel, stride=stride, padding=padding, dilation=[1, 1, 1], rounds_up=up)


def average_pooling(op, function, size, kernel, stride, padding, up, counts, divisor):
    case(
        op, lambda x: function(x, kernel, stride, padding, ceil_mode=up, count_include_pad=counts, divisor_override=divisor),
        {"x": floats(2, 1, *size)}, kernel=kernel, stride=stride, padding=padding, rounds_up=up, counts_padding=counts,
        **({"divisor": divisor} if divisor else {}))


for size, kernel, stride, padding in [
    ((6, 8), (3, 2), (2, 3), (1, 0)), ((4, 9), (3, 4), (3, 3), (1, 2)), ((3, 7), (2, 3), (3, 1), (1, 1)), ((5, 4), (2, 3), (1, 2), (0, 0))]:
    for up in [False, True]:
        for counts, divisor in [(False, None), (True, 5), (False, -2)]:
            average_pooling("avg_pool2d_of_pairs", F.avg_pool2d, size, kernel, stride, padding, up, counts, divisor)
for size, kernel, stride, padding, up, counts, divisor in [
    ((4, 4, 4), (2, 2, 2), (2, 2, 2), (0, 0, 0), False, True, None), ((5, 4, 3), (3, 2, 2), (2, 1, 2), (1, 1, 0), False, True, None),
    ((5, 3, 6), (2, 2, 3), (2, 2, 2), (1, 1, 1), True, True, None), ((5, 3, 6), (2, 2, 3), (2, 2, 2), (1, 1, 1), True, False, None),
    ((4, 5, 3), (3, 3, 2), (1, 2, 1), (1, 1, 1), False, False, None), ((4, 5, 3), (3, 3, 2), (3, 2, 2), (1, 0, 1), True, False, 7)]:
    average_pooling("avg_pool3d", F.avg_pool3d, size, kernel, stride, padding, up, counts, divisor)
case(
    "max_pool3d", lambda x: F.max_pool3d(x, (2, 3, 2), (1, 2, 1), (1, 1, 0), dilation=(2, 1, 3), ceil_mode=True),
    {"x": windows(1, 2, 5, 6, 7)}, kernel=[2, 3, 2], stride=[1, 2, 1], padding=[1, 1, 0], dilation=[2, 1, 3], rounds_up=True)
for size in [(1, 1), (2, 3), (3, 2), (5, 4), (7, 6)]:
    case("adaptive_max_pool2d", lambda x, s=size: F.adaptive_max_pool2d(x, s), {"x": windows(2, 1, 6, 7)}, size=size)
# Where several elements are largest, the first of them has the gradient.
case("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (3, 2)), {"x": floats(1, 2, 5, 5).round()}, size=[3, 2])
for size in [(1, 1, 1), (2, 3, 2), (4, 3, 7)]:
    case("adaptive_avg_pool3d", lambda x, s=size: F.adaptive_avg_pool3d(x, s), {"x": floats(1, 2, 5, 6, 4)}, size=size)
for shape in [(2, 8, 2, 3), (4, 3, 1), (2, 1, 12, 2, 2)]:
    case("pixel_shuffle", lambda x: F.pixel_shuffle(x, 2), {"x": floats(*shape)}, factor=2)
for shape in [(2, 1, 3, 6), (2, 6, 3), (1, 2, 2, 3, 3)]:
    case("pixel_unshuffle", lambda x: F.pixel_unshuffle(x, 3), {"x": floats(*shape)}, factor=3)
for shape in [(2, 6, 2, 3), (1, 3, 4), (2, 6, 1, 2, 2)]:
    case("channel_shuffle", lambda x: F.channel_shuffle(x, 3), {"x": floats(*shape)}, groups=3)
for stride, padding, extra, dilation in [((1, 2), (0, 1), (1, 2), (2, 3)), ((1, 1), (3, 2), (2, 0), (3, 1)), ((2, 1), (1, 0), (1, 3), (1, 4))]:
    case(
        "conv_transpose2d",
        lambda x, weight, bias, s=stride, p=padding, e=extra, d=dilation: F.conv_transpose2d(
            x, weight, bias, stride=s, padding=p, output_padding=e, dilation=d, groups=2),
        {"x": floats(1, 4, 3, 4), "weight": floats(4, 2, 3, 2), "bias": floats(4)},
        stride=stride, padding=padding, output_padding=extra, dilation=dilation, groups=2)
case("conv_transpose1d",
     lambda x, weight, bias: F.conv_transpose1d(x, weight, bias, stride=2, padding=1, output_padding=2, dilation=3),
     {"x": floats(2, 2, 4), "weight": floats(2, 3, 2), "bias": floats(3)},
     stride=2, padding=1, output_padding=2, dilation=3, groups=1)
for size in [(1, 1, 1), (2, 3, 2), (4, 3, 7)]:
    case("adaptive_max_pool3d", lambda x, s=size: F.adaptive_max_pool3d(x, s), {"x": windows(1, 2, 5, 6, 4)}, size=size)
case("adaptive_max_pool3d", lambda x: F.adaptive_max_pool3d(x, 2), {"x": floats(1, 2, 5, 4, 3).round()}, size=[2, 2, 2])
# Where several elements are largest, the last of them has the gradient.
for dim, shape in [(0, [7]), (1, [2, 5, 3]), (-1, [3, 12])]:
    case("cummax", lambda x, d=dim: torch.cummax(x, d).values, {"x": floats(*shape).round()}, dim=dim)
    case("cummin", lambda x, d=dim: torch.cummin(x, d).values, {"x": floats(*shape).round()}, dim=dim)

print(json.dumps({"torch": torch.__version__, "cases": cases}))
