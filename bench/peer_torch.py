"""The tasks of gg_bench with PyTorch, written as its users would: peer_torch.py TASK THREADS SECONDS DEVICE. gg_bench
--pytorch starts it; tasks, rows and what is printed are those of bench/tasks.h and bench/measure.h."""
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH = 128
TASK, THREADS, SECONDS, DEVICE = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), torch.device(sys.argv[4])
CUDA = DEVICE.type == "cuda"
clock = time.thread_time if THREADS == 1 and not CUDA else time.perf_counter


def synchronize():
    if CUDA:
        torch.cuda.synchronize()


def tell(row, value, bytes=0, flops=0):
    print(f"{row}\t{value:.9g}\t{bytes:.9g}\t{flops:.9g}", flush=True)


def seconds_of(step, calls=1):
    times, spent, wall = [], 0, time.perf_counter()
    for i in range(5003):
        synchronize()
        start = clock()
        for _ in range(calls):
            step()
        synchronize()
        if i >= 3:
            times.append((clock() - start) / calls)
            spent += times[-1] * calls
        if len(times) >= 5 and (spent >= SECONDS or time.perf_counter() - wall >= 4 * SECONDS):
            break
    return statistics.median(times)


def measure(row, step, calls=1, bytes=0, flops=0):
    tell(row, seconds_of(step, calls), bytes, flops)


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
        tell(f"{name}: {what}", seconds_of(step) / length)


def ops():
    x = (torch.rand(16, device=DEVICE) + 0.5).requires_grad_()
    factor = (torch.rand(16, device=DEVICE) * 0.002 + 0.999).requires_grad_()
    chain("mul", x, factor, lambda y: y * factor)
    chain("tanh", x, x, torch.tanh)


def training_step(row, parameters, loss):
    optimizer = torch.optim.AdamW(list(parameters), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    measure(row, step)


def mlp_model(*sizes, activation=nn.ReLU):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1]).to(DEVICE)


def mlp(gradients_only=False):
    model = mlp_model(784, 512, 512, 10)
    x, y = torch.rand(BATCH, 784, device=DEVICE), torch.randint(10, (BATCH,), device=DEVICE)
    loss = lambda: F.cross_entropy(model(x), y)
    if gradients_only:
        measure("MLP, gradients only", lambda: torch.autograd.grad(loss(), list(model.parameters())))
    else:
        training_step("MLP step", model.parameters(), loss)


def mlp_tiny():
    model = mlp_model(2, 16, 16, 1)
    x, y = torch.rand(16, 2, device=DEVICE), torch.rand(16, 1, device=DEVICE)
    training_step("tiny MLP step", model.parameters(), lambda: F.mse_loss(model(x), y))


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


class Gan:
    def __init__(self):
        self.critic = nn.Sequential(nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, 2, 1),
                                    nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(6272, 1)).to(DEVICE)
        self.generator = nn.Sequential(nn.Linear(64, 6272), nn.ReLU(), nn.Unflatten(1, (128, 7, 7)),
                                       nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ReLU(),
                                       nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh()).to(DEVICE)

    def made(self):
        return self.generator(torch.randn(64, 64, device=DEVICE))


def critic(penalty):
    gan = Gan()
    real = torch.rand(64, 1, 28, 28, device=DEVICE) * 2 - 1

    def loss():
        made = gan.made().detach()
        value = gan.critic(made).mean() - gan.critic(real).mean()
        if not penalty:
            return value
        e = torch.rand(64, 1, 1, 1, device=DEVICE)
        between = (e * real + (1 - e) * made).requires_grad_()
        g, = torch.autograd.grad(gan.critic(between).sum(), between, create_graph=True)
        norm = (g.flatten(1).square().sum(1) + 1e-12).sqrt()
        return value + 10 * (norm - 1).square().mean()

    training_step("WGAN-GP critic step" if penalty else "critic step", gan.critic.parameters(), loss)


def generator():
    gan = Gan()
    gan.critic.requires_grad_(False)
    training_step("generator step", gan.generator.parameters(), lambda: -gan.critic(gan.made()).mean())


def divergence(p, logits):
    return (p * (torch.log(p + 1e-12) - torch.log_softmax(logits, 1))).sum() / p.size(0)


def unit_rows(d):
    return d / (d.norm(2, 1, True) + 1e-12)


def vat(exact):
    model = mlp_model(784, 512, 512, 10)
    x, y = torch.rand(BATCH, 784, device=DEVICE), torch.randint(10, (BATCH,), device=DEVICE)

    def direction(p):
        d = unit_rows(torch.randn_like(x))
        if exact:
            r = torch.zeros_like(x).requires_grad_()
            g, = torch.autograd.grad(divergence(p, model(x + r)), r, create_graph=True)
            return unit_rows(torch.autograd.grad((g * d).sum(), r)[0])
        r = (0.1 * d).requires_grad_()
        return unit_rows(torch.autograd.grad(divergence(p, model(x + r)), r)[0])

    def loss():
        logits = model(x)
        p = torch.softmax(logits, 1).detach()
        return F.cross_entropy(logits, y) + divergence(p, model(x + 2 * direction(p)))

    training_step("VAT step, exact" if exact else "VAT step, finite differences", model.parameters(), loss)


def arcface(classes, row):
    weight = torch.randn(classes, 512, device=DEVICE, requires_grad=True)
    x = torch.randn(BATCH, 512, device=DEVICE, requires_grad=True)
    y = torch.randint(classes, (BATCH,), device=DEVICE)
    target = y.unsqueeze(1)
    optimizer = torch.optim.SGD([weight], lr=0.1, fused=True)

    def step():
        optimizer.zero_grad()
        x.grad = None
        cosine = F.linear(F.normalize(x), F.normalize(weight))
        own = cosine.gather(1, target).clamp(-1 + 1e-7, 1 - 1e-7)
        F.cross_entropy(cosine.scatter(1, target, torch.cos(torch.acos(own) + 0.5)) * 64, y).backward()
        optimizer.step()

    measure(row, step)


def laplacian(samples, row):
    """All directions at once, by torch.func."""
    model = mlp_model(784, 128, 128, 10, activation=nn.Tanh).requires_grad_(False)
    x, y = torch.rand(samples, 784, device=DEVICE), torch.randint(10, (samples,), device=DEVICE)
    directions = torch.eye(784, device=DEVICE)
    gradient = torch.func.grad(lambda at: F.cross_entropy(model(at), y, reduction="sum"))

    def along(d):
        return (torch.func.jvp(gradient, (x,), (d.expand_as(x),))[1] * d).sum(1)

    measure(row, lambda: torch.func.vmap(along)(directions).sum(0))


def in_cache():
    x = torch.randn(256, 512, device=DEVICE)
    with torch.no_grad():
        for name, call in (("add", lambda: x + x), ("exp", lambda: torch.exp(x)), ("tanh", lambda: torch.tanh(x)),
                           ("sigmoid", lambda: torch.sigmoid(x)), ("gelu", lambda: F.gelu(x)),
                           ("gelu_tanh", lambda: F.gelu(x, approximate="tanh")),
                           ("softmax", lambda: torch.softmax(x, 1))):
            measure(f"{name}, in cache", call)


def start():
    x = torch.ones(4, 4, requires_grad=True)
    (x * x).sum().backward()
    with open("/proc/self/statm") as statm:
        tell("idle RSS", int(statm.read().split()[1]) * resource.getpagesize() / 2**20)


def adamw(tensors):
    parameters = [torch.randn(50_000_000 // tensors, device=DEVICE, requires_grad=True) for _ in range(tensors)]
    for p in parameters:
        p.grad = torch.randn_like(p)
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
    measure(f"AdamW 50M, {tensors} tensor" + ("s" if tensors > 1 else ""), optimizer.step)


ROWS, COLUMNS = 65536 if CUDA else 16384, 1024
CALLS = 10 if CUDA else 1


class Families:
    """bench/families.cpp and bench/families_layers.cpp"""

    def __init__(self):
        self.matrix_bytes = 4 * ROWS * COLUMNS

    def matrix(self):
        return torch.randn(ROWS, COLUMNS, device=DEVICE)

    def row(self, name, arrays, call):
        measure(name, call, calls=CALLS, bytes=arrays * self.matrix_bytes)

    def with_grad(self, name, work, work_of_gradient, inputs, call):
        """`call` of inputs, and the derivative of it with respect to them all; work: bytes or flops."""
        with torch.no_grad():
            measure(name, lambda: call(*inputs), calls=CALLS, **work)
        inputs = [x.detach().requires_grad_() for x in inputs]
        y = call(*inputs)
        g = torch.randn_like(y)
        measure(name + ", backward", lambda: torch.autograd.grad(y, inputs, g, retain_graph=True), calls=CALLS,
                **work_of_gradient)

    def row_with_grad(self, name, arrays, arrays_of_gradient, x, call):
        self.with_grad(name, {"bytes": arrays * self.matrix_bytes}, {"bytes": arrays_of_gradient * self.matrix_bytes},
                       [x], call)

    def moved(self, name, floats, floats_of_gradient, inputs, call):
        self.with_grad(name, {"bytes": 4 * floats}, {"bytes": 4 * floats_of_gradient}, inputs, call)

    def multiplied(self, name, flops, inputs, call):
        self.with_grad(name, {"flops": flops}, {"flops": 2 * flops}, inputs, call)

    def product(self, name, flops, call):
        measure(name, call, calls=CALLS, flops=flops)

    def run(self):
        for part in (self.elementwise, self.layouts, self.reductions, self.rows, self.norms, self.indices,
                     self.windows, self.random, self.products, self.order, self.elements, self.images,
                     self.norms_of_parts, self.products_of_parts, self.attention, self.recurrent,
                     self.linear_algebra):
            part()
            if CUDA:
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
        measure("randperm", lambda: torch.randperm(10_000_000, device=DEVICE), calls=CALLS, bytes=8e7)

    def products(self):
        n = 4096 if CUDA else 1024
        a, b = torch.randn(n, n, device=DEVICE), torch.randn(n, n, device=DEVICE)
        self.product("matmul", 2 * n**3, lambda: a @ b)
        self.product("matmul, transposed", 2 * n**3, lambda: a.t() @ b.t())
        p, q = torch.randn(64, 128, 128, device=DEVICE), torch.randn(64, 128, 128, device=DEVICE)
        self.product("matmul, batch of small", 64 * 2 * 128**3, lambda: p @ q)
        x, w = torch.randn(64 if CUDA else 2, 64, 56, 56, device=DEVICE), torch.randn(64, 64, 3, 3, device=DEVICE)
        g = torch.randn_like(x)
        flops = 2 * x.numel() * 64 * 9
        self.product("conv2d", flops, lambda: F.conv2d(x, w, padding=1))
        for name, mask in (("input", (True, False, False)), ("weight", (False, True, False))):
            self.product(f"conv2d, {name}", flops, lambda: torch.ops.aten.convolution_backward(
                g, x, w, None, (1, 1), (1, 1), (1, 1), False, (0, 0), 1, mask))

    def part(self, parts):
        return torch.randn(ROWS // parts, COLUMNS, device=DEVICE)

    def images_of(self, channels, side, parts):
        return torch.randn(ROWS * COLUMNS // (parts * channels * side * side), channels, side, side, device=DEVICE)

    def order(self):
        few, some, x = self.part(32), self.part(8), self.part(4)
        measure("sort", lambda: few.sort(-1), calls=CALLS, bytes=16 * few.numel())
        measure("topk", lambda: some.topk(10), calls=CALLS, bytes=4 * some.numel())
        self.moved("cumsum", 2 * x.numel(), 2 * x.numel(), [x], lambda t: t.cumsum(1))

    def elements(self):
        x = self.part(4)
        mask = self.part(4) > x
        measure("masked_fill", lambda: x.masked_fill(mask, 0), calls=CALLS, bytes=9 * x.numel())
        measure("flip", lambda: x.flip(1), calls=CALLS, bytes=8 * x.numel())
        measure("tile", lambda: x.tile(1, 2), calls=CALLS, bytes=12 * x.numel())
        count = x.numel() // 128
        index = torch.randint(count, (count,), device=DEVICE)
        self.moved("embedding", 2 * x.numel(), 2 * x.numel(), [torch.randn(count, 128, device=DEVICE)],
                   lambda t: F.embedding(index, t))

    def images(self):
        few, x = self.images_of(16, 64, 16), self.images_of(16, 64, 4)
        n = few.numel()
        self.moved("unfold", 10 * n, 10 * n, [few], lambda t: F.unfold(t, 3, padding=1))
        places = torch.randn(few.size(0), 64, 64, 2, device=DEVICE) * 0.5
        self.moved("grid_sample", 2 * n + places.numel(), 3 * n + 2 * places.numel(), [few, places],
                   lambda t, grid: F.grid_sample(t, grid, align_corners=False))
        self.moved("interpolate_bilinear", 5 * n, 5 * n, [few],
                   lambda t: F.interpolate(t, (128, 128), mode="bilinear", align_corners=False))
        padded, pooled = x.numel() + x.numel() // 64**2 * 66**2, x.numel() + x.numel() // 64**2 * 7**2
        self.moved("reflect pad", padded, padded, [x], lambda t: F.pad(t, (1, 1, 1, 1), mode="reflect"))
        self.moved("adaptive_avg_pool2d", pooled, pooled, [x], lambda t: F.adaptive_avg_pool2d(t, 7))

    def norms_of_parts(self):
        x, w, images = self.part(4), torch.randn(COLUMNS, device=DEVICE), self.images_of(64, 32, 4)
        wc, bc = torch.randn(64, device=DEVICE), torch.randn(64, device=DEVICE)
        there, back = 2 * x.numel(), 3 * x.numel()
        self.moved("rms_norm", there, back, [x], lambda t: F.rms_norm(t, (COLUMNS,), w))
        self.moved("group_norm", there, back, [images], lambda t: F.group_norm(t, 8, wc, bc))
        self.moved("instance_norm", there, back, [images], lambda t: F.instance_norm(t, weight=wc, bias=bc))

    def products_of_parts(self):
        shape = (64 if CUDA else 4, 512, 8, 64)
        q, k = torch.randn(shape, device=DEVICE), torch.randn(shape, device=DEVICE)
        self.product("einsum", 2 * q.numel() * 512, lambda: torch.einsum("bqhd,bkhd->bhqk", q, k))
        points = 8192 if CUDA else 2048
        a, b = torch.randn(points, 64, device=DEVICE), torch.randn(points, 64, device=DEVICE)
        self.multiplied("cdist", 2 * points**2 * 64, [a, b], torch.cdist)
        x, w = torch.randn(256 if CUDA else 16, 64, 1024, device=DEVICE), torch.randn(64, 64, 3, device=DEVICE)
        self.multiplied("conv1d", 2 * x.numel() * 64 * 3, [x, w], lambda x, w: F.conv1d(x, w, padding=1))

    def attention(self):
        shape = (32 if CUDA else 2, 8, 512, 64)
        q, k, v = (torch.randn(shape, device=DEVICE) for _ in range(3))
        self.multiplied("attention", 4 * q.numel() * 512, [q, k, v], F.scaled_dot_product_attention)

    def recurrent(self):
        for name, kind, gates in (("GRU layer", nn.GRU, 3), ("LSTM layer", nn.LSTM, 4)):
            layer = kind(128, 256, batch_first=True).to(DEVICE)
            x = torch.randn(256 if CUDA else 32, 32, 128, device=DEVICE, requires_grad=True)
            flops = 2 * x.size(0) * 32 * gates * 256 * (128 + 256)
            with torch.no_grad():
                self.product(name, flops, lambda: layer(x))
            y, inputs = layer(x)[0], [*layer.parameters(), x]
            g = torch.randn_like(y)
            self.product(name + ", backward", 2 * flops,
                         lambda: torch.autograd.grad(y, inputs, g, retain_graph=True))

    def linear_algebra(self):
        if CUDA:  # gradgrad copies to the CPU
            return
        n, columns = 512, 64
        a, b = torch.randn(n, n), torch.randn(n, columns)
        positive = a @ a.t() / n + torch.eye(n)
        self.product("solve", 2 * n**3 / 3 + 2 * n**2 * columns, lambda: torch.linalg.solve(a, b))
        self.product("cholesky", n**3 / 3, lambda: torch.linalg.cholesky(positive))


TASKS = {
    "ops": ops,
    "mlp": mlp,
    "mlp-gradients": lambda: mlp(gradients_only=True),
    "mlp-tiny": mlp_tiny,
    "conv": conv,
    "vae": vae,
    "critic": lambda: critic(penalty=False),
    "critic-gp": lambda: critic(penalty=True),
    "generator": generator,
    "vat-fd": lambda: vat(exact=False),
    "vat-exact": lambda: vat(exact=True),
    "arcface-10k": lambda: arcface(10_000, "ArcFace step, 10k classes"),
    "arcface-100k": lambda: arcface(100_000, "ArcFace step, 100k classes"),
    "adamw1": lambda: adamw(1),
    "adamw50": lambda: adamw(50),
    "laplacian-1": lambda: laplacian(1, "exact Laplacian, 1 sample"),
    "laplacian-32": lambda: laplacian(32, "exact Laplacian, 32 samples"),
    "in-cache": in_cache,
    "families": lambda: Families().run(),
    "start": start,
}

if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(THREADS)
    # gradgrad multiplies in full precision too.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    TASKS[TASK]()
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(f"#peak\t{peak / 1024}")
    print(f"#PyTorch\t{torch.__version__}" + (f", cuDNN {torch.backends.cudnn.version()}" if CUDA else ""))
