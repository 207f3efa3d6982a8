"""The network's own operators: one public file per op, plain PyTorch references beneath them."""
