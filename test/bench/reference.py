"""Whether the safetensors package accepts each of the files on standard input: one line of JSON a file, [header in base64, length, bytes of zeros behind it]."""
import base64
import json
import struct
import sys

try:
    import safetensors
except ModuleNotFoundError:
    sys.exit(f"{sys.executable} has no package safetensors: set PYTHON to a Python that has it")

print(safetensors.__version__)
for line in sys.stdin:
    header, length, zeros = json.loads(line)
    try:
        safetensors.deserialize(struct.pack("<Q", int(length)) + base64.b64decode(header) + bytes(zeros))
        print("accepted")
    except safetensors.SafetensorError as error:
        print(error)
