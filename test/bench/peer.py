"""Singular values of the bf16 matrix at the start of a file with PyTorch, on its GPU if it has one: python3 peer.py FILE ROWS COLUMNS [--time-only].

Prints the time of its best exact driver in fp32 and, unless only the time is wanted, its error, and leaves the values in
float64 in FILE.values.
"""
import json
import sys
import time

import torch

path, rows, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cuda.matmul.allow_tf32 = False
matrix = torch.from_file(path, shared=False, size=rows * columns, dtype=torch.bfloat16).view(rows, columns).to(device)
single = matrix.float()
options = [{"driver": "gesvd"}, {"driver": "gesvdj"}] if device == "cuda" else [{}]
best, values = float("inf"), None
for option in options:
    for _ in range(3):
        if device == "cuda":
            torch.cuda.synchronize()
        begun = time.perf_counter()
        found = torch.linalg.svdvals(single, **option).cpu()
        seconds = time.perf_counter() - begun
        if seconds < best:
            best, values = seconds, found
if "--time-only" in sys.argv:
    print(json.dumps({"device": device, "milliseconds": 1e3 * best}))
    sys.exit()
exact = torch.linalg.svdvals(matrix.double(), **options[0]).cpu()
exact.numpy().tofile(path + ".values")
error = ((values.double() - exact).abs().max() / exact[0]).item()
print(json.dumps({"device": device, "milliseconds": 1e3 * best, "error": error}))
