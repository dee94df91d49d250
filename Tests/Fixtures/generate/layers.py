#!/usr/bin/env python3
"""Makes layers.json: layers as PyTorch initializes them from a seed, and their results and gradients in double precision.

usage: layers.py > ../layers.json
"""
import json
import torch, torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_num_threads(1)


def array(x):
    return {"shape": list(x.shape), "dtype": str(x.dtype)[6:], "data": x.detach().flatten().tolist()}


def entries(pairs):
    return [{"name": name, "tensor": array(x)} for name, x in pairs]


def over(lengths):
    """A call with sequences of these lengths."""
    def call(model, x, state=None):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        output, end = model(packed, state)
        return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], end
    return call


def layer(make, shape, state=(), call=None, lengths=None):
    torch.manual_seed(5)
    model = make()
    # In single precision, as they are drawn.
    initial = entries((name, x.float()) for name, x in model.state_dict().items())
    model = model.double().train()
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    given = [torch.randn(s, dtype=torch.float64) for s in state]
    arguments = [x] if not given else [x, given[0] if len(given) == 1 else tuple(given)]
    if lengths:
        call = over(lengths)
    result = call(*[model] + arguments) if call else model(*arguments)
    output, end = result if isinstance(result, tuple) else (result, ())
    end = [end] if isinstance(end, torch.Tensor) else list(end)
    (output.square().sum() + sum(e.sin().sum() for e in end)).backward()
    return ({"lengths": lengths} if lengths else {}) | {
        "initial": initial, "input": array(x), "state": [array(s) for s in given], "output": array(output),
        "end": [array(e) for e in end], "input_gradient": array(x.grad),
        "gradients": entries((name, p.grad) for name, p in model.named_parameters())}


print(json.dumps({
    "torch": torch.__version__,
    "layers": {
        "lstm": layer(lambda: nn.LSTM(3, 4, batch_first=True), (2, 5, 3)),
        "deep bidirectional lstm": layer(
            lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True), (2, 5, 3),
            [(4, 2, 4), (4, 2, 4)]),
        "lstm without bias": layer(lambda: nn.LSTM(2, 3, num_layers=2, bias=False, batch_first=True), (1, 3, 2)),
        "gru": layer(lambda: nn.GRU(3, 4, batch_first=True), (2, 5, 3)),
        "deep bidirectional gru": layer(
            lambda: nn.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True), (2, 5, 3), [(4, 2, 4)]),
        "lstm of different lengths": layer(
            lambda: nn.LSTM(3, 4, batch_first=True), (4, 5, 3), lengths=[3, 4, 1, 2]),
        "deep bidirectional lstm of different lengths": layer(
            lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True), (4, 5, 3),
            [(4, 4, 4), (4, 4, 4)], lengths=[2, 5, 1, 4]),
        "gru of different lengths": layer(
            lambda: nn.GRU(3, 4, batch_first=True), (4, 5, 3), lengths=[3, 4, 1, 2]),
        "deep bidirectional gru of different lengths": layer(
            lambda: nn.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True), (4, 5, 3), [(4, 4, 4)],
            lengths=[2, 5, 1, 4]),
        "rnn": layer(lambda: nn.RNN(3, 4, batch_first=True), (2, 5, 3)),
        "deep bidirectional rnn": layer(
            lambda: nn.RNN(3, 4, num_layers=2, nonlinearity="relu", bidirectional=True, batch_first=True), (2, 5, 3),
            [(4, 2, 4)]),
        "rnn of different lengths": layer(
            lambda: nn.RNN(3, 4, nonlinearity="relu", bias=False, batch_first=True), (4, 5, 3), lengths=[3, 4, 1, 2]),
        "deep bidirectional rnn of different lengths": layer(
            lambda: nn.RNN(3, 4, num_layers=2, bidirectional=True, batch_first=True), (4, 5, 3), [(4, 4, 4)],
            lengths=[2, 5, 1, 4]),
        "rnn cell": layer(lambda: nn.RNNCell(3, 4), (2, 3), [(2, 4)]),
        "rnn cell of one sequence": layer(lambda: nn.RNNCell(3, 4, bias=False, nonlinearity="relu"), (3,)),
        "transposed convolution": layer(
            lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (2, 4, 3, 3)),
        "convolution of a sequence": layer(lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), (2, 4, 7)),
        "groups": layer(
            lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(2)),
            (2, 2, 6, 5)),
        "root mean square": layer(lambda: nn.Sequential(nn.Linear(5, 4), nn.RMSNorm(4)), (3, 2, 5)),
        "enlarged": layer(
            lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2, 3, 3), nn.MaxPool2d(2)), (1, 2, 4, 4)),
        "convolutions along one dimension": layer(
            lambda: nn.Sequential(
                nn.Conv2d(4, 6, (1, 5), stride=(1, 2), padding=(0, 3), dilation=(1, 2), groups=2),
                nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
                nn.ConvTranspose2d(6, 2, (2, 3), stride=(2, 3), padding=(0, 1), output_padding=(1, 2), dilation=(2, 1)),
                nn.AvgPool2d((1, 3), stride=(2, 1), padding=(0, 1)), nn.AdaptiveAvgPool2d((2, 3))), (2, 4, 5, 12)),
        "volumes": layer(
            lambda: nn.Sequential(
                nn.Conv3d(2, 4, (3, 2, 1), stride=(2, 1, 1), padding=(1, 0, 2), groups=2), nn.BatchNorm3d(4), nn.ReLU(),
                nn.Conv3d(4, 3, 2, bias=False), nn.MaxPool3d((2, 1, 3), stride=(1, 2, 2), padding=(1, 0, 1), ceil_mode=True)),
            (2, 2, 5, 4, 3)),
        "pooled beyond the border": layer(
            lambda: nn.Sequential(
                nn.Conv2d(1, 2, 2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True),
                nn.AvgPool2d((3, 2), stride=(2, 3), padding=(1, 0), ceil_mode=True)), (1, 1, 8, 12)),
        "pooled sequence": layer(lambda: nn.Sequential(nn.Conv1d(2, 3, 2), nn.MaxPool1d(2, padding=1)), (2, 2, 8)),
        "pooled sequence beyond its end": layer(
            lambda: nn.Sequential(
                nn.Conv1d(2, 3, 2), nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
                nn.MaxPool1d(3, stride=2, ceil_mode=True), nn.AdaptiveMaxPool1d(3), nn.AdaptiveAvgPool1d(2)), (2, 2, 17)),
        "means of volumes": layer(
            lambda: nn.Sequential(
                nn.Conv3d(1, 2, 2), nn.AvgPool3d((1, 2, 3), stride=(1, 2, 1), padding=(0, 1, 1), count_include_pad=False),
                nn.MaxPool3d(2, stride=1, dilation=(2, 1, 1)), nn.AvgPool3d(2, stride=1, divisor_override=3),
                nn.AdaptiveAvgPool3d((1, 2, 2))), (2, 1, 6, 6, 5)),
        "shuffled": layer(
            lambda: nn.Sequential(
                nn.Conv2d(1, 8, 2), nn.ChannelShuffle(4), nn.PixelShuffle(2), nn.AdaptiveMaxPool2d((6, 5)),
                nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), nn.Conv2d(2, 1, 1), nn.PixelUnshuffle(1),
                nn.AvgPool2d(2, divisor_override=3)), (1, 1, 5, 4)),
        "bilinear": layer(lambda: nn.Bilinear(3, 3, 4), (2, 5, 3), call=lambda m, x: m(x, x.flip(0))),
        "bilinear without bias": layer(lambda: nn.Bilinear(3, 3, 2, bias=False), (4, 3), call=lambda m, x: m(x, x.flip(0))),
        "learned slopes": layer(
            lambda: nn.Sequential(nn.Conv2d(2, 3, 2), nn.PReLU(3), nn.PReLU(), nn.Mish(), nn.Flatten(), nn.Linear(12, 4),
                                  nn.ELU(0.5), nn.Softplus(2, 10), nn.SELU(), nn.LogSigmoid(), nn.Hardswish(), nn.ReLU6()),
            (2, 2, 3, 3)),
        "transposed convolution of a sequence": layer(
            lambda: nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (2, 4, 5)),
        "channels of each image": layer(
            lambda: nn.Sequential(nn.ReflectionPad2d(2), nn.Conv2d(2, 3, 3), nn.InstanceNorm2d(3, affine=True), nn.ReplicationPad2d(1),
                                  nn.ZeroPad2d(1), nn.Conv2d(3, 2, 2), nn.InstanceNorm2d(2)), (2, 2, 3, 4)),
        "channels of one sequence": layer(lambda: nn.InstanceNorm1d(3, affine=True), (3, 4)),
        "lstm cell": layer(lambda: nn.LSTMCell(3, 4), (2, 3), [(2, 4), (2, 4)]),
        "lstm cell of one sequence": layer(lambda: nn.LSTMCell(3, 4, bias=False), (3,)),
        "gru cell": layer(lambda: nn.GRUCell(3, 4), (2, 3), [(2, 4)]),
        "gru cell of one sequence": layer(lambda: nn.GRUCell(3, 4, bias=False), (3,)),
        "attention of one sequence": layer(
            lambda: nn.MultiheadAttention(6, 2, batch_first=True), (3, 6), call=lambda m, x: m(x, x, x)[0]),
        "encoder layer": layer(lambda: nn.TransformerEncoderLayer(6, 2, 5, dropout=0, batch_first=True), (2, 3, 6)),
        "encoder layer of one sequence": layer(
            lambda: nn.TransformerEncoderLayer(4, 2, 5, dropout=0, activation="gelu", batch_first=True, norm_first=True, bias=False),
            (3, 4)),
        "encoder": layer(
            lambda: nn.TransformerEncoder(
                nn.TransformerEncoderLayer(4, 1, 3, dropout=0, layer_norm_eps=1e-3, batch_first=True), 2, norm=nn.LayerNorm(4)),
            (2, 3, 4)),
    }}))
