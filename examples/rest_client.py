"""Ask a running service to read a picture, with the standard library alone.

digits serve
python examples/rest_client.py note.jpg
"""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

picture = Path(sys.argv[1])
address = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000"

request = urllib.request.Request(
    f"{address}/api/read?model=cnn", picture.read_bytes(), {"Content-Type": "application/octet-stream"}
)
try:
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
except urllib.error.HTTPError as refused:
    sys.exit(json.load(refused)["error"])

print(answer["text"])
for digit in answer["digits"]:
    x, y, width, height = digit["box"]
    print(f"{digit['value']} with {digit['confidence']:.1%} at {x}, {y}, {width} × {height}")
