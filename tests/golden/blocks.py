"""Writes blocks.json: what residual blocks made of PyTorch's layers give, with all gradients.

As sequence_layers.py. torchvision's BasicBlock is written out here. Made with PyTorch 2.15.0.
Usage: python3 blocks.py > blocks.json
"""
import json

import torch
from torch import nn

from layer_cases import case, rounded

torch.manual_seed(0)


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


same, half = BasicBlock(2, 2), BasicBlock(2, 3, stride=2)
cases = [
    case("BasicBlock", same, [rounded(2, 2, 4, 3)], lambda x: [same(x)]),
    case("BasicBlock_half", half, [rounded(2, 2, 4, 4)], lambda x: [half(x)]),
    case("BasicBlock_training", half, [rounded(2, 2, 5, 4)], lambda x: [half(x)], training=True),
]
print(json.dumps({"cases": cases}))
