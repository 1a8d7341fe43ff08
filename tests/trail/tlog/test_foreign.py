"""Go's checksum database client, written by others, reads what we write: signature, tiles, and both kinds of proofs."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.merkle import consistency_proof, frontier_of, inclusion_proof
from dcase_audit.trail.tlog.notes import COSIGNATURE, SigningKey, encode_base64
from dcase_audit.trail.tlog.tiles import TileReader, publish

SIZE = 70_000
INCLUSIONS, CONSISTENCIES = 300, 100
LOG = SigningKey.generate("log.example/foreign")
WITNESS = SigningKey.generate("witness.example", COSIGNATURE)
# Debian's packages of Go sources, which need no network once they are installed.
SOURCES = Path("/usr/share/gocode")
PACKAGES = ("golang-go", "golang-golang-x-mod-dev")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the foreign reader, after installing what it takes where that is possible."""
    if not go_is_there() and os.geteuid() == 0 and os.environ.get("DCASE_APT") != "0" and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
        install = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *PACKAGES]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(install, check=False, capture_output=True, env=environ)
    if not go_is_there():
        pytest.skip(f"needs {' and '.join(PACKAGES)}")
    built = tmp_path_factory.mktemp("go")
    # Before modules, Go took its sources from a path.
    environ = {**os.environ, "GO111MODULE": "off", "GOPATH": str(SOURCES), "GOCACHE": str(built / "cache")}
    source = Path(__file__).parent / "foreign" / "main.go"
    subprocess.run(["go", "build", "-o", built / "foreign", source], check=True, env=environ)
    return built / "foreign"


def go_is_there() -> bool:
    return shutil.which("go") is not None and (SOURCES / "src/golang.org/x/mod/sumdb").is_dir()


@pytest.mark.long
def test_a_foreign_reader_checks_signature_tiles_and_proofs_of_70000_entries(reader: Path, tmp_path: Path) -> None:
    store = LocalTiles(tmp_path / "log")
    root = publish(store, 0, (b'{"seq":%d}' % number for number in range(SIZE))).root()
    checkpoint = Checkpoint(LOG.name, SIZE, root)
    note = checkpoint.signed(LOG).with_signatures(WITNESS.cosign(checkpoint.text(), 1_800_000_000))
    store.replace("checkpoint", note.format())
    (tmp_path / "proofs.json").write_text(json.dumps(proofs(TileReader(store, SIZE))))

    read = subprocess.run(
        [reader, tmp_path / "log", LOG.vkey(), tmp_path / "proofs.json"], check=False, capture_output=True, text=True
    )

    counted = f"1 other signatures, {INCLUSIONS} inclusion proofs, {CONSISTENCIES} consistency proofs"
    assert (read.stdout, read.stderr) == (f"size {SIZE}, signed by {LOG.name}, {counted}\n", "")


@pytest.mark.long
def test_the_foreign_reader_refuses_an_altered_tile(reader: Path, tmp_path: Path) -> None:
    store = LocalTiles(tmp_path / "log")
    root = publish(store, 0, (b"%d" % number for number in range(1000))).root()
    store.replace("checkpoint", Checkpoint(LOG.name, 1000, root).signed(LOG).format())
    proof = inclusion_proof(5, 1000, TileReader(store, 1000).hash_at)
    given = {"Inclusion": [{"Index": 5, "Proof": [encode_base64(found) for found in proof]}]}
    (tmp_path / "proofs.json").write_text(json.dumps(given))
    tile = tmp_path / "log" / "tile/0/000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])

    read = subprocess.run([reader, tmp_path / "log", LOG.vkey(), tmp_path / "proofs.json"], check=False)

    assert read.returncode == 1


def proofs(tiles: TileReader) -> dict[str, list[dict[str, object]]]:
    """Return proofs of leaves and sizes at the edges and in between, as the program expects them."""
    draw = random.Random(70_000)
    edges = [0, 1, 255, 256, 65_535, 65_536, SIZE - 1]
    indices = edges + draw.sample(range(SIZE), INCLUSIONS - len(edges))
    olds = [1, *edges[2:], *draw.sample(range(1, SIZE), CONSISTENCIES - len(edges) + 1)]
    return {
        "Inclusion": [
            {"Index": index, "Proof": [encode_base64(found) for found in inclusion_proof(index, SIZE, tiles.hash_at)]}
            for index in indices
        ],
        "Consistency": [
            {
                "Old": old,
                "Root": encode_base64(frontier_of(old, tiles.hash_at).root()),
                "Proof": [encode_base64(found) for found in consistency_proof(old, SIZE, tiles.hash_at)],
            }
            for old in olds
        ],
    }
