"""Writes optimizers.json: what SGD, Adam and AdamW do to two parameters in 20 steps with changing rates.

The numbers come from an independent float64 implementation (NumPy) of the updates that PyTorch's documentation gives
for torch.optim.SGD, Adam and AdamW, not from PyTorch itself. Usage: python3 optimizers.py > optimizers.json
"""
import json

import numpy as np

STEPS = 20
SHAPES = {"a": [3], "b": [2, 2]}
CASES = [
    {"name": "sgd", "rule": "sgd"},
    {"name": "sgd_decay", "rule": "sgd", "weight_decay": 0.1},
    {"name": "sgd_momentum", "rule": "sgd", "momentum": 0.9, "weight_decay": 0.05},
    {"name": "sgd_nesterov", "rule": "sgd", "momentum": 0.8, "weight_decay": 0.05, "nesterov": True},
    {"name": "adam", "rule": "adam"},
    {"name": "adam_decay", "rule": "adam", "weight_decay": 0.1, "betas": [0.8, 0.95], "eps": 1e-3},
    {"name": "adamw", "rule": "adamw", "weight_decay": 0.01},
    {"name": "adamw_decay", "rule": "adamw", "weight_decay": 0.3, "betas": [0.5, 0.9], "eps": 1e-6},
]


def sgd(p, g, state, t, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
    g = g + weight_decay * p
    if momentum:
        b = g.copy() if t == 1 else momentum * state["b"] + g
        state["b"] = b
        g = g + momentum * b if nesterov else b
    return p - lr * g


def adam(p, g, state, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    if decoupled:
        p = p - lr * weight_decay * p
    else:
        g = g + weight_decay * p
    m = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * g
    v = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * g**2
    state["m"], state["v"] = m, v
    m_hat = m / (1 - betas[0] ** t)
    v_hat = v / (1 - betas[1] ** t)
    return p - lr * m_hat / (np.sqrt(v_hat) + eps)


def adamw(p, g, state, t, lr, **options):
    return adam(p, g, state, t, lr, decoupled=True, **options)


def main():
    rng = np.random.default_rng(20240607)
    start = {k: rng.normal(size=s) for k, s in SHAPES.items()}
    grads = [{k: rng.normal(size=s) * rng.choice([1e-4, 1, 30]) for k, s in SHAPES.items()} for _ in range(STEPS)]
    rates = [0.02 * (1 + np.cos(0.3 * t)) for t in range(STEPS)]
    cases = []
    for case in CASES:
        options = {k: v for k, v in case.items() if k not in ("name", "rule")}
        params, state, after = dict(start), {k: {} for k in SHAPES}, []
        for t in range(STEPS):
            for k in SHAPES:
                rule = {"sgd": sgd, "adam": adam, "adamw": adamw}[case["rule"]]
                params[k] = rule(params[k], grads[t][k], state[k], t + 1, rates[t], **options)
            after.append({k: params[k].ravel().tolist() for k in SHAPES})
        cases.append({**case, "after": after})
    flat = lambda tensors: {k: v.ravel().tolist() for k, v in tensors.items()}
    golden = {"shapes": SHAPES, "start": flat(start), "grads": [flat(g) for g in grads], "rates": rates, "cases": cases}
    print(json.dumps(golden, separators=(",", ":")).replace('{"name"', '\n{"name"'))


main()
