"""Read every picture of a folder or bucket with Ray Data, on as many machines as Ray has.

pip install 'digits[ray]'
python examples/bulk_ray.py scans/ answers/
"""

import sys

import ray

from digits.inference import BulkReader

scans, answers = sys.argv[1:]

ray.init(include_dashboard=False, log_to_driver=False)
readers = max(1, int(ray.cluster_resources()["CPU"]) - 1)  # one core is left to load the files

pictures = ray.data.read_binary_files(scans, include_paths=True)
read = pictures.map_batches(BulkReader, concurrency=readers, batch_size=16).materialize()
read.write_parquet(answers)

for row in read.iter_rows():
    print(row["path"], repr(str(row["text"])), row["error"])
