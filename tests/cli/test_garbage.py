"""Files that are not what a command wants: what was found, what was expected, and no library's words."""

import itertools
import json
import re
from pathlib import Path

import pytest

from core.comparisons.receipts import Signer, new_key
from tests.support.command import likeness

LIBRARIES_WORDS = re.compile(
    r"codec|Expecting|delimiter|segments|padding|Errno|JWK|Token|Traceback|Value error|Input should|ReadError|opcode"
)
SIGNER = Signer.of(new_key())
RECEIPT = SIGNER.sign({"sub": "cmp_1", "iat": 1})
HEAD, CLAIMS, SIGNATURE = RECEIPT.split(".")
KEYS = json.dumps(SIGNER.jwks)
GARBAGE = {"nothing": b"", "noise": b"\xff\x00\xfe" * 99, "a list": b"[1]", "half an object": b'{"a":', "a word": b"x"}


def refusal(*arguments: str, **environment: str) -> str:
    done = likeness(*arguments, **environment)
    assert done.returncode in (1, 2), done
    assert done.stdout == ""
    said = done.stderr.splitlines()[-1]
    assert not LIBRARIES_WORDS.search(said), said
    return said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys").write_text(KEYS)
    (tmp_path / "receipt").write_text(RECEIPT)
    return tmp_path


@pytest.mark.parametrize(
    ("receipt", "says"),
    [
        *(
            (body, "is not a receipt, as `likeness receipt get` prints")
            for body in (b"", b"[1]", b'{"a":', b"x", b"a.b.c")
        ),
        (b"\xff\x00", "is not UTF-8 text"),
        (f"{HEAD}.{CLAIMS}".encode(), "it was cut off: found 2 of them"),
        (RECEIPT[:-20].encode(), "it was cut off, or changed"),
        (f"{HEAD}.{CLAIMS[:-4]}AAAA.{SIGNATURE}".encode(), "it is not as it was signed; it was cut off, or changed"),
        (SIGNER.sign({"iat": 1}).encode(), "it was signed, but not of a job (sub)"),
        (SIGNER.sign({"sub": "x", "iat": 4_000_000_000}).encode(), "it was made later than now"),
    ],
    ids=itertools.count(),  # the keys are other ones in each process
)
def test_what_is_no_receipt_is_told_in_words(folder: Path, receipt: bytes, says: str) -> None:
    (folder / "receipt").write_bytes(receipt)
    assert says in refusal("receipt", "verify", str(folder / "receipt"), "--jwks", str(folder / "keys"))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (b"", "has no keys, as `likeness receipt jwks` prints: it is empty"),
        (b'{"keys":', "has no keys, as `likeness receipt jwks` prints: it breaks off in line 1, column 9"),
        (b"\xff", "is not UTF-8 text"),
        *(
            (body, "these are no public keys")
            for body in (b"[1]", b"{}", b'{"keys":5}', b'{"keys":[]}', b'{"keys":[{}]}')
        ),
        (b'{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}', "is an Ed25519 or P-256 key"),
        (json.dumps(Signer.of(new_key()).jwks).encode(), "none of the keys is the one that signed it"),
    ],
    ids=itertools.count(),
)
def test_what_holds_no_key_of_the_receipt_is_told_in_words(folder: Path, keys: bytes, says: str) -> None:
    (folder / "keys").write_bytes(keys)
    assert says in refusal("receipt", "verify", str(folder / "receipt"), "--jwks", str(folder / "keys"))


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_a_file_that_is_none_of_what_a_command_reads_is_named(tmp_path: Path, body: bytes) -> None:
    servers = {
        **{"LIKENESS_REDIS_URL": "redis://127.0.0.1:9", "LIKENESS_S3_ENDPOINT": "http://127.0.0.1:9"},
        **{"LIKENESS_S3_ACCESS_KEY": "a", "LIKENESS_S3_SECRET_KEY": "b", "LIKENESS_HOME": str(tmp_path / "home")},
    }
    run = tmp_path / "run"
    run.mkdir()
    for name in ("given.csv", "given.jsonl", "given.tgz", "run/report.json", "run/scores.csv"):
        (tmp_path / name).write_bytes(body)
    (tmp_path / "pairs.csv").write_text("reference,probe,mated\na.jpg,b.jpg,1\n")
    given = str(tmp_path / "given")
    assert "is no list of pairs" in refusal("batch", f"{given}.csv", **servers)
    told = refusal("batch", f"{given}.jsonl", **servers)
    assert "given.jsonl" in told
    assert "given.tgz" in refusal(
        *("evaluate", "import", "csv", "--pairs", str(tmp_path / "pairs.csv"), "--archive", f"{given}.tgz"), **servers
    )
    assert "given.tgz" in refusal("evaluate", "import", "bin", "--file", f"{given}.tgz", **servers)
    assert "given.csv:1" in refusal("evaluate", "pad", f"{given}.csv", **servers)
    assert "line 1" in refusal("evaluate", "recompute", f"{given}.csv", **servers)
    assert "report.json must be" in refusal("evaluate", "compare", str(run), str(run), **servers)
    assert " has no .onnx file" in refusal(
        *("packs", "add", "own", str(run), "--licence", "any", "--threshold", "0.3"), **servers
    )
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "packs.toml").write_bytes(b"packs = 1" if body in (b"", b"[1]") else body)
    assert "packs.toml cannot be " in refusal("packs", "list", **servers)
