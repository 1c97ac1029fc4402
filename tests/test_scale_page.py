"""The Spark job of docs/scale.md, with a Spark that runs everything here."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOP = Path(__file__).parent.parent
MODEL = TOP / "tests" / "golden" / "models" / "format_2"


class Spark:
    """A session, its context and its data in one."""

    defaultParallelism = 2
    builder: "Spark"

    def __init__(self, rows: Iterable[Any] = ()) -> None:
        self.rows = list(rows)

    def appName(self, name: str) -> "Spark":
        return self

    def getOrCreate(self) -> "Spark":
        return self

    @property
    def sparkContext(self) -> "Spark":
        return self

    def parallelize(self, rows: Iterable[Any], count: int) -> "Spark":
        assert count == 1
        return Spark(rows)

    def mapPartitions(self, do: Callable[[Iterator[Any]], Iterable[Any]]) -> "Spark":
        return Spark(do(iter(self.rows)))

    def collect(self) -> list[Any]:
        return self.rows

    def stop(self) -> None:
        pass


def test_the_spark_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Spark.builder = Spark()
    module = ModuleType("pyspark.sql")
    module.SparkSession = Spark  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyspark", ModuleType("pyspark"))
    monkeypatch.setitem(sys.modules, "pyspark.sql", module)
    (code,) = re.findall(r"```python\n(.*?)```", (TOP / "docs" / "scale.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "job"}
    exec(code, names)
    (tmp_path / "a.txt").write_text("Marta left Lisbon .\n")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9")
    assert names["main"](str(MODEL), str(tmp_path / "out"), str(tmp_path / "a.txt")) == ""
    assert (tmp_path / "out" / "part-00000.jsonl").read_text().startswith('{"text": "Marta left Lisbon ."')
    assert names["main"](str(MODEL), str(tmp_path / "out"), str(tmp_path / "a.txt")) == "", (
        "nothing is left to do"
    )
    assert "b.txt:1: byte 0xE9" in names["main"](str(MODEL), str(tmp_path / "bad"), str(tmp_path / "b.txt"))
