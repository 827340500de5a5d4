"""What the scripts that compare layers share: a layer with random numbers of two decimals, its values and gradients."""
import torch

torch.set_default_dtype(torch.float64)


def numbers(t):
    return {"shape": list(t.shape), "values": [round(v, 12) for v in t.detach().flatten().tolist()]}


def rounded(*shape):
    return torch.randn(*shape).mul(50).round().div(100)


def case(name, layer, inputs, call, training=False):
    layer.train(training)  # in evaluation there is no dropout, and batch norm has its running statistics
    for p in layer.parameters():
        p.data, p.grad = rounded(*p.shape), None
    for key, b in layer.named_buffers():
        if key.endswith("running_mean"):
            b.data = rounded(*b.shape)
        if key.endswith("running_var"):
            b.data = rounded(*b.shape).abs() + 0.5
    state = {k: numbers(v) for k, v in layer.state_dict().items()}  # before a pass changes it
    for x in inputs:
        x.requires_grad_()
    outputs = call(*inputs)
    weights = [rounded(*y.shape) for y in outputs]
    sum((y * w).sum() for y, w in zip(outputs, weights)).backward()
    return {
        "name": name,
        **({"training": True} if training else {}),
        "state": state,
        "inputs": [numbers(x) for x in inputs],
        "outputs": [numbers(y) for y in outputs],
        "weights": [numbers(w) for w in weights],
        "input_grads": [numbers(x.grad) for x in inputs],
        "grads": {k: numbers(p.grad) for k, p in layer.named_parameters()},
    }
