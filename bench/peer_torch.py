"""The training steps of bench/training_steps.cpp and the operations of bench/families.cpp with PyTorch on a GPU, for
`./run gpu-check`, written as its users would. Prints the median milliseconds of each, as gg_bench --device cuda does."""
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH = 128
DEVICE = torch.device("cuda")


def measure(row, step, seconds=0.5, calls=1, work=None):
    times = []
    for i in range(5000):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(calls):
            step()
        torch.cuda.synchronize()
        if i >= 3:
            times.append((time.perf_counter() - start) / calls)
        if len(times) >= 5 and calls * sum(times) > seconds:
            break
    median = statistics.median(times)
    rate = f"{work[0] * 1e-9 / median:10.0f} {work[1]}" if work else ""
    print(f"{row:<36}{'ms':>5}{1e3 * median:10.3f}{rate}", flush=True)


def chain(name, x, second, op, length=1000):
    """bench/ops.cpp"""

    def forward():
        y = x
        for _ in range(length):
            y = op(y)
        return y

    def no_grad():
        with torch.no_grad():
            forward()

    def second_backward():
        g, = torch.autograd.grad(forward().sum(), x, create_graph=True)
        torch.autograd.grad(g.sum(), second)

    for what, step in (("no grad", no_grad), ("recorded", forward),
                       ("+ backward", lambda: torch.autograd.grad(forward().sum(), x)),
                       ("+ second backward", second_backward)):
        measure(f"{name}: {what}, 1000 times", step)


def ops():
    x = (torch.rand(16, device=DEVICE) + 0.5).requires_grad_()
    factor = (torch.rand(16, device=DEVICE) * 0.002 + 0.999).requires_grad_()
    chain("mul", x, factor, lambda y: y * factor)
    chain("tanh", x, x, torch.tanh)


def training_step(row, parameters, loss):
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    measure(row, step)


def mlp():
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)).to(DEVICE)
    x, y = torch.rand(BATCH, 784, device=DEVICE), torch.randint(10, (BATCH,), device=DEVICE)
    training_step("MLP step", model.parameters(), lambda: F.cross_entropy(model(x), y))


def vae():
    sizes = {"hidden": (784, 400), "mu": (400, 20), "logvar": (400, 20), "decode": (20, 400), "image": (400, 784)}
    net = nn.ModuleDict({name: nn.Linear(*size) for name, size in sizes.items()}).to(DEVICE)
    x = torch.rand(BATCH, 784, device=DEVICE)

    def loss():
        h = torch.relu(net["hidden"](x))
        mu, logvar = net["mu"](h), net["logvar"](h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        logits = net["image"](torch.relu(net["decode"](z)))
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl

    training_step("VAE step", net.parameters(), loss)


def conv():
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Sigmoid()).to(DEVICE)
    x = torch.rand(BATCH, 1, 28, 28, device=DEVICE)
    training_step("conv autoencoder step", model.parameters(), lambda: F.mse_loss(model(x), x))


def adamw(tensors):
    parameters = [torch.randn(50_000_000 // tensors, device=DEVICE, requires_grad=True) for _ in range(tensors)]
    for p in parameters:
        p.grad = torch.randn_like(p)
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
    measure(f"AdamW 50M, {tensors} tensor" + ("s" if tensors > 1 else ""), optimizer.step)


ROWS, COLUMNS = 65536, 1024


class Families:
    """bench/families.cpp"""

    def __init__(self):
        self.matrix_bytes = 4 * ROWS * COLUMNS

    def matrix(self):
        return torch.randn(ROWS, COLUMNS, device=DEVICE)

    def row(self, name, arrays, call):
        measure(name, call, calls=10, work=(arrays * self.matrix_bytes, "GB/s"))

    def row_with_grad(self, name, arrays, arrays_of_gradient, x, call):
        with torch.no_grad():
            self.row(name, arrays, lambda: call(x))
        x = x.detach().requires_grad_()
        y = call(x)
        g = torch.randn_like(y)
        self.row(name + ", backward", arrays_of_gradient, lambda: torch.autograd.grad(y, x, g, retain_graph=True))

    def product(self, name, flops, call):
        measure(name, call, calls=10, work=(flops, "GFLOP/s"))

    def run(self):
        for part in (self.elementwise, self.layouts, self.reductions, self.rows, self.norms, self.indices,
                     self.windows, self.random, self.products):
            part()
            torch.cuda.empty_cache()

    def elementwise(self):
        x, y, r, c = self.matrix(), self.matrix(), torch.randn(COLUMNS, device=DEVICE), torch.randn(ROWS, 1, device=DEVICE)
        self.row("copy", 2, lambda: x.clone())
        self.row("add", 3, lambda: x + y)
        self.row("add a row", 2, lambda: x + r)
        self.row("add a column", 2, lambda: x + c)
        self.row("exp", 2, lambda: torch.exp(x))
        self.row_with_grad("tanh", 2, 3, x, torch.tanh)
        self.row_with_grad("sigmoid", 2, 3, x, torch.sigmoid)
        self.row_with_grad("gelu", 2, 3, x, F.gelu)
        w = x.detach().requires_grad_()
        v = torch.tanh(w)
        g = torch.randn_like(v).requires_grad_()
        first, = torch.autograd.grad(v, w, g, create_graph=True)
        self.row("tanh, second backward", 5, lambda: torch.autograd.grad(first, [w, g], y, retain_graph=True))

    def layouts(self):
        x, y, z = self.matrix(), torch.randn(COLUMNS, ROWS, device=DEVICE), self.matrix()
        self.row("transposed copy", 2, lambda: y.t().contiguous())
        self.row("add a transposed", 3, lambda: x + y.t())
        self.row("every second column", 1, lambda: x[:, ::2].contiguous())
        self.row("concat", 4, lambda: torch.cat([x, z], 1))

    def reductions(self):
        x = self.matrix()
        self.row("sum", 1, lambda: x.sum())
        self.row("sum of rows", 1, lambda: x.sum(1))
        self.row("sum of columns", 1, lambda: x.sum(0))
        self.row("var of rows", 1, lambda: x.var(1))
        self.row("max of rows", 1, lambda: torch.amax(x, 1))
        self.row("argmax of columns", 1, lambda: x.argmax(0))

    def rows(self):
        self.row_with_grad("softmax", 2, 3, self.matrix(), lambda t: t.softmax(-1))
        self.row_with_grad("softmax of columns", 2, 3, self.matrix(), lambda t: t.softmax(0))
        self.row_with_grad("log_softmax, wide rows", 2, 3, torch.randn(ROWS * COLUMNS // 65536, 65536, device=DEVICE),
                           lambda t: t.log_softmax(-1))
        target = torch.randint(COLUMNS, (ROWS,), device=DEVICE)
        self.row_with_grad("cross-entropy", 1, 2, self.matrix(), lambda t: F.cross_entropy(t, target, reduction="none"))

    def norms(self):
        w, b = torch.randn(COLUMNS, device=DEVICE), torch.randn(COLUMNS, device=DEVICE)
        self.row_with_grad("layer_norm", 2, 3, self.matrix(), lambda t: F.layer_norm(t, (COLUMNS,), w, b))
        images = torch.randn(ROWS * COLUMNS // (64 * 32 * 32), 64, 32, 32, device=DEVICE)
        wc, bc = torch.randn(64, device=DEVICE), torch.randn(64, device=DEVICE)
        self.row_with_grad("batch_norm", 2, 3, images, lambda t: F.batch_norm(t, None, None, wc, bc, training=True))

    def indices(self):
        count = ROWS * COLUMNS // 128
        table, index = torch.randn(count, 128, device=DEVICE), torch.randint(count, (count,), device=DEVICE)
        elements, x = torch.randint(COLUMNS, (ROWS, COLUMNS), device=DEVICE), self.matrix()
        self.row("index_select", 2, lambda: table.index_select(0, index))
        self.row("index_add", 2, lambda: torch.zeros_like(table).index_add_(0, index, table))
        self.row("gather", 4, lambda: x.gather(1, elements))
        self.row("scatter_add", 5, lambda: x.scatter_add(1, elements, x))

    def windows(self):
        images = torch.randn(ROWS * COLUMNS // (16 * 64 * 64), 16, 64, 64, device=DEVICE)
        self.row_with_grad("max_pool2d", 1.25, 1.5, images, lambda t: F.max_pool2d(t, 2))
        self.row_with_grad("avg_pool2d", 1.25, 1.25, images, lambda t: F.avg_pool2d(t, 2))
        small = images[:images.size(0) // 4]
        self.row_with_grad("interpolate_nearest", 1.25, 1.25, small, lambda t: F.interpolate(t, (128, 128)))

    def random(self):
        self.row("rand", 1, lambda: torch.rand(ROWS, COLUMNS, device=DEVICE))
        self.row("randn", 1, lambda: torch.randn(ROWS, COLUMNS, device=DEVICE))
        x = self.matrix()
        self.row("dropout", 2, lambda: F.dropout(x, 0.5))
        measure("randperm", lambda: torch.randperm(10_000_000, device=DEVICE), calls=10, work=(8e7, "GB/s"))

    def products(self):
        n = 4096
        a, b = torch.randn(n, n, device=DEVICE), torch.randn(n, n, device=DEVICE)
        self.product("matmul", 2 * n**3, lambda: a @ b)
        self.product("matmul, transposed", 2 * n**3, lambda: a.t() @ b.t())
        p, q = torch.randn(64, 128, 128, device=DEVICE), torch.randn(64, 128, 128, device=DEVICE)
        self.product("matmul, batch of small", 64 * 2 * 128**3, lambda: p @ q)
        x, w = torch.randn(64, 64, 56, 56, device=DEVICE), torch.randn(64, 64, 3, 3, device=DEVICE)
        g = torch.randn_like(x)
        flops = 2 * x.numel() * 64 * 9
        self.product("conv2d", flops, lambda: F.conv2d(x, w, padding=1))
        for name, mask in (("input", (True, False, False)), ("weight", (False, True, False))):
            self.product(f"conv2d, {name}", flops, lambda: torch.ops.aten.convolution_backward(
                g, x, w, None, (1, 1), (1, 1), (1, 1), False, (0, 0), 1, mask))


if __name__ == "__main__":
    torch.manual_seed(1)
    # gradgrad multiplies in full precision too.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    print(f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}")
    ops()
    mlp()
    vae()
    conv()
    adamw(1)
    adamw(50)
    Families().run()
