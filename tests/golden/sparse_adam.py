"""Writes sparse_adam.json: an nn.Embedding with padding_idx trained by torch.optim.SparseAdam, two passes a step.

Made with PyTorch 1.13.0 (Debian's python3-torch). Usage: python3 sparse_adam.py > sparse_adam.json
"""
import json

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
ROWS, DIM, PADDING = 7, 3, 2


def rounded(*shape):
    return torch.randn(*shape).mul(50).round().div(100)


layer = torch.nn.Embedding(ROWS, DIM, padding_idx=PADDING, sparse=True)
with torch.no_grad():
    layer.weight.copy_(rounded(ROWS, DIM))  # the padding row as well: it must stay as it is
optimizer = torch.optim.SparseAdam(layer.parameters(), lr=0.1, betas=(0.8, 0.95), eps=1e-4)
start = layer.weight.flatten().tolist()
steps = []
for t in range(8):
    passes = []
    for _ in range(1 + t % 2):
        index, weight = torch.randint(0, ROWS, (2, 2)), rounded(2, 2, DIM)
        (layer(index) ** 2 * weight).sum().backward()
        passes.append({"index": index.flatten().tolist(), "weight": weight.flatten().tolist()})
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    steps.append({"passes": passes, "after": [round(v, 13) for v in layer.weight.flatten().tolist()]})
print(json.dumps({"rows": ROWS, "dim": DIM, "padding": PADDING, "start": start, "steps": steps}))
