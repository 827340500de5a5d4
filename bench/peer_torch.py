"""The training steps of bench/training_steps.cpp with PyTorch on a GPU, for `./run gpu-check`, written as its users
would. Prints the median milliseconds of each, as gg_bench --device cuda does."""
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH = 128
DEVICE = torch.device("cuda")


def measure(row, step, seconds=0.5):
    times = []
    for i in range(5000):
        torch.cuda.synchronize()
        start = time.perf_counter()
        step()
        torch.cuda.synchronize()
        if i >= 3:
            times.append(time.perf_counter() - start)
        if len(times) >= 5 and sum(times) > seconds:
            break
    print(f"{row:<36}{'ms':>5}{1e3 * statistics.median(times):10.3f}", flush=True)


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


if __name__ == "__main__":
    torch.manual_seed(1)
    # gradgrad multiplies in full precision too.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    print(f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}")
    mlp()
    vae()
    conv()
    adamw(1)
    adamw(50)
