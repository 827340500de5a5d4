"""Writes scheduled_optimizers.json: what PyTorch's AdamW, Adam, SGD and RMSprop do in 100 steps in which learning rate and
weight decay both change. Made with PyTorch 2.15.0 (PyPI). Usage: python3 scheduled_optimizers.py > scheduled_optimizers.json

Each case was run in float64 and in float32, from the same start with the same gradients of two decimals.
"""
import json
import math
import random

import torch

STEPS = 100
SIZE = 6
CASES = [
    {"name": "adamw", "rule": "adamw", "options": {}},
    {"name": "adamw_betas", "rule": "adamw", "options": {"betas": [0.8, 0.95], "eps": 1e-6}},
    {"name": "sgd_momentum", "rule": "sgd", "options": {"momentum": 0.9}},
    {"name": "rmsprop", "rule": "rmsprop", "options": {}},
    {"name": "rmsprop_centered", "rule": "rmsprop", "options": {"alpha": 0.9, "momentum": 0.5, "centered": True}},
    {"name": "adam", "rule": "adam", "options": {}},
]
RULES = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}


def main():
    rng = random.Random(11404)
    start = [round(rng.gauss(0, 1), 2) for _ in range(SIZE)]
    scales = [1e-4, 1, 30, 1, 1, 1]
    grads = [[round(rng.gauss(0, 1), 2) * s for s in scales] for _ in range(STEPS)]
    # Up and then down along a cosine, and decay that rises in steps.
    rates = [0.02 * min((t + 0.5) / 10, 0.5 + 0.5 * math.cos(math.pi * (t + 0.5) / STEPS)) for t in range(STEPS)]
    decays = [0.05 * (1 + t // 25) for t in range(STEPS)]
    cases = []
    for case in CASES:
        after = {}
        for dtype in (torch.float64, torch.float32):
            p = torch.tensor(start, dtype=dtype, requires_grad=True)
            optimizer = RULES[case["rule"]]([p], lr=1.0, **case["options"])
            snapshots = []
            for t in range(STEPS):
                for group in optimizer.param_groups:
                    group["lr"], group["weight_decay"] = rates[t], decays[t]
                p.grad = torch.tensor(grads[t], dtype=dtype)
                optimizer.step()
                if (t + 1) % 10 == 0:
                    snapshots.append(p.detach().to(torch.float64).tolist())
            after[str(dtype).split(".")[1]] = snapshots
        cases.append({**case, "after": after})
    golden = {"start": start, "grads": grads, "rates": rates, "decays": decays, "every": 10, "cases": cases}
    print(json.dumps(golden, separators=(",", ":")).replace('{"name"', '\n{"name"'))


main()
