"""Gradients of one batch by PyTorch's autograd, for torch_gradient_test.cpp.

usage: torch_gradient.py MODEL.safetensors SEQUENCES.safetensors PARTS OUT

Reads a model with PyTorch's names and sequences `samples` [n, T, input] with `labels` [n]; runs all parts but the last
without gradient, carrying the state, and writes the gradient of the mean cross-entropy at the end of the last part, in FP64:
the tensors weight_ih, weight_hh, bias, fc.weight and fc.bias one after the other as raw FP64.
"""

import json
import struct
import sys

import numpy as np
import torch


def tensors(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    kinds = {"F32": np.float32, "I64": np.int64}
    result = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = (8 + length + offset for offset in entry["data_offsets"])
            result[name] = np.frombuffer(content[first:last], kinds[entry["dtype"]]).reshape(entry["shape"])
    return result


def main():
    model_path, sequences_path, parts, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(1)
    model, sequences = tensors(model_path), tensors(sequences_path)
    hidden, inputs = model["lstm.weight_hh_l0"].shape[1], model["lstm.weight_ih_l0"].shape[1]
    lstm = torch.nn.LSTM(inputs, hidden, batch_first=True).double()
    head = torch.nn.Linear(hidden, model["fc.bias"].shape[0]).double()
    with torch.no_grad():
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            getattr(lstm, name).copy_(torch.from_numpy(model["lstm." + name].astype(np.float64)))
        head.weight.copy_(torch.from_numpy(model["fc.weight"].astype(np.float64)))
        head.bias.copy_(torch.from_numpy(model["fc.bias"].astype(np.float64)))
    samples = torch.from_numpy(sequences["samples"].astype(np.float64))
    labels = torch.from_numpy(sequences["labels"].copy())
    steps = -(-samples.shape[1] // parts)
    pieces = samples.split(steps, dim=1)
    state = None
    for piece in pieces[:-1]:
        with torch.no_grad():
            _, state = lstm(piece, state)
    outputs, _ = lstm(pieces[-1], state)
    torch.nn.functional.cross_entropy(head(outputs[:, -1]), labels).backward()
    with open(out, "wb") as file:
        for parameter in (lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, head.weight, head.bias):
            file.write(parameter.grad.numpy().astype(np.float64).tobytes())


main()
