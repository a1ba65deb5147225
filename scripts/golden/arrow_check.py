"""Open an Arrow file with pyarrow, as a stranger would, and check what it promises.

    python arrow_check.py FILE [name:type,name:type,...]

Every column is read to the end and validated; the named ones must be there with the type that pyarrow prints. A file with
columns data and sha256 is taken for weights: each tensor's bytes must have its sha256, and its shape their number.
It checks the format and not what the numbers mean.
"""

import hashlib
import sys

import pyarrow as pa
import pyarrow.ipc


def columns(text):
    """Split "a:int64,b:timestamp[us, tz=UTC]" at the commas outside brackets."""
    part, depth, parts = "", 0, []
    for ch in text:
        depth += ch in "[<"
        depth -= ch in "]>"
        if ch == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += ch
    return [p.split(":", 1) for p in parts + [part] if p]


def main():
    path = sys.argv[1]
    with pa.memory_map(path) as source:
        table = pa.ipc.open_file(source).read_all()
        table.validate(full=True)
        for name, want in columns(sys.argv[2] if len(sys.argv) > 2 else ""):
            if name not in table.column_names:
                sys.exit(f"{path}: no column {name}; it has {table.column_names}")
            got = str(table.schema.field(name).type)
            if got != want:
                sys.exit(f"{path}: column {name} is {got}, not {want}")
        rows = table.to_pylist()
        if {"data", "sha256"} <= set(table.column_names):
            for i, row in enumerate(rows):
                raw = pa.concat_arrays([table.column("data").combine_chunks().slice(i, 1).flatten()]).to_numpy().tobytes()
                count = 1
                for d in row["shape"]:
                    count *= d
                if hashlib.sha256(raw).digest() != row["sha256"] or 4 * count != len(raw):
                    sys.exit(f"{path}: tensor {row['name']} differs from its sha256 or shape")
        print(f"{path}: {len(rows)} rows, {len(table.column_names)} columns, metadata {table.schema.metadata}")


if __name__ == "__main__":
    main()
