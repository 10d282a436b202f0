"""The benchmark's workload on PyTorch: nn.LSTM and nn.Linear, autograd, FPTT-SGD in tensor operations.

Started as `torch_peer.py WORKLOAD THREADS [DEVICE]` by the benchmark and by `partita baseline`; DEVICE is cpu or cuda.
Says one JSON line when ready; answers each line `run PARTS REPEATS` with one JSON line: seconds of each pass, loss and
change of each tensor after the last one, page faults per pass.
"""

import json
import resource
import struct
import sys
import time

try:
    import torch
except ImportError as error:
    print(json.dumps({"missing": str(error)}), flush=True)
    sys.exit(0)


def read_workload(path):
    with open(path, "rb") as file:
        content = file.read()
    (header_bytes,) = struct.unpack_from("=Q", content)
    sizes = json.loads(content[8 : 8 + header_bytes])
    steps, batch = sizes["steps"], sizes["batch"]
    hidden, classes = sizes["hidden"], sizes["classes"]
    offset = 8 + header_bytes

    def take(*shape):
        nonlocal offset
        count = torch.Size(shape).numel()
        tensor = torch.frombuffer(bytearray(content[offset : offset + 4 * count]), dtype=torch.float32)
        offset += 4 * count
        return tensor.reshape(shape)

    samples = take(steps, batch, 1)
    weights = [
        take(4 * hidden, 1),
        take(4 * hidden, hidden),
        take(4 * hidden),
        take(classes, hidden),
        take(classes),
    ]
    return sizes, samples, weights


class Trainer:
    def __init__(self, sizes, samples, weights, device):
        self.device = device
        self.samples = samples.to(device)
        self.labels = torch.tensor(sizes["labels"], device=device)
        self.learning_rate = sizes["learning_rate"]
        self.alpha = sizes["alpha"]
        self.batch, self.hidden = sizes["batch"], sizes["hidden"]
        self.lstm = torch.nn.LSTM(1, self.hidden, device=device)
        self.head = torch.nn.Linear(self.hidden, sizes["classes"], device=device)
        self.initial = weights

        # The second bias only repeats the first: it stays zero and takes no gradient.
        self.lstm.bias_hh_l0.requires_grad_(False).zero_()
        trained = [
            self.lstm.weight_ih_l0,
            self.lstm.weight_hh_l0,
            self.lstm.bias_ih_l0,
            self.head.weight,
            self.head.bias,
        ]
        # Parameters and gradients are views of one tensor each, so that the update is a few large operations.
        count = sum(parameter.numel() for parameter in trained)
        self.weights, self.gradients, self.e, self.d = (torch.zeros(count, device=device) for _ in range(4))
        self.before, self.moved = (torch.empty(count, device=device) for _ in range(2))
        self.views = []
        offset = 0
        for parameter in trained:
            span = slice(offset, offset + parameter.numel())
            parameter.data = self.weights[span].view(parameter.shape)
            parameter.grad = self.gradients[span].view(parameter.shape)
            self.views.append(parameter.data)
            offset = span.stop

    @torch.no_grad()
    def reset(self):
        for view, value in zip(self.views, self.initial):
            view.copy_(value)
        for tensor in (self.gradients, self.e, self.d):
            tensor.zero_()

    @torch.no_grad()
    def update(self):
        """W' = W - lr*(g - alpha*e); D = W' - W; e' = e + d/2 - D; d' = D - e. The gradients are left zero."""
        self.before.copy_(self.weights)
        self.gradients.sub_(self.e, alpha=self.alpha)
        self.weights.sub_(self.gradients, alpha=self.learning_rate)
        torch.sub(self.weights, self.before, out=self.moved)
        torch.sub(self.moved, self.e, out=self.before)
        self.e.add_(self.d, alpha=0.5).sub_(self.moved)
        self.d, self.before = self.before, self.d
        self.gradients.zero_()

    def train(self, parts):
        """One pass; the loss summed over the batch before the last update."""
        state = tuple(torch.zeros(1, self.batch, self.hidden, device=self.device) for _ in range(2))
        for part in self.samples.chunk(parts):
            sequence, state = self.lstm(part, state)
            loss = torch.nn.functional.cross_entropy(self.head(sequence[-1]), self.labels)
            loss.backward()
            state = tuple(tensor.detach() for tensor in state)
            self.update()
        return loss.item() * self.batch

    def change(self):
        return [
            (view.double().cpu() - value.double()).norm().item() for view, value in zip(self.views, self.initial)
        ]


def synchronise(device):
    """Work for a CUDA device is only queued when a call returns."""
    if device == "cuda":
        torch.cuda.synchronize()


def wait_until_idle():
    """OpenMP threads spin for a while after their last work; nobody else is to be measured meanwhile."""
    for _ in range(100):
        before = time.process_time()
        time.sleep(0.005)
        if time.process_time() - before < 0.0005:
            return


def blas_libraries():
    """Names of the BLAS libraries that PyTorch loaded, and whether none of them is an optimised one."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split()[-1] for line in maps if "blas" in line or "libmkl" in line or "blis" in line}
    names = sorted(path.split("/")[-1] for path in paths)
    optimised = any(word in path for path in paths for word in ("openblas", "blis", "mkl", "atlas"))
    return ", ".join(names) or "built in", bool(names) and not optimised


def main():
    sizes, samples, weights = read_workload(sys.argv[1])
    torch.set_num_threads(int(sys.argv[2]))
    trainer = Trainer(sizes, samples, weights, sys.argv[3] if len(sys.argv) > 3 else "cpu")
    blas, reference_blas = blas_libraries()
    greeting = {
        "torch": torch.__version__,
        "blas": blas,
        "reference_blas": reference_blas,
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
    print(json.dumps(greeting), flush=True)
    for line in sys.stdin:
        _, parts, repeats = line.split()
        seconds = []
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(int(repeats)):
            trainer.reset()
            synchronise(trainer.device)
            start = time.perf_counter()
            loss = trainer.train(int(parts))
            synchronise(trainer.device)
            seconds.append(time.perf_counter() - start)
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
        wait_until_idle()
        answer = {
            "seconds": seconds,
            "loss": loss,
            "change": trainer.change(),
            "page_faults": faults // int(repeats),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
